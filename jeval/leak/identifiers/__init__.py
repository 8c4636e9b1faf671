"""Identifiers in a text: what, where, and how sure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from jeval.leak.identifiers.births import find_birth_dates
from jeval.leak.identifiers.found import Found, Tier
from jeval.leak.identifiers.labels import label_of
from jeval.leak.identifiers.lettered import find_lettered
from jeval.leak.identifiers.names import find_names
from jeval.leak.identifiers.numbers import find_numbers
from jeval.leak.identifiers.places import find_addresses
from jeval.leak.knowledge import table
from jeval.leak.normalise import fold

__all__ = ["Identifier", "Tier", "find_identifiers", "kinds", "mask"]

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
_POSTAL = re.compile(r"(?<![0-9-])([0-9]{3}-[0-9]{4})(?![0-9-])(?=[ \n]{0,2}[一-鿿]{2,3}[都道府県])")


@dataclass(frozen=True)
class Identifier:
    """An identifier: ``kind``, offsets in code points of the text as given, and ``tier``.

    ``checked``: a check digit validates it; ``shaped``: form and the words beside it say so.
    """

    kind: str
    start: int
    end: int
    tier: Tier


@lru_cache(maxsize=1)
def kinds() -> dict[str, int]:
    """The kinds of identifiers (``data/leak/knowledge/kinds.tsv``) → their precedence where two overlap, the lowest first.

    Raises:
        InputError: the table has another form.
    """
    rows = table("kinds.tsv", "kind", "overlap")
    return {kind: place if overlap == "first" else len(rows) for place, (kind, overlap) in enumerate(rows, 1)}


def find_identifiers(text: str) -> list[Identifier]:
    """Identifiers of ``text`` in order, none overlapping another; time is linear in the length of the text."""
    folded = fold(text)
    flat = folded.text
    found = [
        *(Found(m.start(), m.end(), "email", "shaped") for m in _EMAIL.finditer(flat)),
        *find_lettered(flat),
        *find_birth_dates(flat),
        *find_numbers(flat),
        *_postal_codes(flat),
        *find_addresses(flat),
        *find_names(flat),
    ]
    return [Identifier(one.kind, *folded.span(one.start, one.end), one.tier) for one in _apart(found, len(flat))]


def _postal_codes(text: str) -> list[Found]:
    """Postal codes before a prefecture; those that a label names are found among the numbers."""
    return [
        Found(match.start(1), match.end(1), "postal_code", "shaped")
        for match in _POSTAL.finditer(text)
        if label_of(text, match.start()) == ""
    ]


def _apart(found: list[Found], size: int) -> list[Found]:
    """Those that win where two overlap, in the order of the text."""
    precedence = kinds()
    taken = bytearray(size)
    chosen = []
    for one in sorted(found, key=lambda one: (0 if one.tier == "checked" else precedence[one.kind], one.start)):
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\x01" * (one.end - one.start)
            chosen.append(one)
    return sorted(chosen)


def mask(text: str, known: str = "") -> str:
    """``text`` with every letter and digit of its identifiers replaced by ``●``; the length stays.

    An identifier that ``known`` holds word for word stays readable: who reads ``known`` has it already.
    """
    characters = list(text)
    for identifier in find_identifiers(text):
        if text[identifier.start : identifier.end] in known:
            continue
        for index in range(identifier.start, identifier.end):
            if characters[index].isalnum():
                characters[index] = "●"
    return "".join(characters)
