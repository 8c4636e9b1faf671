"""What a rule looks at, measured: items selected, counted and put into an interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jeval.policy.bound import Observed
from jeval.policy.known import Known, subject_tasks
from jeval.policy.schema import Rule
from jeval.record.samples import Sample
from jeval.record.schema import DomainResult, RunRecord, TaskResult
from jeval.statistics import mean_interval

Samples = Callable[[str], Sequence[Sample]]


@dataclass(frozen=True)
class Missing:
    """Nothing was measured: why (as :class:`jeval.record.schema.RuleResult` has it), and what is meant."""

    why: str
    detail: str


@dataclass(frozen=True)
class Measured:
    """Scores that were measured.

    Attributes:
        whole: of all items; ``groups``: by the value of the facet that parts them, where the rule has one.
        worst: the score (of groups the lowest) were every item without one a failure; there are ``unscored`` such items.
    """

    whole: Observed
    groups: dict[str, Observed]
    worst: float
    unscored: int


def missing_tasks(names: Sequence[str], record: RunRecord) -> Missing | None:
    """Tasks of which nothing was scored; what was not run is not scored."""
    gone = {name: record.tasks[name].reason or "" if name in record.tasks else "not run" for name in names}
    gone = {
        name: reason for name, reason in gone.items() if name not in record.tasks or record.tasks[name].score is None
    }
    if not gone:
        return None
    return Missing("missing_tasks", "; ".join(f"{name} ({why})" if why else name for name, why in gone.items())[:1000])


def measure(rule: Rule, record: RunRecord, samples: Samples, known: Known) -> Measured | Missing:
    """The score of a rule's subject. Of a whole domain or a whole task it is the record's; of a selection, the mean of its items."""
    names = subject_tasks(rule, known)
    if not names:
        return Missing("no_items", rule.subject.words())
    if missing := missing_tasks(names, record):
        return missing
    subject = rule.subject
    if not (subject.where or rule.each):
        if subject.domain is not None and subject.side is None:
            domain = record.domains.get(subject.domain)
            if domain is None or domain.score is None:
                return Missing("missing_tasks", domain.method if domain else subject.domain)
            return _of_record(domain, names, record)
        if len(names) == 1:
            return _of_record(record.tasks[names[0]], names, record)
    items = [one for name in names for one in samples(name) if _selected(rule, one)]
    return _of_items(items, rule.each)


def _of_record(result: TaskResult | DomainResult, names: Sequence[str], record: RunRecord) -> Measured | Missing:
    if result.score is None or result.interval is None:
        return Missing("no_items", "")
    tasks = [record.tasks[name] for name in names]
    unscored = [max(0, record.tasks[name].not_scored - len(record.left_out.get(name, ()))) for name in names]
    sides: dict[str, list[tuple[Observed, float]]] = {}
    for task, lost in zip(tasks, unscored, strict=True):
        low, high = task.interval or (0.0, 1.0)
        seen = Observed(task.score or 0.0, low, high, task.n, task.clusters)
        sides.setdefault(task.side, []).append((seen, seen.value * task.n / max(1, task.n + lost)))
    worst = sum(sum(low for _, low in part) / len(part) for part in sides.values()) / len(sides)
    parts = (
        tuple(tuple(seen for seen, _ in part) for part in sides.values()) if isinstance(result, DomainResult) else ()
    )
    clusters = sum(task.clusters for task in tasks)
    whole = Observed(result.score, *result.interval, result.n, clusters, parts)
    return Measured(whole, {}, worst if any(unscored) else result.score, sum(unscored))


def _of_items(items: Sequence[Sample], each: str | None) -> Measured | Missing:
    groups: dict[str, list[Sample]] = {}
    for one in items if each else ():
        groups.setdefault(str(one.doc.get(str(each))), []).append(one)
    found = {name: _observed(group) for name, group in sorted(groups.items())}
    if empty := [name for name, group in found.items() if group is None]:
        return Missing("no_items", ", ".join(empty)[:1000])
    whole = _observed(items)
    if whole is None:
        return Missing("no_items", "")
    worst = min(sum(one.score or 0.0 for one in part) / len(part) for part in (groups.values() if each else [items]))
    scored = {name: group for name, group in found.items() if group is not None}
    return Measured(whole, scored, worst, len(items) - whole.n)


def _observed(items: Sequence[Sample]) -> Observed | None:
    scored = [(one.score, one.cluster) for one in items if one.score is not None]
    if not scored:
        return None
    found = mean_interval([score for score, _ in scored], [cluster for _, cluster in scored])
    return Observed(found.score, found.low, found.high, found.n, found.clusters)


def _selected(rule: Rule, sample: Sample) -> bool:
    if rule.each and sample.doc.get(rule.each) in (None, ""):
        return False
    return all(str(sample.doc.get(facet)) in values for facet, values in rule.subject.where.items())
