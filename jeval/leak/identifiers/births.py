"""Dates said to be somebody's birth; other dates are not personal data by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from jeval.japanese.eras import LETTERS, NAMES
from jeval.japanese.numerals import SMALL, small_number
from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.labels import BIRTH
from jeval.leak.identifiers.pages import Page
from jeval.leak.identifiers.people import people
from jeval.leak.identifiers.tries import trie

_N = rf"(?:[0-9]{{1,2}}|[{SMALL}]{{1,3}})"
_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DATE = re.compile(
    rf"(?:19|20)[0-9]{{2}}[ ]?(?:年|[-/.・])[ ]?(?P<m1>{_N})[ ]?(?:月|[-/.・])[ ]?(?P<d1>{_N})日?(?![0-9])"
    rf"|(?:{NAMES}|[明大昭平令]|[{LETTERS}](?=[0-9. ])\.?)[ ]?(?:[0-9]{{1,2}}|元|[{SMALL}]{{1,3}})[ ]?(?:年|[./・-])[ ]?"
    rf"(?P<m2>{_N})[ ]?(?:月|[./・-])[ ]?(?P<d2>{_N})日?(?![0-9])"
    r"|(?:19|20)[0-9]{2}(?P<m3>[0-9]{2})(?P<d3>[0-9]{2})(?![0-9])"
    r"|(?P<d4>[0-9]{1,2})[/.-](?P<m4>[0-9]{1,2})[/.-](?:19|20)[0-9]{2}(?![0-9])"
    rf"|{_MONTHS} (?P<d5>[0-9]{{1,2}}),? (?:19|20)[0-9]{{2}}(?![0-9])|(?P<d6>[0-9]{{1,2}}) {_MONTHS},? (?:19|20)[0-9]{{2}}(?![0-9])"
)  # fmt: skip
#: What may stand between the label and the date.
_BETWEEN = re.compile(
    r"(?:[ :=はがのもを、「]|\([^()\n0-9]{0,12}[0-9]?[^()\n0-9]{0,8}\)|\(|西暦|和暦|ですが|として|について|です|欄に|に|年月日|日|<[^<>\n]{0,40}>|['\"|\x1f]){0,8}\n?[ ]{0,4}"
)
_START = re.compile(r"[0-9A-Z明大昭平令]")
_BACK = 24
_LAST = frozenset(f"日0123456789{SMALL}")


@lru_cache(maxsize=1)
def _after() -> re.Pattern[str]:
    """What says so behind a date."""
    return re.compile(rf"(?:{trie([*people()['birth_after'], '生'])})(?<!生(?=[0-9一-鿿]))")


def find_birth_dates(page: Page) -> Iterator[Found]:
    """Dates of birth of a page: behind a label, in a column of them, in the turn that answers, before 生まれ."""
    text = page.text
    for mark in page.marks:
        if mark.kind == BIRTH:
            for start in page.values(mark):
                match = _dated(text, start)
                if match is not None:
                    yield Found(match.start(), match.end(), "birth_date", "shaped")
                    break
    for cell in page.cells:
        if cell.kind == BIRTH:
            match = _dated(text, cell.start)
            if match is not None and match.end() <= cell.end:
                yield Found(match.start(), match.end(), "birth_date", "shaped")
    yield from _before_birth(text)


def _before_birth(text: str) -> Iterator[Found]:
    for match in _after().finditer(text):
        end = match.start()
        while end > 0 and text[end - 1] in " )":
            end -= 1
        if match.start() - end > 2 or text[end - 1 : end] not in _LAST:
            continue
        for first in _START.finditer(text, max(0, end - _BACK), end):
            date = _DATE.match(text, first.start())
            if date is not None and date.end() == end and _possible(date):
                yield Found(date.start(), date.end(), "birth_date", "shaped")
                break


def _dated(text: str, start: int) -> re.Match[str] | None:
    """The date that begins at ``start``, or behind words that do not part it from its label."""
    gap = _BETWEEN.match(text, start)
    match = _DATE.match(text, gap.end() if gap else start)
    return match if match is not None and _possible(match) else None


def _whole(number: str) -> int | None:
    return int(number) if number.isascii() else small_number(number)


def _possible(match: re.Match[str]) -> bool:
    """Whether month and day are those of a calendar."""
    parts = {name[0]: _whole(value) for name, value in match.groupdict().items() if value}
    month, day = parts.get("m", 1), parts.get("d", 1)
    if month is None or day is None:
        return False
    return 1 <= day <= 31 and (1 <= month <= 12 or (day <= 12 and month <= 31))
