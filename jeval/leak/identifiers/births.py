"""Dates said to be somebody's birth; other dates are not personal data by themselves."""

from __future__ import annotations

import re
from functools import lru_cache

from jeval.leak.dates import find_dates
from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.people import people
from jeval.leak.knowledge import any_of

_BEFORE = 24


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What says so before a date, and behind it."""
    words = people()
    return (
        re.compile(
            rf"(?:{any_of(words['birth_before'])})[^0-9。\n(]{{0,12}}(?:\([^)\n]{{0,10}}\)?)?[^0-9。\n(]{{0,6}}\n?[ ]*\Z",
            re.IGNORECASE,
        ),
        re.compile(rf"[ )）]{{0,2}}(?:{any_of(words['birth_after'])}|生(?![0-9一-鿿]))"),
    )


def find_birth_dates(text: str) -> list[Found]:
    """Dates of birth in folded text."""
    before, after = _patterns()
    return [
        Found(match.start(), match.end(), "birth_date", "shaped")
        for match, _ in find_dates(text)
        if before.search(text[max(0, match.start() - _BEFORE) : match.start()]) or after.match(text, match.end())
    ]
