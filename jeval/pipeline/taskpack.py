"""The task pack: plain lm-eval YAML under ``tasks/``, and the folders that people bring."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager

from jeval.errors import InputError, JevalError
from jeval.pipeline import domains, sandbox
from jeval.pipeline.kept import FAULTS, GuardedTask, KeptTask, told
from jeval.pipeline.loading import Factory
from jeval.pipeline.packfiles import read_pack
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
        chance: what guessing earns on an item that does not say itself; ``None`` where the task does not say.
        score: the metric that is the score, and ``filter`` the filter that decides, where the task names them; "" where not.
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
    chance: float | None
    score: str
    filter: str
    apart: bool
    chat_template: bool
    explain: str
    instrument: str

    @classmethod
    def of(cls, name: str, config: Mapping[str, Any]) -> TaskMeta:
        """From a task's configuration.

        Raises:
            InputError: a chance level that is none.
        """
        given, kwargs = config.get("metadata"), config.get("dataset_kwargs")
        meta = given if isinstance(given, Mapping) else {}
        kwargs = kwargs if isinstance(kwargs, Mapping) else {}
        chance = meta.get("chance")
        if chance is not None and share(chance) is None:
            where = f" ({meta['config_source']})" if "config_source" in meta else ""
            raise InputError(f"task {name}{where}: metadata has chance: {chance!r}; expected a number from 0 to 1")

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
            chance=share(chance),
            score=text("score"),
            filter=text("filter"),
            apart=bool(meta.get("apart", False)),
            chat_template=bool(meta.get("chat_template", True)),
            explain=text("explain"),
            instrument=text("instrument"),
        )


def share(value: Any) -> float | None:
    """``value`` as a number from 0 to 1; ``None`` where it is none."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and 0.0 <= value <= 1.0 else None


@dataclass(frozen=True)
class LoadedTasks:
    """Tasks by name, ready for ``lm_eval.evaluator.evaluate``.

    Attributes:
        others: names of the tasks that people bring; their faults are not jeval's.
        shots: of tasks that show another number of solved examples than they say themselves, that number.
    """

    tasks: dict[str, Task]
    others: frozenset[str] = frozenset()
    shots: Mapping[str, int] = field(default_factory=dict)
    _ids: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def meta(self, name: str) -> TaskMeta:
        """What the YAML of a task says of it."""
        return TaskMeta.of(name, vars(self.tasks[name].config))

    def untold(self) -> list[str]:
        """Tasks that bring solved examples and show none."""
        configs = {name: task.config for name, task in self.tasks.items()}
        return [
            name
            for name, one in configs.items()
            if one.num_fewshot == 0 and getattr(one.fewshot_config, "samples", None)
        ]

    def docs(self, name: str) -> Sequence[Any]:
        """The items of a task, in order; nearly always mappings.

        Raises:
            InputError: the code of a task of others fails, or takes too long.
        """
        try:
            docs: Sequence[Any] = self.tasks[name].eval_docs
        except FAULTS as err:
            if name not in self.others:
                raise
            raise InputError(
                f"task {name}: its items cannot be read ({told(err)}); mend the task, or leave it out"
            ) from err
        return docs

    def ids(self, name: str) -> list[str]:
        """The ids of a task's items, no two alike: their ``id`` where every item has one of its own, else their numbers."""
        if name not in self._ids:
            docs = self.docs(name)
            features = getattr(docs, "features", None)
            if features is not None:
                found = list(docs["id"]) if "id" in features else []  # type: ignore[call-overload]
            else:
                found = [doc.get("id") if isinstance(doc, Mapping) else None for doc in docs]
            given = [str(one) for one in found if one is not None and one != ""]
            whole = len(given) == len(docs) == len(set(given))
            self._ids[name] = given if whole else [str(number) for number in range(len(docs))]
        return self._ids[name]


def suite_groups(suite: str) -> list[str]:
    """The groups that ``--suite`` names: jeval's own, and those of domains of other packages.

    Raises:
        InputError: an unknown suite.
    """
    if suite not in _SUITES:
        raise InputError(f"unknown --suite {suite!r}; expected audit, search or both")
    suites = _SUITES[suite]
    return [*(_GROUPS[one] for one in suites), *domains.groups(suites)]


@lru_cache(maxsize=8)
def _manager(include: tuple[Path, ...], metadata: str) -> TaskManager:
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    folders = [tasks_path(), *domains.task_folders(), *include]
    pack = read_pack(folders, foreign=include)
    manager = TaskManager(include_path=list(folders), include_defaults=False, metadata=json.loads(metadata))
    manager._factory = Factory(meta=json.loads(metadata), own=tasks_path())
    for tag, tasks in pack.tags.items():  # of several folders lm-eval takes the last one's
        manager.task_index[tag].tags |= tasks
    return manager


def known_names(include: Sequence[Path] = ()) -> list[str]:
    """Every task, group and tag of the pack (and of ``include``)."""
    return list(_manager(tuple(include), "{}").all_tasks)


def declared(name: str) -> TaskMeta:
    """What the YAML of a task of the pack says of it, without loading its items."""
    return TaskMeta.of(name, _manager((), "{}").task_index[name].cfg or {})


def members(suite: str) -> dict[str, TaskMeta]:
    """The tasks that count in the domains of a suite (``audit``, ``search`` or ``both``), by name, without loading their items."""
    index, suites = _manager((), "{}").task_index, _SUITES[suite]
    found = {name: declared(name) for name in index if "task" in (index[name].cfg or {})}
    known = domains.domains()
    return {
        name: meta for name, meta in found.items() if meta.suite in suites and meta.domain in known and not meta.apart
    }


def load_tasks(
    names: Sequence[str],
    *,
    include: Sequence[Path] = (),
    metadata: dict[str, Any] | None = None,
    num_fewshot: int | None = None,
) -> LoadedTasks:
    """Load tasks and groups by name.

    Args:
        names: task or group names of the pack.
        include: further folders of task YAML.
        metadata: handed to every task's dataset hook (``canaries``, ``corpus``).
        num_fewshot: solved examples before each item, of tasks that do not say ``num_fewshot: 0`` (as in stock lm-eval);
            ``None``: as many as each task says.

    Raises:
        InputError: an unknown name (with near matches), an unreadable YAML file, a task named twice, examples that are not there.
    """
    if include:
        sandbox.use()
    manager = _manager(tuple(include), json.dumps(metadata or {}, sort_keys=True))
    for name in names:
        if name not in manager.task_index:
            unread = [file for folder in include for file in folder.glob("**/*.yml")]
            hint = f" (lm-eval reads .yaml only, not {unread[0]})" if unread else ""
            raise InputError(f"unknown task {name!r}{hint}; {near(name, manager.all_tasks)}")
    with _translated(names):
        loaded = manager.load(list(names))["tasks"]
    if not loaded:
        raise InputError(f"{', '.join(names)}: no task belongs to it; name tasks or groups that hold tasks")
    others = frozenset(name for name in loaded if not _is_own(manager, name))
    shots = {} if num_fewshot is None else _shots(loaded, num_fewshot)
    tasks: dict[str, Task] = {}
    for name, task in loaded.items():
        if name in shots or task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=shots.get(name, 0))
        tasks[name] = (GuardedTask if name in others else KeptTask).of(task)
        meta = TaskMeta.of(name, vars(task.config))
        if name in others and _is_included(manager, name, include) and meta.domain in domains.OFFICIAL:
            raise InputError(
                f"task {name}: metadata has domain: {meta.domain}, whose score is that of jeval's own tasks; name another domain"
            )
    return LoadedTasks(tasks, others, shots)


def _shots(loaded: Mapping[str, Task], asked: int) -> dict[str, int]:
    """Which tasks are to show another number of examples than they say.

    Raises:
        InputError: none shows any, or one has fewer.
    """
    if asked < 0:
        raise InputError(f"--num-fewshot {asked}: expected a whole number, such as 1; 0 shows no example")
    own = {name: task.get_config("num_fewshot") for name, task in loaded.items()}
    taking = [name for name, number in own.items() if number != 0]
    if asked and not taking:
        raise InputError(f"--num-fewshot {asked}: no example is shown in {', '.join(loaded)}; leave the option out")
    for name in taking:
        there = len(getattr(getattr(loaded[name], "sampler", None), "df", ()))
        if there < asked:
            raise InputError(f"--num-fewshot {asked}: task {name} has {there} to show; give at most {there}")
    return {name: asked for name in taking if (own[name] or 0) != asked}


def _is_own(manager: TaskManager, name: str) -> bool:
    entry = manager.task_index.get(name)
    return bool(entry and entry.yaml_path and tasks_path().resolve() in entry.yaml_path.resolve().parents)


def _is_included(manager: TaskManager, name: str, include: Sequence[Path]) -> bool:
    """Whether a task is of a pack that people bring; tasks that a group of theirs writes out have no file."""
    entry = manager.task_index.get(name)
    if entry is None or not entry.yaml_path:
        return bool(include)
    return any(folder.resolve() in entry.yaml_path.resolve().parents for folder in include)


@contextmanager
def _translated(names: Sequence[str]) -> Iterator[None]:
    """Errors as one line: libraries log and print theirs besides."""
    loggers = [logging.getLogger(name) for name in ("lm_eval", "datasets")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        with redirect_stdout(io.StringIO()):
            yield
    except JevalError:
        raise
    except ValueError as err:
        if "Duplicate task" not in str(err):
            raise
        raise InputError(f"{err}; name each task once") from err
    except (ImportError, AttributeError, KeyError, RecursionError) as err:
        raise InputError(f"a task of {', '.join(names)} cannot be loaded: {told(err)}") from err
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def resolve_hook(dotted: str) -> Any:
    """The object named ``package.module.attribute``."""
    module, _, attribute = dotted.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as err:
        raise InputError(f"task metadata names {dotted!r}, which cannot be imported ({err})") from err
