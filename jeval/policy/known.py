"""What a policy may speak of: domains, tasks, their sides, and the values by which their items may be selected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jeval.errors import InputError
from jeval.output import one_line
from jeval.pipeline.domains import domains, tasks_of_files
from jeval.pipeline.taskpack import LoadedTasks, declared, known_names, load_tasks
from jeval.policy.read import Given
from jeval.policy.schema import Rule
from jeval.record.schema import RunRecord
from jeval.suggest import near

Docs = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class KnownTask:
    """A task as far as a policy sees it; ``counts``: in its domain's score of the audit suite."""

    domain: str
    side: str
    counts: bool


@dataclass(frozen=True)
class Known:
    """Tasks by name, and the items of each (:attr:`docs`, none where they are not at hand)."""

    tasks: Mapping[str, KnownTask]
    docs: Docs
    _values: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def of_domain(self, name: str) -> list[str]:
        """The tasks that make up a domain's score."""
        return [task for task, known in self.tasks.items() if known.domain == name and known.counts]

    def values(self, task: str, facet: str) -> frozenset[str]:
        """The values that a facet has in the items of a task."""
        if (task, facet) not in self._values:
            found = (doc.get(facet) for doc in self.docs(task) if isinstance(doc, Mapping))
            self._values[task, facet] = frozenset(str(value) for value in found if value not in (None, ""))
        return self._values[task, facet]


def known_tasks(run: LoadedTasks | RunRecord) -> Known:
    """What is known here: the task pack, and the tasks of a run, which may be of others."""
    of_files = tasks_of_files()
    found: dict[str, KnownTask] = {}
    for name in known_names():
        meta = declared(name)
        if meta.domain in domains():
            counts = meta.suite == "audit" and not meta.apart and name not in of_files
            found[name] = KnownTask(meta.domain, meta.side, counts)
    own = frozenset(found)
    if isinstance(run, RunRecord):
        for name, task in run.tasks.items():
            found.setdefault(name, KnownTask(task.domain, task.side, task.suite == "audit"))
    else:
        for name in run.tasks:
            meta = run.meta(name)
            found.setdefault(name, KnownTask(meta.domain, meta.side, meta.suite == "audit" and not meta.apart))

    def docs(name: str) -> Sequence[Mapping[str, Any]]:
        if isinstance(run, LoadedTasks) and name in run.tasks:
            return run.docs(name)
        return _own_docs(name) if name in own and name not in of_files else ()

    return Known(found, docs)


@lru_cache(maxsize=64)
def _own_docs(name: str) -> Sequence[Mapping[str, Any]]:
    """The items of a task of the pack, which are the same for every policy."""
    return list(load_tasks([name]).docs(name))


def check_names(given: Given, known: Known) -> None:
    """Whether every domain, task, side, facet and value that a policy names is there.

    Raises:
        InputError: one is not; names the place, and what is near.
    """
    for number, rule in enumerate(given.policy.rules):
        for place, kind, name, there in _strangers(rule, known):
            hint = near(name, there) if there else f"{rule.subject.words()} has none"
            raise InputError(
                f"{given.where}: rules[{number}].{place}: no {kind} {one_line(repr(name), 80)} here; {one_line(hint, 300)}"
            )
        if len(sides := _mixed(rule, known)) > 1:
            raise InputError(
                f"{given.where}: rules[{number}].subject: items of the sides {', '.join(sides)} say opposite things and have no "
                "common rate; name one side, or tasks of one"
            )


def subject_tasks(rule: Rule, known: Known) -> list[str]:
    """The tasks of which a rule wants items: those of its subject that have items with its facets."""
    subject = rule.subject
    names = list(subject.task) if subject.task else known.of_domain(str(subject.domain))
    names = [name for name in names if not subject.side or known.tasks[name].side == subject.side]
    wanted = {**subject.where, **({rule.each: []} if rule.each else {})}
    if subject.task or not wanted:
        return names
    return [name for name in names if all(_holds(known.values(name, facet), wanted[facet]) for facet in wanted)]


def _holds(there: frozenset[str], wanted: Sequence[str]) -> bool:
    return bool(there.intersection(wanted) if wanted else there)


def _mixed(rule: Rule, known: Known) -> list[str]:
    """The sides whose items would be thrown together; a whole domain's score balances its sides, of which a rate of failure has no
    sense: it is of the one side or of the other.
    """
    subject = rule.subject
    balanced = not (subject.where or rule.each or rule.not_worse_than or rule.upper_bound_at_most is not None)
    if subject.domain is not None and balanced:
        return []
    return sorted({known.tasks[name].side for name in subject_tasks(rule, known)})


def _strangers(rule: Rule, known: Known) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    """Names that are not known: place, kind, name, what there is."""
    subject = rule.subject
    if subject.domain is not None:
        there = {known.tasks[task].domain for task in known.tasks}
        if subject.domain not in there:
            yield "subject.domain", "domain", subject.domain, sorted(there)
            return
    for task in subject.task or ():
        if task not in known.tasks:
            yield "subject.task", "task", task, sorted(known.tasks)
            return
    names = list(subject.task) if subject.task else known.of_domain(str(subject.domain))
    sides = sorted({known.tasks[name].side for name in names} - {""})
    if subject.side is not None and subject.side not in sides:
        yield "subject.side", "side", subject.side, sides
    facets = sorted({facet for name in names for facet in _facets(known.tasks[name].domain)})
    for place, facet in [*((f"subject.where.{facet}", facet) for facet in subject.where), ("each", rule.each or "")]:
        if facet and facet not in facets:
            yield place, "facet", facet, facets
    if set(subject.where) - set(facets):
        return
    for facet, wanted in subject.where.items():
        values = {value for name in names for value in known.values(name, facet)}
        for number, value in enumerate(wanted):
            if values and value not in values:
                yield f"subject.where.{facet}[{number}]", facet, value, sorted(values)


def _facets(domain: str) -> tuple[str, ...]:
    found = domains().get(domain)
    return found.facets if found else ()
