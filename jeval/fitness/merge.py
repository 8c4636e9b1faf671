"""Merges of a mergekit configuration in memory: mergekit's planner and methods, no file written.

Tensors come one after the other, so that beside the parents, which mergekit maps from their safetensors files, and the model they
are copied into, one tensor is held at a time. The order is that of ``mergekit-yaml``, so that methods which draw random
numbers (DARE, DELLA) draw the same for the same seed (``mergekit-yaml --random-seed``).

mergekit's own in-memory plan (``plan_in_memory``) fails in 0.1.5; what is executed here is the plan it writes to disk by, without the
tasks that write.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from jeval.errors import InputError
from jeval.reading import read_yaml

if TYPE_CHECKING:
    from mergekit.config import MergeConfiguration

_TURN = threading.RLock()  # mergekit keeps its open parents for the whole process
_SEEN: dict[str, tuple[tuple[str, int, int], ...]] = {}


@contextlib.contextmanager
def mergekit() -> Iterator[None]:
    """Around what imports mergekit.

    Raises:
        InputError: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as err:
        if (err.name or "").partition(".")[0] not in {"mergekit", "immutables", "accelerate", "click"}:
            raise
        raise InputError(f'merging needs {err.name}; install it with: pip install "jeval[merge]"') from err


def is_configuration(given: Any) -> bool:
    """Whether a candidate is a mergekit configuration: a mapping with a ``merge_method``, a YAML file, or mergekit's own class."""
    if isinstance(given, Mapping):
        return "merge_method" in given
    if isinstance(given, (str, Path)):
        return Path(given).suffix in {".yaml", ".yml"}
    return hasattr(given, "merge_method") and hasattr(given, "referenced_models")


class Merge:
    """A merge that is planned but not computed.

    Args:
        given: a mapping, a YAML file, or a ``MergeConfiguration``, of parents in local folders.
        seed: of methods that draw random numbers.

    Attributes:
        config: the configuration of the model that comes out.

    Raises:
        InputError: mergekit is not installed, or cannot take the configuration.
    """

    def __init__(self, given: Any, seed: int = 0) -> None:
        self._seed = seed
        with mergekit():
            from mergekit.architecture import get_architecture_info
            from mergekit.merge import _model_out_config
            from mergekit.options import MergeOptions

            self._options = MergeOptions(quiet=True, random_seed=seed)
            self._plan = configuration(given)
            _check_parents(self._plan)
            try:
                self._architecture = get_architecture_info(self._plan, self._options)
                self.config = _model_out_config(self._plan, self._architecture)
            except (RuntimeError, ValueError, KeyError, OSError) as err:
                raise InputError(f"mergekit cannot take the configuration ({_line(err)})") from err

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Name and value of each tensor of the result.

        Raises:
            InputError: mergekit cannot merge these tensors.
        """
        from mergekit.graph import Executor
        from mergekit.io.tasks import SaveTensor
        from mergekit.plan import MergePlanner
        from transformers import set_seed

        with _TURN, torch.no_grad():
            try:
                planner = MergePlanner(self._plan.model_copy(deep=True), self._architecture, self._options, self.config)
                saved = {task.tensor_task: task for task in planner.plan_to_disk("") if isinstance(task, SaveTensor)}
                set_seed(self._seed)
                for task, value in Executor(list(saved), math_device="cpu", storage_device="cpu").run(quiet=True):
                    name = saved[task].tensor_name
                    if value is not None:
                        yield name, value
                    elif not saved[task].optional:
                        raise RuntimeError(f"no value for tensor {name}")
            except (RuntimeError, ValueError, KeyError, TypeError) as err:
                raise InputError(f"mergekit cannot merge these parents ({_line(err)})") from err


def configuration(given: Any) -> MergeConfiguration:
    """A mergekit configuration as its own class.

    Raises:
        InputError: it is none.
    """
    with mergekit():
        from mergekit.config import MergeConfiguration
    if isinstance(given, MergeConfiguration):
        return given
    if isinstance(given, (str, Path)):
        given = read_yaml(Path(given), what="mergekit configuration")
    try:
        return MergeConfiguration.model_validate(given)
    except (ValueError, RuntimeError, TypeError) as err:
        raise InputError(f"no mergekit configuration ({_line(err)})") from err


def _check_parents(plan: MergeConfiguration) -> None:
    """Parents are local safetensors folders; one that changed since it was opened is opened again."""
    from mergekit.io.tasks import LoaderCache

    for parent in plan.referenced_models():
        folder = Path(parent.model.path)
        files = tuple(
            (file.name, (found := file.stat()).st_mtime_ns, found.st_size)
            for file in sorted(folder.glob("*.safetensors"))
        )
        if not files or not (folder / "config.json").is_file() or parent.lora is not None:
            raise InputError(f"parent {parent}: expected a local folder with config.json and safetensors weights")
        with _TURN:
            if _SEEN.get(str(folder)) != files:
                LoaderCache.loaders.pop(parent, None)
                _SEEN[str(folder)] = files


def _line(err: Exception) -> str:
    return " ".join(str(err).split())[:300] or type(err).__name__
