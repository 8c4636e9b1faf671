"""Runs compared item by item.

Runs are paired by what was asked, not by where it lay: a task by its version, an item by its id and content. A run
recorded before files were moved or a sentence of the report was mended can be compared with one after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import Field

from jeval.digests import value_digest
from jeval.errors import InputError
from jeval.record.samples import read_samples
from jeval.record.schema import RunRecord, TaskResult, Written
from jeval.record.store import read_record
from jeval.statistics import detectable_difference, holm, paired_difference, sign_flip_p, weighted_difference

TOTAL = "total"


class Comparison(Written):
    """The paired difference of one run from the reference, over the ``n`` items that both have scored, ``of`` those that either has.

    Items of one of the ``clusters`` (an article, a frame, a record) depend on each other, and the interval counts them so.

    Attributes:
        level: what ``task`` names: a task, a domain (its tasks weighed as its score weighs them) or all domains, equally. Domains and
            the total are there only where both runs have scored all that either has of them.
        p: two-sided, of a sign-flip test over clusters; ``p_holm``: corrected for all tasks compared with this run (Holm 1979),
            ``None`` of domains and the total, which sum them up.
        detectable: the difference that so many pairs would find in four of five repetitions at 95 % (minimal detectable effect).
    """

    task: str
    level: Literal["task", "domain", "total"] = "task"
    run: str
    reference: str
    difference: float
    interval: tuple[float, float]
    n: int
    of: int
    clusters: int
    p: float
    p_holm: float | None = None
    detectable: float


class NotCompared(Written):
    """A task that could not be compared, and why."""

    task: str
    run: str
    reason: str


class Compared(Written):
    """What was compared, tasks first, then domains and the total; and what could not be, with the reason."""

    comparisons: list[Comparison]
    not_compared: list[NotCompared] = Field(default_factory=list)


def compare_runs(folders: Sequence[Path]) -> Compared:
    """Paired differences of every run from the first, over the items that both have scored.

    Raises:
        InputError: fewer than two runs, a folder without a run, or a run without one item of the first's.
    """
    if len(folders) < 2:
        raise InputError("compare needs at least two run folders")
    for first, second in combinations(folders, 2):
        if Path(first).resolve() == Path(second).resolve():
            raise InputError(f"compare: {second} is given twice; give the folders of different runs")
    records = [read_record(Path(folder)) for folder in folders]
    rows: list[Comparison] = []
    left: list[NotCompared] = []
    for folder, record in zip(folders[1:], records[1:], strict=True):
        both = _Both(Path(folder), Path(folders[0]), record, records[0])
        tasks = list(both.tasks())
        left += both.left
        if not tasks:
            why = "; ".join(f"{one.task}: {one.reason}" for one in both.left[:3]) or "other tasks or items"
            raise InputError(f"{folder} has no scored item of {folders[0]} ({why}); run both again")
        adjusted = holm([row.p for row in tasks])
        rows += [row.model_copy(update={"p_holm": p}) for row, p in zip(tasks, adjusted, strict=True)]
        rows += both.sums()
    levels = ("task", "domain", "total")
    names = list(dict.fromkeys([*records[0].tasks, *records[0].domains, TOTAL]))
    return Compared(
        comparisons=sorted(rows, key=lambda row: (levels.index(row.level), names.index(row.task))), not_compared=left
    )


@dataclass(frozen=True)
class Pairs:
    """Scores of the items that two runs have both scored, what dependent items share, and how many items either has scored."""

    scores: list[float]
    reference: list[float]
    clusters: list[str]
    of: int = 0

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(
            self.scores + other.scores,
            self.reference + other.reference,
            self.clusters + other.clusters,
            self.of + other.of,
        )

    @property
    def differences(self) -> list[float]:
        """Item by item."""
        return [one - other for one, other in zip(self.scores, self.reference, strict=True)]

    def difference(self) -> tuple[float, float, float]:
        """See :func:`jeval.statistics.paired_difference`."""
        return paired_difference(self.scores, self.reference, self.clusters)


def pairs(task: str, folder: Path, reference: Path) -> Pairs:
    """Scores of ``task`` in two run folders, item by item."""
    base, other = _scores(reference, task), _scores(folder, task)
    shared = [key for key in base if key in other]
    return Pairs(
        [other[key][0] for key in shared],
        [base[key][0] for key in shared],
        [base[key][1] for key in shared],
        len(base.keys() | other.keys()),
    )


class _Both:
    """Two runs, the second the reference."""

    def __init__(self, folder: Path, reference: Path, record: RunRecord, base: RunRecord) -> None:
        self.folder, self.reference, self.record, self.base = folder, reference, record, base
        self.left: list[NotCompared] = []
        self._pairs: dict[str, Pairs] = {}

    def tasks(self) -> Iterator[Comparison]:
        """Of every task that both have scored; what is left out is in ``left``."""
        for name, mine in self.base.tasks.items():
            theirs = self.record.tasks.get(name)
            if mine.score is None and (theirs is None or theirs.score is None):
                continue  # of neither
            if why := _unlike(mine, theirs):
                self._leave(name, why)
                continue
            found = pairs(name, self.folder, self.reference)
            if not found.scores:
                self._leave(name, "no item in common")
                continue
            self._pairs[name] = found
            yield self._row(name, "task", {name: 1.0})
        for name, task in self.record.tasks.items():
            if name not in self.base.tasks and task.score is not None:
                self._leave(name, "not in the reference")

    def sums(self) -> Iterator[Comparison]:
        """Domains, and their mean, of which both have all that either has."""
        whole: dict[str, dict[str, float]] = {}
        for domain in self.base.domains:
            weights = domain_weights(self.base, domain)
            if weights and domain_weights(self.record, domain) == weights and set(weights) <= set(self._pairs):
                whole[domain] = weights
                yield self._row(domain, "domain", weights)
        scored = {
            name for record in (self.base, self.record) for name, d in record.domains.items() if d.score is not None
        }
        if len(whole) > 1 and set(whole) == scored:
            weights = {task: w / len(whole) for part in whole.values() for task, w in part.items()}
            yield self._row(TOTAL, "total", weights)

    def _leave(self, task: str, reason: str) -> None:
        self.left.append(NotCompared(task=task, run=str(self.folder), reason=reason))

    def _row(self, name: str, level: Literal["task", "domain", "total"], weights: Mapping[str, float]) -> Comparison:
        parts = [self._pairs[task] for task in weights]
        labels = [_labels(task, self.base, self._pairs[task]) for task in weights]
        found = [(part.differences, label) for part, label in zip(parts, labels, strict=True)]
        if level == "task":
            mean, low, high = parts[0].difference()
        else:
            mean, low, high = weighted_difference(found, list(weights.values()))
        return Comparison(
            task=name,
            level=level,
            run=str(self.folder),
            reference=str(self.reference),
            difference=mean,
            interval=(low, high),
            n=sum(len(part.scores) for part in parts),
            of=sum(part.of for part in parts),
            clusters=len({one for label in labels for one in label}),
            p=sign_flip_p(found, list(weights.values())),
            detectable=detectable_difference(low, high),
        )


def domain_weights(record: RunRecord, domain: str) -> dict[str, float]:
    """What each task counts in a domain's score: sides equally, and the tasks of a side equally; empty where it has none."""
    if domain not in record.domains or record.domains[domain].score is None:
        return {}
    result = record.domains[domain]
    own = {
        name: task
        for name, task in record.tasks.items()
        if task.domain == domain.removesuffix("_search") and task.suite == result.suite and task.score is not None
    }
    sides: dict[str, list[str]] = {}
    for name, task in own.items():
        if task.side or not any(other.side for other in own.values()):
            sides.setdefault(task.side, []).append(name)
    return {name: 1 / len(sides) / len(part) for part in sides.values() for name in part}


def _labels(task: str, record: RunRecord, part: Pairs) -> list[tuple[str, str]]:
    """Clusters of a task's pairs; those of one domain may run through several tasks (an article, a customer)."""
    return [(record.tasks[task].domain, cluster) for cluster in part.clusters]


def _unlike(mine: TaskResult, theirs: TaskResult | None) -> str:
    """Why a task of both runs cannot be compared; "" where it can."""
    if theirs is None:
        return "not in the other run"
    if None in (mine.score, theirs.score):
        return "not scored"
    return theirs.unlike(mine)


def _scores(folder: Path, task: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Score and cluster by id and content of the item."""
    samples = read_samples(folder, task)
    return {(s.id, value_digest(s.doc)): (s.score, s.cluster) for s in samples if s.score is not None}
