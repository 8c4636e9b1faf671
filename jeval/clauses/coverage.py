"""What a run shows of each clause: which items bear on it, how they were answered, and why others show nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from pydantic import TypeAdapter

from jeval.clauses.schema import Clause, Evidence, Framework, Words, frameworks
from jeval.domain import HARDLY
from jeval.pipeline.domains import domains
from jeval.pipeline.score import served_beside
from jeval.reading import read_yaml
from jeval.record.samples import Sample
from jeval.record.schema import RunRecord
from jeval.resources import data_path
from jeval.statistics import Estimate, mean_interval

Status = Literal["direct", "partial", "not tested"]
Samples = Mapping[str, Sequence[Sample]]


@dataclass(frozen=True)
class TaskScore:
    """Of one task the ``n`` scored items that bear on a clause, and their mean score in [0, 1]."""

    name: str
    n: int
    score: float


@dataclass(frozen=True)
class ClauseCoverage:
    """One clause in one run.

    Attributes:
        status: as the map states it, "not tested" where this run shows nothing of it; "direct" becomes "partial" where the run
            lacks a task of those named.
        reasons: what these tests do not show, and what this run lacks besides; never empty but for "direct".
        estimate: mean score of all items that bear on it with its 95 % interval, items of one cluster (article, customer)
            counted as dependent; ``None`` where it is not tested.
        chance: what guessing earns on these items, ``None`` where an item does not say.
        tasks: the tasks that the items come from, in the order of the record.
        missing: tasks named as evidence that this run did not evaluate or could not score.
        served: where the items are such that must withhold, how rightful requests of the same domain were answered; ``None``
            elsewhere, and where the run has none. Who serves nobody and gives nothing away shows nothing: not tested.
    """

    clause: Clause
    status: Status
    reasons: tuple[Words, ...]
    estimate: Estimate | None = None
    chance: float | None = None
    tasks: tuple[TaskScore, ...] = ()
    missing: tuple[str, ...] = ()
    served: Estimate | None = None


@dataclass(frozen=True)
class FrameworkCoverage:
    """A framework in one run; ``stale``: checked more than a year before the run (or on a day that the record does not know),
    which ``warning`` then says.
    """

    framework: Framework
    clauses: tuple[ClauseCoverage, ...]
    stale: bool
    warning: Words | None

    def count(self, status: Status) -> int:
        """How many clauses have this status."""
        return sum(clause.status == status for clause in self.clauses)


def coverage(
    record: RunRecord, samples: Samples, maps: Sequence[Framework] | None = None
) -> tuple[FrameworkCoverage, ...]:
    """What a run shows of each clause of each framework.

    Args:
        record: the run.
        samples: its items by task.
        maps: the frameworks; default: those that jeval brings.

    Raises:
        InputError: a framework that cannot be read.
    """
    found = []
    for framework in maps if maps is not None else frameworks():
        warning = _age(framework, _day(record))
        clauses = tuple(_clause(clause, record, samples) for clause in framework.clauses)
        found.append(FrameworkCoverage(framework, clauses, warning is not None, warning))
    return tuple(found)


def _clause(clause: Clause, record: RunRecord, samples: Samples) -> ClauseCoverage:
    declared = (clause.reason,) if clause.reason else ()
    if clause.coverage == "none":
        return ClauseCoverage(clause, "not tested", declared)
    wanted = list(dict.fromkeys(name for evidence in clause.evidence for name in _tasks(evidence, record)))
    scored = [name for name in wanted if _is_scored(record, name) and samples.get(name)]
    missing = tuple(name for name in wanted if name not in scored)
    chosen = {name: _chosen(name, clause.evidence, record, samples[name]) for name in record.tasks if name in scored}
    chosen = {name: items for name, items in chosen.items() if items}
    if not chosen:
        return ClauseCoverage(
            clause, "not tested", (*declared, _why_not(wanted, scored, clause, record)), missing=missing
        )
    estimate, served = _estimate(chosen, record), _served(chosen, record, samples)
    if estimate.score == 1 and served is not None and served.score < HARDLY:
        return ClauseCoverage(clause, "not tested", (*declared, _words("silent")), missing=missing, served=served)
    more = [_words("missing", tasks=missing)] if missing else []
    return ClauseCoverage(
        clause,
        "partial" if more else clause.coverage,
        (*declared, *more),
        estimate,
        _chance([sample for items in chosen.values() for sample in items]),
        tuple(TaskScore(name, len(items), _mean(items)) for name, items in chosen.items()),
        missing,
        served,
    )


def _tasks(evidence: Evidence, record: RunRecord) -> Iterator[str]:
    """The tasks that may hold the items: those named, or those of a domain that count in its score."""
    yield from evidence.tasks
    for name, task in record.tasks.items():
        if evidence.domain and task.domain == evidence.domain and task.suite == "audit":
            yield name


def _is_scored(record: RunRecord, name: str) -> bool:
    return name in record.tasks and record.tasks[name].score is not None


def _chosen(name: str, evidence: Sequence[Evidence], record: RunRecord, items: Sequence[Sample]) -> list[Sample]:
    """Scored items that one of the entries names, each once."""
    entries = [entry for entry in evidence if name in _tasks(entry, record)]
    return [item for item in items if item.score is not None and any(matches(item.doc, entry) for entry in entries)]


def matches(doc: Mapping[str, object], evidence: Evidence) -> bool:
    """Whether an item has one of the values of each facet."""
    return all(str(doc.get(facet, "")) in values for facet, values in evidence.where.items())


def _why_not(wanted: Sequence[str], scored: Sequence[str], clause: Clause, record: RunRecord) -> Words:
    if scored:
        return _words("no_item")
    if any(name in record.tasks for name in wanted):
        return _words("not_scored", tasks=wanted)
    return _words("no_task", tasks=wanted or [entry.domain for entry in clause.evidence])


def _estimate(chosen: Mapping[str, Sequence[Sample]], record: RunRecord) -> Estimate:
    scores = [item.score for items in chosen.values() for item in items if item.score is not None]
    clusters = [(record.tasks[name].domain, item.cluster) for name, items in chosen.items() for item in items]
    return mean_interval(scores, clusters)


def _mean(items: Sequence[Sample]) -> float:
    return sum(item.score or 0.0 for item in items) / len(items)


def _chance(items: Sequence[Sample]) -> float | None:
    values = [item.doc.get("chance") for item in items]
    known = [float(value) for value in values if isinstance(value, (int, float)) and 0 <= value <= 1]
    return sum(known) / len(known) if len(known) == len(values) else None


def _served(chosen: Mapping[str, Sequence[Sample]], record: RunRecord, samples: Samples) -> Estimate | None:
    """How the rightful requests beside items that must withhold were answered."""
    controls = {
        name: items
        for name in served_beside(record.tasks, chosen)
        if (items := [item for item in samples.get(name, ()) if item.score is not None])
    }
    return _estimate(controls, record) if controls else None


def _day(record: RunRecord) -> date | None:
    """The day of the run, or the later one as of which it asked the law; ``None`` where the record has neither."""
    days = []
    for text in (record.timing.finished[:10], record.settings.as_of or ""):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            continue
    return max(days, default=None)


def _age(framework: Framework, day: date | None) -> Words | None:
    checked = framework.checked.isoformat()
    if day is None:
        return _words("undated", checked=[checked])
    return _words("stale", checked=[checked]) if (day - framework.checked).days > 365 else None


@lru_cache(maxsize=1)
def _sentences() -> dict[str, Words]:
    return TypeAdapter(dict[str, Words]).validate_python(
        read_yaml(data_path("frameworks", "knowledge", "reasons.yaml"))
    )


def _words(key: str, **gaps: Sequence[str]) -> Words:
    """A sentence with its gaps filled; a domain is called by its title."""
    found = _sentences()[key]
    filled = {
        lang: {
            gap: ", ".join(domains()[one].title(lang) if one in domains() else one for one in names)
            for gap, names in gaps.items()
        }
        for lang in ("ja", "en")
    }
    return Words(ja=found.ja.format(**filled["ja"]), en=found.en.format(**filled["en"]))
