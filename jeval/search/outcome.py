"""What a search found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jeval.search.progress import Count
from jeval.statistics import Estimate


@dataclass(frozen=True)
class Scored:
    """A model on both suites, the weighted score on the same tasks, not adjusted for chance; ``gap`` is search less audit, with its interval."""

    name: str
    search: Estimate | None
    audit: Estimate | None = None
    gap: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Beaten:
    """The model found less a parent on the audit items, paired, with the 95 % interval.

    Attributes:
        detectable: the difference that so many items would find in four of five repetitions.
        needed: items of the like that would show this difference; ``None`` where it is shown, or no gain.
    """

    parent: str
    difference: float
    low: float
    high: float
    n: int
    detectable: float
    needed: int | None

    @property
    def beaten(self) -> bool:
        return self.low > 0


@dataclass(frozen=True)
class Found:
    """A candidate of the front, or the best."""

    number: int
    score: float
    objectives: dict[str, float]
    params: dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """The end of a search. ``best`` is ``None`` where no candidate keeps to the constraints."""

    out: Path
    count: Count
    seconds: float
    history: list[dict[str, Any]]
    front: list[Found]
    importances: dict[str, float]
    best: Found | None
    same: bool = False
    models: list[Scored] = field(default_factory=list)
    parents: list[Beaten] = field(default_factory=list)
    runs: dict[str, Path] = field(default_factory=dict)
    report: Path | None = None

    def summary(self) -> dict[str, Any]:
        """As one JSON object."""
        found = asdict(self)
        found["parents"] = [{**asdict(one), "beaten": one.beaten} for one in self.parents]
        found["runs"] = {name: str(path) for name, path in self.runs.items()}
        return {**found, "out": str(self.out), "report": str(self.report) if self.report else None}
