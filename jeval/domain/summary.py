"""What the report sections of all domains are built from: scored items, grouped and estimated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jeval.domain.section import Cell
from jeval.record.samples import Sample
from jeval.statistics import Estimate, mean_interval

#: Where rightful requests are served less often than this, withholding shows nothing: who says nothing gives nothing away.
HARDLY = 0.1

Row = tuple[Mapping[str, Any], float]
"""An item as its task has it, and its score."""


@dataclass(frozen=True)
class TaskSamples:
    """The samples of one task in a run; ``kind``, ``suite`` and ``side`` as the task's metadata has them, ``title`` in the language
    of the report.
    """

    name: str
    kind: str
    suite: str
    side: str
    samples: Sequence[Sample]
    title: str = ""

    @property
    def scored(self) -> list[Row]:
        """Items with a score."""
        return [(sample.doc, sample.score) for sample in self.samples if sample.score is not None]

    def metric(self, name: str) -> list[float]:
        """The values of one of the task's own metrics, of the items that have it."""
        return [value for sample in self.samples if (value := sample.metrics.get(name)) is not None and value == value]


def estimate(rows: Iterable[Row]) -> Estimate:
    """Mean score with its 95 % interval, items of one cluster counted as dependent."""
    kept = list(rows)
    return mean_interval([score for _, score in kept], [str(doc.get("cluster") or doc["id"]) for doc, _ in kept])


def estimate_cells(rows: Iterable[Row]) -> list[Cell]:
    """n, score, low, high: the cells of a table row."""
    found = estimate(rows)
    return [found.n, found.score, found.low, found.high]


def grouped(rows: Iterable[Row], facet: str | Callable[[Mapping[str, Any]], str]) -> dict[str, list[Row]]:
    """Rows by a field of the item ("-" where it is empty), in the order in which its values first occur."""
    key = facet if callable(facet) else lambda doc: str(doc.get(facet) or "-")
    groups: dict[str, list[Row]] = {}
    for doc, score in rows:
        groups.setdefault(key(doc), []).append((doc, score))
    return groups
