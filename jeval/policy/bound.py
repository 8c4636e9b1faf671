"""What an interval decides about a threshold, and how many items would decide it.

Both ends of the intervals of :mod:`jeval.statistics` are ends ``b`` of a Wilson interval at the effective size m of the sample,
for which (p - b)² = z² b(1 - b) / m. Solved for m, a bound tells of how many independent items the rate p is; solved for b at
another z or m, how wide the interval is at another confidence, or with more items like these, whatever clusters it respects.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from jeval.statistics import Z95, Estimate, combine, wilson

Decided = Literal["pass", "fail", "undecided"]
LARGEST = 1 << 53
_LAST_BITS = 1e-12  # of a sum: 1 - 0.9 is not 0.1


@dataclass(frozen=True)
class Observed:
    """A share with its 95 % interval, of ``n`` items in ``clusters`` clusters; ``sides``: the tasks that it is averaged from, by the
    sides that are averaged first (none where it is of items).
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int
    sides: tuple[tuple[Observed, ...], ...] = ()

    def mirrored(self) -> Observed:
        """Of the failures, where this is of the successes."""
        sides = tuple(tuple(part.mirrored() for part in side) for side in self.sides)
        return Observed(1 - self.value, 1 - self.high, 1 - self.low, self.n, self.clusters, sides)

    def at(self, confidence: float) -> tuple[float, float]:
        """The interval at another confidence."""
        return self._ends(NormalDist().inv_cdf((1 + confidence) / 2), 1.0)

    def times(self, factor: float) -> tuple[float, float]:
        """The interval, were there so many times as many items like these."""
        if not self.sides:
            return self._ends(Z95, factor)
        parts = [combine([_estimate(part, factor) for part in side]) for side in self.sides]
        whole = combine(parts)
        return whole.low, whole.high

    def best(self, *, at_least: bool) -> Observed:
        """Of these clusters, were there not one failure (not one success, where few are wanted)."""
        value = float(at_least)
        if not self.sides:
            return Observed(value, *wilson(value, self.clusters), self.n, self.clusters)
        sides = tuple(tuple(part.best(at_least=at_least) for part in side) for side in self.sides)
        blank = Observed(value, 0.0, 1.0, self.n, self.clusters, sides)
        low, high = blank.times(1.0)
        return Observed(value, low, high, self.n, self.clusters, sides)

    def _ends(self, z: float, factor: float) -> tuple[float, float]:
        def end(bound: float, place: int) -> float:
            size = effective(self.value, bound)
            return bound if math.isinf(size) or size == 0 else wilson(self.value, size * factor, z)[place]

        return end(self.low, 0), end(self.high, 1)


def _estimate(part: Observed, factor: float) -> Estimate:
    low, high = part.times(factor)
    return Estimate(part.value, 0.0, low, high, part.n, part.clusters)


def effective(p: float, bound: float, z: float = Z95) -> float:
    """Of how many independent trials ``bound`` is an end of Wilson's interval of the share ``p``; infinite where it is ``p``."""
    return math.inf if bound == p else z * z * bound * (1 - bound) / (p - bound) ** 2


def decide(low: float, high: float, threshold: float, *, at_least: bool) -> Decided:
    """``pass``: the whole interval is on the right side of the threshold, which may touch it; ``fail``: the whole is on the other,
    and does not.
    """
    near, far = (low - threshold, high - threshold) if at_least else (threshold - high, threshold - low)
    return "pass" if near >= -_LAST_BITS else "fail" if far < -_LAST_BITS else "undecided"


def judged(seen: Observed, threshold: float, *, at_least: bool) -> tuple[Decided, Observed]:
    """What is decided, and of what ``n`` more would decide.

    What would not pass without one failure does not pass with some. Where nothing varies, an interval has the clusters alone to go
    by and is wide; failures here and there show how little they matter and make it narrow.
    """
    outcome, best = decide(seen.low, seen.high, threshold, at_least=at_least), seen.best(at_least=at_least)
    if outcome == "pass" and decide(best.low, best.high, threshold, at_least=at_least) != "pass":
        return "undecided", best
    return outcome, seen


def needed(seen: Observed, threshold: float) -> int | None:
    """The fewest items like these that decide about the threshold, at the rate observed; ``None``: no number does."""
    if abs(threshold - seen.value) < _LAST_BITS or not 0 < threshold < 1:
        return None

    def decides(items: int) -> bool:
        low, high = seen.times(items / seen.n)
        return low >= threshold if threshold < seen.value else high <= threshold

    short, enough = seen.n, 2 * seen.n
    while not decides(enough):
        if enough >= LARGEST:
            return LARGEST
        short, enough = enough, 2 * enough
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if decides(middle) else (middle, enough)
    return enough


def needed_pairs(n: int, distance: Callable[[int], float], gap: float) -> int | None:
    """The fewest pairs like these ``n`` that decide, to within a few per cent.

    Args:
        distance: from the difference to the end of its interval that faces the threshold, were these pairs seen so many times over.
        gap: from the difference to the threshold.
    """
    if gap < _LAST_BITS:
        return None
    times, before = 1, distance(1)
    while before > gap and times < 64:
        after = distance(2 * times)
        if after <= gap:  # between the two the distance is a power of the number, nearly
            return math.ceil(n * times * 2 ** (math.log(before / gap) / math.log(before / after)))
        times, before = 2 * times, after
    return min(math.ceil(n * times * max(1.0, before / gap) ** 2), LARGEST)
