"""mergekit-evolve 0.1.5 on a machine without a GPU and without vLLM: the unmodified program behind four patches.

    PYTHONPATH=tests/search python -m evolve_cpu config.yml --storage-path DIR --no-merge-cuda --task-search-path …

It imports lm-eval's class for vLLM whether vLLM is used or not; calls ``torch.cpu.empty_cache``, which is not there; evaluates on "cuda"
unless told otherwise, and cannot be told; and asks Ray for a GPU for each worker. Also, stock task folders are not indexed (20 s).
"""

from __future__ import annotations

import functools
import sys
import types


def patch() -> None:
    """In the program and, as Ray's setup hook, in each of its workers."""
    import lm_eval.models
    import lm_eval.tasks
    import torch

    stub = types.ModuleType("lm_eval.models.vllm_causallms")
    stub.VLLM = type("VLLM", (), {})  # type: ignore[attr-defined]
    sys.modules[stub.__name__] = lm_eval.models.vllm_causallms = stub
    setattr(torch.cpu, "empty_cache", lambda: None)  # noqa: B010 - which the types know not to be there
    lm_eval.simple_evaluate = functools.partial(lm_eval.simple_evaluate, device="cpu")
    lm_eval.tasks.TaskManager = functools.partial(lm_eval.tasks.TaskManager, include_defaults=False)


def main() -> None:
    patch()
    import ray

    ray.init(
        num_cpus=1, num_gpus=1, include_dashboard=False, runtime_env={"worker_process_setup_hook": "evolve_cpu.patch"}
    )
    from mergekit.scripts.evolve import main as evolve

    evolve()


if __name__ == "__main__":
    main()
