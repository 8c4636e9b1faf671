"""What candidates are raced against."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jeval.fitness.result import FitnessResult

_SEEN = 8  # results that tell which tasks tell candidates apart


@dataclass(frozen=True)
class Standing:
    """What is known when a candidate is measured; its result depends on nothing else that was measured before.

    Attributes:
        incumbent: the best feasible full result so far.
        seen: scores by task and item of the latest full results.
    """

    incumbent: FitnessResult | None = None
    seen: tuple[dict[str, dict[str, float | None]], ...] = ()

    def after(self, result: FitnessResult) -> Standing:
        """What is known after a result: one that is broken or was stopped early changes nothing."""
        if result.error is not None or result.stopped_early:
            return self
        best = self.incumbent
        if result.feasible and (best is None or result.score > best.score):
            best = result
        return replace(self, incumbent=best, seen=(*self.seen, result.per_item)[-_SEEN:])
