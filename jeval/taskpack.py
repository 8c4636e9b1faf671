"""The task pack: plain lm-eval YAML under ``tasks/``, read strictly.

lm-eval skips a YAML file that it cannot parse; in an audit a task that silently vanishes is a finding nobody makes, so
every file is parsed here first.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import InputError
from jeval.resources import data_path, tasks_path
from jeval.suggest import near

if TYPE_CHECKING:
    from lm_eval.api.task import Task
    from lm_eval.tasks import TaskManager

SUITE_GROUPS = {"audit": ["jeval"], "search": ["jeval_search"], "both": ["jeval", "jeval_search"]}
_KEPT = 4  # sets of requests per task; a search rarely alternates between more templates
# A chat template is known by what it makes of this.
_PROBE: list[dict[str, str]] = [
    {"role": "user", "content": "\ufffd一"},
    {"role": "assistant", "content": "\ufffd二"},
    {"role": "user", "content": "\ufffd三"},
]


@dataclass(frozen=True)
class LoadedTasks:
    """Tasks ready for ``lm_eval.evaluator.evaluate``: ``task_dict`` as lm-eval wants it, ``tasks`` by name."""

    task_dict: dict[str, Any]
    tasks: dict[str, Task]

    def metadata(self, name: str) -> dict[str, Any]:
        """The ``metadata`` block of a task's YAML."""
        return dict(self.tasks[name].config.metadata or {})

    def docs(self, name: str) -> Any:
        return self.tasks[name].eval_docs


def check_yaml(folder: Path) -> None:
    """Parse every YAML file below ``folder``.

    Raises:
        InputError: naming the file, the line and what is wrong with it.
    """
    import yaml
    from lm_eval.tasks._index import TaskIndex
    from lm_eval.tasks._yaml_loader import load_yaml

    if not folder.is_dir():
        raise InputError(f"no task folder {folder}; expected a folder of lm-eval YAML files")
    for file in sorted(folder.glob("**/*.yaml")):
        try:
            TaskIndex._kind_of(load_yaml(file, resolve_func=False))
        except (yaml.YAMLError, ValueError, OSError, UnicodeDecodeError) as err:
            detail = " ".join(str(err).split())[:200]
            raise InputError(f"task file {file} cannot be read: {detail}; mend or remove it") from err


@lru_cache(maxsize=8)
def _manager(include: tuple[Path, ...], metadata: str) -> TaskManager:
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    folders = [tasks_path(), *include]
    for folder in folders:
        check_yaml(folder)
    return TaskManager(include_path=list(folders), include_defaults=False, metadata=json.loads(metadata))


def known_names(include: Sequence[Path] = ()) -> list[str]:
    """Every task, group and tag of the pack (and of ``include``)."""
    return list(_manager(tuple(include), "{}").all_tasks)


def declared_metadata(name: str) -> dict[str, Any]:
    """The ``metadata`` of a task of the pack as its YAML says, without loading its items."""
    entry = _manager((), "{}").task_index[name]
    return dict((entry.cfg or {}).get("metadata") or {})


def load_tasks(
    names: Sequence[str], *, include: Sequence[Path] = (), metadata: dict[str, Any] | None = None
) -> LoadedTasks:
    """Load tasks and groups by name.

    Args:
        names: task or group names of the pack.
        include: further folders of task YAML.
        metadata: handed to every task's dataset hook (``canaries``, ``corpus``).

    Raises:
        InputError: an unknown name (with near matches), an unreadable YAML file, a task named twice.
    """
    manager = _manager(tuple(include), json.dumps(metadata or {}, sort_keys=True))
    for name in names:
        if name not in manager.task_index:
            raise InputError(f"unknown task {name!r}; {near(name, manager.all_tasks)}")
    try:
        loaded = manager.load(list(names))
    except (ImportError, AttributeError, KeyError) as err:
        raise InputError(f"a task of {', '.join(names)} cannot be loaded: {' '.join(str(err).split())[:300]}") from err
    except ValueError as err:
        if "Duplicate task" not in str(err):
            raise
        raise InputError(f"{err}; name each task once") from err
    for task in loaded["tasks"].values():
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        build_once(task)
    return LoadedTasks(dict(loaded), dict(loaded["tasks"]))


def resolve_hook(dotted: str) -> Any:
    """The object named ``package.module.attribute``."""
    module, _, attribute = dotted.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as err:
        raise InputError(f"task metadata names {dotted!r}, which cannot be imported ({err})") from err


def instrument(metadata: dict[str, Any]) -> dict[str, Any] | None:
    """Measured error rates of the detector behind a task's score, from the data file that the task names."""
    name = metadata.get("instrument")
    if not name:
        return None
    path = data_path(*str(name).split("/"))
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        for part in str(metadata.get("instrument_part", "")).split("/"):
            value = value[part] if part else value
        return {key: value[key] for key in ("sensitivity", "specificity", "n_positive", "n_negative", "source")}
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as err:
        raise InputError(
            f"instrument file {path} is missing or incomplete ({err}); measure the detector again"
        ) from err


def build_once(task: Task) -> None:
    """Make ``task.build_all_requests`` remember what it built, by its arguments and by what the chat template does to a text.

    The requests handed out again carry no responses of the model before.
    """
    if "build_all_requests" in vars(task):
        return
    build: Callable[..., None] = task.build_all_requests
    kept: dict[Any, list[Any]] = {}

    def again(**asked: Any) -> None:
        key = _key(asked)
        if key in kept:
            kept[key] = kept.pop(key)  # the most recent last
            for request in kept[key]:
                request.resps, request.filtered_resps = [], {}
            task._instances = kept[key]
            return
        build(**asked)
        kept[key] = task.instances
        while len(kept) > _KEPT:
            del kept[next(iter(kept))]

    vars(task)["build_all_requests"] = again


def _key(asked: dict[str, Any]) -> Any:
    template = asked.get("chat_template")
    rendered = ()
    if template is not None:
        rendered = tuple(template(_PROBE[:length]) for length in (1, 3))
    plain = {name: value for name, value in asked.items() if name != "chat_template"}
    samples = plain.pop("samples", None)
    return (rendered, None if samples is None else tuple(samples), tuple(sorted(plain.items(), key=lambda kv: kv[0])))
