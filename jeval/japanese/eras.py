"""The eras of Japan since 1868, one table of them.

An era begins within a calendar year, so its first year shares the number of the Gregorian year it begins in: 令和元年 is 2019.
Sources: 明治 改元の詔 (慶応4年9月8日, counted from the first day of 1868), 大正 詔書 (1912-07-30), 昭和 詔書 (1926-12-25), and under
元号法 (昭和54年法律第43号) 元号を改める政令: 平成 (昭和64年政令第1号, from 1989-01-08), 令和 (平成31年政令第143号, from
2019-05-01). The letters are those of forms and identity cards (M, T, S, H, R).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Era:
    """One era; ``first`` is the Gregorian year that is its year 1 (元年)."""

    name: str
    letter: str
    first: int


ERAS = (
    Era("明治", "M", 1868),
    Era("大正", "T", 1912),
    Era("昭和", "S", 1926),
    Era("平成", "H", 1989),
    Era("令和", "R", 2019),
)

#: Name or letter of an era → the Gregorian year that is its year 1.
FIRST_YEARS: dict[str, int] = {**{era.name: era.first for era in ERAS}, **{era.letter: era.first for era in ERAS}}

#: The names as alternatives of a regular expression.
NAMES = "|".join(era.name for era in ERAS)

#: The letters, for a character class of a regular expression.
LETTERS = "".join(era.letter for era in ERAS)
