"""Runs compared item by item.

Runs are paired by what was asked, not by where it lay: a task by its version, an item by its id and content. A run
recorded before files were moved or a sentence of the report was mended can be compared with one after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jeval.digests import value_digest
from jeval.errors import InputError
from jeval.record.samples import read_samples
from jeval.record.schema import RunRecord, Written
from jeval.record.store import read_record
from jeval.statistics import paired_difference


class Comparison(Written):
    """The paired difference of one run from the reference on one task, over the ``n`` items that both have scored.

    Items of one of the ``clusters`` (an article, a frame, a record) depend on each other, and the interval counts them so.
    """

    task: str
    run: str
    reference: str
    difference: float
    interval: tuple[float, float]
    n: int
    clusters: int


def compare_runs(folders: Sequence[Path]) -> list[Comparison]:
    """Paired differences of every run from the first, over the items that both have scored.

    Raises:
        InputError: fewer than two runs, a folder without a run, or a run without one item of the first's.
    """
    if len(folders) < 2:
        raise InputError("compare needs at least two run folders")
    records = [read_record(Path(folder)) for folder in folders]
    rows: list[Comparison] = []
    for folder, record in zip(folders[1:], records[1:], strict=True):
        found = [
            row
            for task in records[0].tasks
            if _alike(records[0], record, task) and (row := _paired(task, Path(folder), Path(folders[0])))
        ]
        if not found:
            raise InputError(
                f"{folder} has no scored item of {folders[0]} (other tasks, task versions or items); run both again"
            )
        rows += found
    order = list(records[0].tasks)
    return sorted(rows, key=lambda row: order.index(row.task))


def _alike(one: RunRecord, other: RunRecord, task: str) -> bool:
    """Whether both runs have scored the task in the same version, by the same metric."""
    mine, theirs = one.tasks[task], other.tasks.get(task)
    if theirs is None or None in (mine.score, theirs.score):
        return False
    return (mine.version, mine.metric) == (theirs.version, theirs.metric)


@dataclass(frozen=True)
class Pairs:
    """Scores of the items that two runs have both scored, and what dependent items share."""

    scores: list[float]
    reference: list[float]
    clusters: list[str]

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(self.scores + other.scores, self.reference + other.reference, self.clusters + other.clusters)

    def difference(self) -> tuple[float, float, float]:
        """See :func:`jeval.statistics.paired_difference`."""
        return paired_difference(self.scores, self.reference, self.clusters)


def pairs(task: str, folder: Path, reference: Path) -> Pairs:
    """Scores of ``task`` in two run folders, item by item."""
    base, other = _scores(reference, task), _scores(folder, task)
    shared = [key for key in base if key in other]
    return Pairs([other[key][0] for key in shared], [base[key][0] for key in shared], [base[key][1] for key in shared])


def _paired(task: str, folder: Path, reference: Path) -> Comparison | None:
    found = pairs(task, folder, reference)
    if not found.scores:
        return None
    mean, low, high = found.difference()
    return Comparison(
        task=task,
        run=str(folder),
        reference=str(reference),
        difference=mean,
        interval=(low, high),
        n=len(found.scores),
        clusters=len(set(found.clusters)),
    )


def _scores(folder: Path, task: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Score and cluster by id and content of the item."""
    samples = read_samples(folder, task)
    return {(s.id, value_digest(s.doc)): (s.score, s.cluster) for s in samples if s.score is not None}
