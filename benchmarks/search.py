"""Seconds of one candidate of a merge search: jeval's Fitness, mergekit-evolve's worker, and the command lines, by turns in one run.

    python benchmarks/search.py --parents /models/base /models/keigo /models/finance [--limit 20] [--turns 3] [--dtype float32]

Every turn takes another merge of the parents, the same for all ways: a mergekit configuration to ``Fitness`` in full; the same to one that
races it against the best so far; what a worker of mergekit-evolve's pool does (merge to disk, lm-eval in process), without Ray's
part and with the dtype given; ``mergekit-yaml`` and ``lm_eval`` as two commands. The last line is one JSON object with the seconds of each and their
medians, the share of items that the race asked, and how far the scores of the ways differ.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

GROUPS = ("jeval_search_keigo", "jeval_search_finreg", "jeval_search_leak")


def recipe(parents: list[Path], turn: int) -> dict[str, Any]:
    """A merge, another one each turn."""
    weights = [0.3 + 0.4 * ((turn * (n + 1) * 0.618) % 1) for n in range(len(parents) - 1)]
    models = [{"model": str(p), "parameters": {"weight": w}} for p, w in zip(parents[1:], weights, strict=True)]
    return {"merge_method": "task_arithmetic", "base_model": str(parents[0]), "dtype": "float32", "models": models}


def weighted(results: dict[str, Any]) -> float:
    """What Fitness reports at default weights, of lm-eval's results."""
    return sum(float(results[group]["score,none"]) for group in GROUPS) / len(GROUPS)


def pool(limit: int | None, dtype: str) -> Callable[[dict[str, Any], Path], float]:
    """What an actor of mergekit-evolve's pool does with a genotype, on a CPU without vLLM (see tests/search/evolve_cpu.py)."""
    import lm_eval
    import lm_eval.models
    import torch
    from lm_eval.tasks import TaskManager

    from jeval.resources import tasks_path

    stub = types.ModuleType("lm_eval.models.vllm_causallms")
    setattr(stub, "VLLM", type("VLLM", (), {}))  # noqa: B010
    sys.modules[stub.__name__] = stub
    setattr(lm_eval.models, "vllm_causallms", stub)  # noqa: B010
    if not torch.cuda.is_available():
        setattr(lm_eval, "simple_evaluate", functools.partial(lm_eval.simple_evaluate, device="cpu"))  # noqa: B010
    from mergekit.config import MergeConfiguration
    from mergekit.evo.config import TaskConfiguration
    from mergekit.evo.helpers import evaluate_model
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False)
    tasks = [TaskConfiguration(name=group, weight=1 / 3, metric="score,none") for group in GROUPS]

    def measure(given: dict[str, Any], scratch: Path) -> float:
        run_merge(MergeConfiguration.model_validate(given), str(scratch / "pool"), MergeOptions(quiet=True))
        found = evaluate_model(
            str(scratch / "pool"), tasks, num_fewshot=0, limit=limit, vllm=False, batch_size=32, task_manager=manager,
            model_kwargs={"dtype": dtype},
        )  # fmt: skip
        return float(found["score"])

    return measure


def commands(limit: int | None, dtype: str) -> Callable[[dict[str, Any], Path], float]:
    """``mergekit-yaml`` and then ``lm_eval``."""
    import yaml

    from jeval.resources import tasks_path

    def measure(given: dict[str, Any], scratch: Path) -> float:
        (scratch / "recipe.yaml").write_text(yaml.safe_dump(given))
        merge = [sys.executable, "-m", "mergekit.scripts.run_yaml", scratch / "recipe.yaml", scratch / "yaml"]
        subprocess.run(merge, check=True, capture_output=True)
        evaluate = [sys.executable, "-m", "lm_eval", "--model", "hf", "--tasks", ",".join(GROUPS), "--device", "cpu",
                    "--model_args", f"pretrained={scratch / 'yaml'},dtype={dtype}", "--include_path", str(tasks_path()),
                    "--batch_size", "32", "--output_path", scratch / "results"]  # fmt: skip
        subprocess.run([*evaluate, *(["--limit", str(limit)] if limit else [])], check=True, capture_output=True)
        return weighted(json.loads(next((scratch / "results").rglob("results*.json")).read_text())["results"])

    return measure


def ways(arguments: argparse.Namespace) -> dict[str, Callable[[dict[str, Any], Path], float]]:
    """The ways to measure a candidate, by name."""
    from jeval import Fitness

    options: dict[str, Any] = {
        "resident": str(arguments.parents[0]), "limit": arguments.limit, "dtype": arguments.dtype, "results": False,
    }  # fmt: skip
    full, raced = Fitness(**options), Fitness(**options, race=0.05)
    for parent in arguments.parents:
        raced.recall(parent)  # what a search starts with
    asked: list[float] = []

    def race(given: dict[str, Any], _: Path) -> float:
        result = raced(given)
        asked.append(1.0 if result.race is None else result.race.asked / result.race.items)
        return float("nan") if result.stopped_early else result.score

    arguments.asked = asked
    found = {"fitness": lambda given, _: full(given).score, "fitness_raced": race}
    found["pool"] = pool(arguments.limit, arguments.dtype)
    return found if arguments.no_commands else {**found, "commands": commands(arguments.limit, arguments.dtype)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parents", nargs="+", type=Path, required=True, help="the first is the base")
    parser.add_argument("--limit", type=int, help="items of each task; default: all")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--no-commands", action="store_true", help="leave the command lines out")
    arguments = parser.parse_args()
    measured = ways(arguments)
    seconds: dict[str, list[float]] = {name: [] for name in measured}
    scores: dict[str, list[float]] = {name: [] for name in measured}
    for turn in range(arguments.turns + 1):  # the first warms up
        given = recipe(arguments.parents, turn)
        for name, measure in measured.items():
            with tempfile.TemporaryDirectory() as scratch:
                began = time.perf_counter()
                score = measure(given, Path(scratch))
                if turn:
                    seconds[name].append(round(time.perf_counter() - began, 2))
                    scores[name].append(score)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    apart = {
        name: max(abs(a - b) for a, b in zip(found, scores["fitness"], strict=True))
        for name, found in scores.items()
        if name not in ("fitness", "fitness_raced")
    }
    report = {
        "seconds": seconds,
        "median": medians,
        "times_fitness": {name: round(one / medians["fitness"], 2) for name, one in medians.items()},
        "race_asked": arguments.asked[1:],
        "score_apart_from_fitness": apart,
        "dtype": arguments.dtype,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
