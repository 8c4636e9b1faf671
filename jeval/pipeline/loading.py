"""Building tasks: what goes wrong in a task of others becomes one line that names its file."""

from __future__ import annotations

import atexit
import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import UndefinedError
from lm_eval.api.filter import Filter
from lm_eval.api.group import Group
from lm_eval.api.registry import get_filter
from lm_eval.api.task import ConfigurableTask, Task
from lm_eval.config.task import TaskConfig
from lm_eval.tasks._factory import TaskFactory
from lm_eval.tasks._index import Entry, Kind

from jeval.errors import InputError, JevalError
from jeval.limits import TEMPLATE_BYTES, TEMPLATE_SECONDS, limited
from jeval.models.bounds import too_wide
from jeval.pipeline.kept import FAULTS, told
from jeval.suggest import near

_FILES = {"json", "csv", "parquet", "text", "arrow", "pandas", "xml", "webdataset", "imagefolder", "audiofolder"}
_LOAD_SECONDS, _LOAD_BYTES = 600.0, 8 << 30  # for a task or group of others: its modules, its templates, its items
_REPEATS = 1000
_UNREACHED = ("DatasetNotFoundError", "OfflineModeIsEnabled", "LocalEntryNotFoundError")


class Factory(TaskFactory):  # type: ignore[misc]  # lm-eval carries no types
    """lm-eval's, which says of each fault of a task of others where it lies.

    Args:
        own: folder of the tasks whose faults are jeval's own.
    """

    def __init__(self, *, meta: dict[str, Any], own: Path) -> None:
        super().__init__(meta=meta)
        self._own = own.resolve()

    def build(self, entry: Entry, **asked: Any) -> Any:
        """See the parent class; what is of others has limited time and memory."""
        file = entry.yaml_path
        own = bool(file and self._own in file.resolve().parents)
        with contextlib.nullcontext() if own else limited(_LOAD_SECONDS, _LOAD_BYTES):
            what = "group" if entry.kind is Kind.GROUP else "task"
            with self._explained(f"{what} {entry.name}", file, dict(entry.cfg or {})):
                return super().build(entry, **asked)

    def _load_full_config(self, entry: Entry, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
        return kept_private(super()._load_full_config(entry, overrides))

    def _build_task(self, entry: Entry, overrides: dict[str, Any] | None) -> Task:
        config: dict[str, Any] = dict(entry.cfg or {})
        with self._explained(f"task {entry.name}", entry.yaml_path, config):
            task = super()._build_task(entry, overrides)
            if not isinstance(task, Task):
                raise InputError(f"its class is {type(task).__name__}; expected a subclass of lm_eval.api.task.Task")
            if isinstance(config.get("metadata"), dict) and not task.get_config("metadata"):
                task.set_config("metadata", config["metadata"])
            refuse(task)
        return task

    def _build_group(self, group_name: str, raw_cfg: dict[str, Any], *rest: Any) -> Group:
        source = (raw_cfg.get("metadata") or {}).get("config_source")
        with self._explained(f"group {group_name}", source and Path(source), raw_cfg):
            group = super()._build_group(group_name, raw_cfg, *rest)
            for task in group.get_all_tasks(recursive=False):
                refuse(task)
        return group

    @contextmanager
    def _explained(self, what: str, file: Path | None, config: dict[str, Any]) -> Iterator[None]:
        try:
            yield
        except FAULTS as err:  # whatever its code, its data and the libraries between raise
            if isinstance(err, LocatedError) or (file and self._own in file.resolve().parents):
                raise
            why = str(err) if isinstance(err, JevalError) else f"cannot be loaded: {explained(err, config)}"
            raise LocatedError(f"{what} ({file}): {why}" if file else f"{what}: {why}") from err


class LocatedError(InputError):
    """An error of a task that says already where it lies."""


def refuse(task: Task) -> None:
    """Whether a task is one that can be run here.

    Raises:
        InputError: it shows images or sound, runs what a model writes, or names a metric or filter that is not there.
    """
    if getattr(task, "MULTIMODAL", False):
        raise InputError("it shows images or sound, and jeval evaluates language models on text; leave it out")
    if getattr(task, "UNSAFE_CODE", False):
        raise InputError("it runs code that the model writes (unsafe_code), which jeval does not do; leave it out")
    meta = task.get_config("metadata")
    meta = meta if isinstance(meta, dict) else {}
    declared, filters = list(task.aggregation()), [one.name for one in task._filters]
    if "score" in meta and meta["score"] not in declared:
        raise InputError(f"metadata has score: {meta['score']!r}; its metrics are {', '.join(map(str, declared))}")
    if "filter" in meta and meta["filter"] not in filters:
        raise InputError(f"metadata has filter: {meta['filter']!r}; its filters are {', '.join(map(str, filters))}")
    if not isinstance(task, ConfigurableTask):
        return
    _refuse_width(task)
    hooked = callable(task.config.process_results) or type(task).process_results is not ConfigurableTask.process_results
    for metric, function in task._metric_fn_list.items():
        if function is None and not hooked and task.OUTPUT_TYPE == "generate_until":
            raise InputError(
                f"metric {metric!r} is unknown to lm-eval here (metrics of the package evaluate are fetched from a hub); "
                "name another, or a function: metric: !function module.name"
            )
    for metric, function in task.aggregation().items():
        if function is None:
            raise InputError(
                f"metric {metric!r} names an aggregation that lm-eval does not know; expected mean, or a function"
            )
    for ensemble in task._filters:
        for part in ensemble.filters:
            try:
                made = part.func if not part.args else get_filter(part.args[0])
            except KeyError as err:
                raise InputError(f"filter {ensemble.name!r} names the unknown function {part.args[0]!r}") from err
            if not (isinstance(made, type) and issubclass(made, Filter)) and not callable(made):
                raise InputError(f"filter {ensemble.name!r} names {made!r}; expected a filter of lm-eval")


def _refuse_width(task: ConfigurableTask) -> None:
    """Refuse what only takes time and memory, however honest each item is."""
    if wide := too_wide(task.config.generation_kwargs or {}):
        raise InputError(f"its generation_kwargs set {wide}")
    if not 1 <= (repeats := task.config.repeats) <= _REPEATS:
        raise InputError(f"it has repeats: {repeats}; expected 1 to {_REPEATS} answers to each item")


def explained(err: BaseException, config: dict[str, Any]) -> str:
    """What is wrong, in one line, and the next step."""
    chain = list(_chain(err))
    path, kwargs = config.get("dataset_path"), config.get("dataset_kwargs")
    kwargs = kwargs if isinstance(kwargs, dict) else {}
    data = path if path not in _FILES else kwargs.get("data_files") or kwargs.get("data_dir") or path
    local = path in _FILES or (isinstance(path, str) and (path[:1] in "./~" or bool(re.search(r"\.\w{2,7}$", path))))
    unreached = any(isinstance(one, ConnectionError) or type(one).__name__ in _UNREACHED for one in chain)
    missing = any(isinstance(one, FileNotFoundError) for one in chain)
    if (unreached or missing) and local and "://" not in str(data):
        return (
            f"its data file is not there: {data!r}; expected a path that exists, relative to {Path.cwd()} or absolute"
        )
    if unreached or (missing and "://" in str(data)):
        what = f"its dataset {data!r} is not on this machine" if path else "it asks for the network"
        return (
            f"{what}, and nothing is fetched from a hub in a run; save the data as files and name them "
            "(dataset_path: json, dataset_kwargs: {data_files: …})"
        )
    if type(err).__name__ == "DatasetGenerationError":
        return f"its data cannot be read: {data!r} ({told(chain[-1])})"
    return _cause(err, config)


def _cause(err: BaseException, config: dict[str, Any]) -> str:
    text = str(err)
    if isinstance(err, (TimeoutError, MemoryError)):
        most = f"{_LOAD_SECONDS:.0f} s and {_LOAD_BYTES >> 30} GB (a template: {TEMPLATE_SECONDS:.0f} s and {TEMPLATE_BYTES >> 30} GB)"
        return f"{told(err)}; it takes more than the {most} that a task may take to be loaded"
    if (key := re.search(r"unexpected keyword argument '(\w+)'", text)) and "TaskConfig" in text:
        return f"unknown key {key[1]!r}; {near(key[1], [one.name for one in fields(TaskConfig)])}"
    if isinstance(err, UndefinedError):
        return (
            f"a template of it names a field that its items do not have ({told(err)}); look at doc_to_text and its kin"
        )
    if isinstance(err, KeyError) and err.args == (None,):
        return (
            "a metric of metric_list is unknown to lm-eval and names no aggregation; add aggregation: mean and "
            "higher_is_better: true"
        )
    if isinstance(err, KeyError) and " " not in text:
        return f"{err} is missing where it is looked up (a split, a field of the items, or a key)"
    if isinstance(err, StopIteration) or (isinstance(err, IndexError) and "out of bounds" in text):
        return "its dataset has no items"
    if isinstance(err, IndexError) and "string index" in text:
        return "an answer of its first item is empty (doc_to_choice)"
    if "malformed node" in text:
        return "doc_to_choice (or another key of its kind) is neither a field of the items nor a list of answers"
    if not any(config.get(key) for key in ("dataset_path", "custom_dataset", "class")):
        return "no dataset_path: is given"
    if isinstance(err, TypeError) and not text:
        lacking = [key for key in ("doc_to_text", "doc_to_target") if config.get(key) is None]
        return f"no {' and no '.join(lacking)} is given" if lacking else told(err)
    return told(err)


def _chain(err: BaseException | None) -> Iterator[BaseException]:
    while err is not None:
        yield err
        err = err.__cause__ or (None if err.__suppress_context__ else err.__context__)


def kept_private(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a task or group by which the copy of its files is not put into the hub's cache, where it would stay.

    A task that names a cache has it; what was fetched from a hub before is looked for where it is.
    """
    members = config.get("task")
    if isinstance(members, list):
        config = {**config, "task": [kept_private(one) if isinstance(one, dict) else one for one in members]}
    path, given = config.get("dataset_path"), config.get("dataset_kwargs") or {}
    of_files = isinstance(path, str) and (path in _FILES or Path(path).expanduser().exists())
    if not of_files or config.get("custom_dataset") or not isinstance(given, dict) or "cache_dir" in given:
        return config
    return {**config, "dataset_kwargs": {**given, "cache_dir": _folder()}}


@lru_cache(maxsize=1)
def _folder() -> str:
    made = tempfile.mkdtemp(prefix="jeval-data-")  # 0700
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
