"""What the tables of the report show: tasks side by side, differences from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jeval.output import harmless
from jeval.pipeline import domains
from jeval.pipeline.extent import Part, part_of_domain, whole_domains
from jeval.record.compare import Comparison
from jeval.record.schema import DomainResult, RunRecord, TaskResult
from jeval.statistics import Estimate, independent_difference

if TYPE_CHECKING:
    from jeval.pipeline.taskpack import TaskMeta


@dataclass(frozen=True)
class Row:
    """One task in each run; ``None`` where a run does not have it. ``first``: of the tasks of its domain, which so many ``span``."""

    task: str
    title: str
    domain: str
    side: str
    results: Sequence[TaskResult | None]
    differences: Sequence[Comparison | None]
    first: bool = False
    span: int = 1


@dataclass(frozen=True)
class Card:
    """A domain on the first page. It has a number only where it is ``complete``: all its tasks, all their items."""

    name: str
    title: str
    result: DomainResult
    part: Part

    @property
    def complete(self) -> bool:
        """Whether the run has all of it."""
        return self.part.whole


def title_of(task: TaskResult | TaskMeta, lang: str) -> str:
    """The title of a task in ``lang``, marks that hide or turn it written out; of the search suite it says so."""
    title = harmless(task.title_ja if lang == "ja" else task.title_en)
    if task.suite != "search":
        return title
    return f"{title}（探索用）" if lang == "ja" else f"{title} (search)"


def titles_of(records: Sequence[RunRecord], lang: str) -> dict[str, str]:
    """What tasks are called: those of the records, and of the tasks that these did not run jeval's own."""
    known = {name: title_of(task, lang) for record in reversed(records) for name, task in record.tasks.items()}
    named = {one for record in records if record.verdict for rule in record.verdict.rules for one in rule.tasks}
    left = {one for record in records if record.extent for part in record.extent.missing.values() for one in part}
    if lacking := (named | left) - known.keys():
        from jeval.pipeline.taskpack import declared, known_names

        known |= {name: title_of(declared(name), lang) for name in lacking.intersection(known_names())}
    return known


def rows(records: Sequence[RunRecord], differences: Sequence[Sequence[Comparison]], lang: str) -> list[Row]:
    """The tasks that any run has scored, by domain in the order of the report. ``differences``: of each run from the first."""
    known: dict[str, TaskResult] = {}
    for record in records:
        for name, task in record.tasks.items():
            if task.score is not None:
                known.setdefault(name, task)
    by_domain: dict[tuple[str, str], list[str]] = {}
    for name, task in known.items():
        by_domain.setdefault((task.suite, task.domain), []).append(name)
    order = sorted(by_domain, key=lambda key: (key[0] != "audit", domains.place(key[1])))
    found = [{row.task: row for row in part if row.level == "task"} for part in differences]
    return [
        Row(
            task=name,
            title=title_of(known[name], lang),
            domain=domains.title(key[1], lang),
            side=known[name].side,
            results=[record.tasks.get(name) for record in records],
            differences=[part.get(name) for part in found],
            first=number == 0,
            span=len(by_domain[key]),
        )
        for key in order
        for number, name in enumerate(by_domain[key])
    ]


def cards(record: RunRecord, lang: str) -> list[Card]:
    """The domains of a run, in the order of the report."""
    ordered = sorted(record.domains.items(), key=lambda pair: (pair[1].suite != "audit", domains.place(pair[0])))
    return [Card(name, domains.title(name, lang), result, part_of_domain(record, name)) for name, result in ordered]


@dataclass(frozen=True)
class Gap:
    """A domain's score on search items less that on audit items, both complete, as independent samples."""

    domain: str
    search: float
    audit: float
    difference: float
    low: float
    high: float


def gaps(record: RunRecord) -> list[Gap]:
    """Where a run has both: how much better a model does on items that a search may have chosen it by."""
    found = []
    whole = whole_domains(record)
    for name, audit in record.domains.items():
        search = record.domains.get(f"{name}_search")
        if (
            search is None
            or not {name, f"{name}_search"} <= whole
            or None in (audit.interval, search.interval, audit.score, search.score)
        ):
            continue
        a, s = _estimate(audit), _estimate(search)
        difference, low, high = independent_difference(s, a)
        found.append(Gap(name, s.score, a.score, difference, low, high))
    return found


def _estimate(result: DomainResult) -> Estimate:
    assert result.score is not None and result.interval is not None
    return Estimate(result.score, result.stderr or 0.0, *result.interval, result.n, result.n)
