"""The units of quantities: ``data/finreg/knowledge/units.tsv``, by the word that stands right after a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from jeval.finreg import knowledge

RATIO = "割合"
BARE = ""
# 五分: five percent in a rate, five minutes of time. Without 年, 割 or 間 beside it the text does not say which.
AMBIGUOUS_BU = "分"


@dataclass(frozen=True)
class Unit:
    """A row of the table.

    Attributes:
        pattern: regular expression of the word.
        unit: the canonical unit, ``factor`` of which are one of the word's.
        unless: what must not follow, or the word is another one (人口); "" for nothing.
    """

    pattern: str
    unit: str
    factor: Fraction
    unless: str


@lru_cache(maxsize=1)
def units() -> tuple[Unit, ...]:
    """The units in the order in which they are tried."""
    rows = knowledge.table("units.tsv", ("pattern", "unit", "factor", "unless"))
    return tuple(
        Unit(pattern, unit, Fraction(factor), "" if unless == "-" else unless) for pattern, unit, factor, unless in rows
    )


def unit_of(word: str) -> Unit | None:
    """The row of the table that the whole word is of."""
    return next((row for row in units() if re.fullmatch(row.pattern, word)), None)


def counter(word: str) -> tuple[Unit, ...]:
    """The word as a unit of its own where the table lacks it, so that an item may ask for 本 or 冊; else nothing."""
    if not word or word in (RATIO, "%", "％", "割") or unit_of(word):
        return ()
    return (Unit(re.escape(word), word, Fraction(1), ""),)
