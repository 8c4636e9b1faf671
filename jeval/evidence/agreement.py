"""How far two readers agree on yes or no."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.record.schema import Written
from jeval.statistics import wilson


class Share(Written):
    """The share of cases on which two readers say the same, with its 95 % Wilson interval."""

    agreement: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, same: Sequence[bool]) -> Share:
        share = sum(same) / len(same)
        low, high = wilson(share, len(same))
        return cls(agreement=round(share, 4), interval=(round(low, 4), round(high, 4)))


class Agreement(Written):
    """Two readers on one question.

    Attributes:
        kappa: agreement beyond chance (Cohen 1960); ``None`` where chance alone agrees on everything.
        positive_agreement: ``2a / (2a + b + c)``, agreement on "yes" (Dice 1945); ``None`` where neither says yes.
        first, second, both: how often the first, the second and both say yes.
    """

    kappa: float | None
    positive_agreement: float | None
    first: int
    second: int
    both: int

    @classmethod
    def of(cls, pairs: Sequence[tuple[bool, bool]]) -> Agreement:
        """From both readers' answers to the same cases (at least one)."""
        both = sum(a and b for a, b in pairs)
        first, second = sum(a for a, _ in pairs), sum(b for _, b in pairs)
        n = len(pairs)
        observed = sum(a == b for a, b in pairs) / n
        chance = first / n * second / n + (1 - first / n) * (1 - second / n)
        return cls(
            kappa=round((observed - chance) / (1 - chance), 4) if chance < 1 else None,
            positive_agreement=round(2 * both / (first + second), 4) if first + second else None,
            first=first,
            second=second,
            both=both,
        )
