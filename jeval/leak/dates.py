"""Dates written out with year, month and day, by 西暦 or 元号."""

from __future__ import annotations

import re
from datetime import date

from jeval.japanese.eras import FIRST_YEARS, LETTERS, NAMES
from jeval.japanese.numerals import SMALL, small_number

_MONTH = rf"[0-9]{{1,2}}|[{SMALL}]{{1,2}}"
_DAY = rf"[0-9]{{1,2}}|[{SMALL}]{{1,3}}"
_DATE = re.compile(
    rf"(?P<year>(?:19|20)[0-9]{{2}})[ ]?(?:年|[-/.])[ ]?(?P<month>{_MONTH})[ ]?(?:月|[-/.])[ ]?(?P<day>{_DAY})日?"
    rf"|(?P<era>{NAMES}|[{LETTERS}](?=[0-9]))[ ]?(?P<eyear>[0-9]{{1,2}}|元|[{SMALL}]{{1,3}})[ ]?(?:年|[./-])[ ]?"
    rf"(?P<emonth>{_MONTH})[ ]?(?:月|[./-])[ ]?(?P<eday>{_DAY})日?"
    rf"|(?<![0-9])(?P<packed>(?:19|20)[0-9]{{6}})(?![0-9])"
)


def era_year(era: str, year: str) -> int | None:
    """The 西暦 year of a year of an era (昭和, 四十三; 令和, 元); ``None`` where ``year`` is no number."""
    number = 1 if year == "元" else small_number(year)
    return None if number is None else FIRST_YEARS[era] - 1 + number


def find_dates(text: str) -> list[tuple[re.Match[str], date]]:
    """Every date of folded text, with where it stands; what names no day (2月30日) is none."""
    return [(match, day) for match in _DATE.finditer(text) if (day := _read(match)) is not None]


def _read(match: re.Match[str]) -> date | None:
    if packed := match["packed"]:
        return _day(int(packed[:4]), int(packed[4:6]), int(packed[6:]))
    if match["year"]:
        return _day(int(match["year"]), small_number(match["month"]), small_number(match["day"]))
    return _day(era_year(match["era"], match["eyear"]), small_number(match["emonth"]), small_number(match["eday"]))


def _day(year: int | None, month: int | None, day: int | None) -> date | None:
    if year is None or month is None or day is None:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
