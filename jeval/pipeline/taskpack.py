"""The task pack: plain lm-eval YAML under ``tasks/``, read strictly.

lm-eval skips a YAML file that it cannot parse; in an audit a task that silently vanishes is a finding nobody makes, so
every file is parsed here first.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from lm_eval.api.task import ConfigurableTask, Task
from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import TaskIndex
from lm_eval.tasks._yaml_loader import load_yaml

from jeval.errors import InputError
from jeval.pipeline import domains
from jeval.pipeline.kept import KeptTask
from jeval.resources import tasks_path
from jeval.suggest import near

_SUITES = {"audit": ("audit",), "search": ("search",), "both": ("audit", "search")}
_GROUPS = {"audit": "jeval", "search": "jeval_search"}


@dataclass(frozen=True)
class TaskMeta:
    """What the YAML of a task says of it: its ``metadata`` block, and the suite, which ``dataset_kwargs`` may name instead.

    Attributes:
        side: part of a balanced domain score that the task belongs to ("withheld", "served"); "" where there are none.
        apart: the task does not count in its domain's score, and its items are the user's own.
        chance: what guessing earns on an item that does not say itself.
        chat_template: whether the model's chat template is applied.
        explain: dotted name of the function that gives an item's evidence, "" for none.
        instrument: ``<room>/<name>`` of the instrument behind the score, "" for none.
    """

    domain: str
    suite: str
    kind: str
    side: str
    title_ja: str
    title_en: str
    version: str
    chance: float
    apart: bool
    chat_template: bool
    explain: str
    instrument: str

    @classmethod
    def of(cls, name: str, config: Mapping[str, Any]) -> TaskMeta:
        """From a task's configuration."""
        meta = dict(config.get("metadata") or {})
        kwargs = dict(config.get("dataset_kwargs") or {})

        def text(key: str, default: str = "") -> str:
            return str(meta.get(key, default))

        return cls(
            domain=text("domain", "other"),
            suite=text("suite", str(kwargs.get("suite", "audit"))),
            kind=text("kind"),
            side=text("side"),
            title_ja=text("title_ja", name),
            title_en=text("title_en", name),
            version=text("version"),
            chance=float(meta.get("chance", 0.0)),
            apart=bool(meta.get("apart", False)),
            chat_template=bool(meta.get("chat_template", True)),
            explain=text("explain"),
            instrument=text("instrument"),
        )


@dataclass(frozen=True)
class LoadedTasks:
    """Tasks by name, ready for ``lm_eval.evaluator.evaluate``."""

    tasks: dict[str, Task]

    def meta(self, name: str) -> TaskMeta:
        """What the YAML of a task says of it."""
        return TaskMeta.of(name, vars(self.tasks[name].config))

    def docs(self, name: str) -> Sequence[dict[str, Any]]:
        """The items of a task, in order."""
        docs: Sequence[dict[str, Any]] = self.tasks[name].eval_docs
        return docs


def suite_groups(suite: str) -> list[str]:
    """The groups that ``--suite`` names: jeval's own, and those of domains of other packages.

    Raises:
        InputError: an unknown suite.
    """
    if suite not in _SUITES:
        raise InputError(f"unknown --suite {suite!r}; expected audit, search or both")
    suites = _SUITES[suite]
    return [*(_GROUPS[one] for one in suites), *domains.groups(suites)]


def check_yaml(folder: Path) -> None:
    """Parse every YAML file below ``folder``.

    Raises:
        InputError: naming the file, the line and what is wrong with it.
    """
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
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    folders = [tasks_path(), *domains.task_folders(), *include]
    for folder in folders:
        check_yaml(folder)
    return TaskManager(include_path=list(folders), include_defaults=False, metadata=json.loads(metadata))


def known_names(include: Sequence[Path] = ()) -> list[str]:
    """Every task, group and tag of the pack (and of ``include``)."""
    return list(_manager(tuple(include), "{}").all_tasks)


def declared(name: str) -> TaskMeta:
    """What the YAML of a task of the pack says of it, without loading its items."""
    return TaskMeta.of(name, _manager((), "{}").task_index[name].cfg or {})


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
    tasks: dict[str, Task] = {}
    for name, task in loaded["tasks"].items():
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        tasks[name] = KeptTask.of(task) if type(task) is ConfigurableTask else task
    return LoadedTasks(tasks)


def resolve_hook(dotted: str) -> Any:
    """The object named ``package.module.attribute``."""
    module, _, attribute = dotted.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as err:
        raise InputError(f"task metadata names {dotted!r}, which cannot be imported ({err})") from err
