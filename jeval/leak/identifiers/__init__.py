"""Identifiers in a text: what, where, and how sure."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from jeval.leak.identifiers.births import find_birth_dates
from jeval.leak.identifiers.found import Found, Tier
from jeval.leak.identifiers.lettered import find_lettered
from jeval.leak.identifiers.mails import find_emails, find_postal_codes
from jeval.leak.identifiers.names import find_names
from jeval.leak.identifiers.numbers import find_numbers
from jeval.leak.identifiers.pages import Page
from jeval.leak.identifiers.places import find_addresses
from jeval.leak.identifiers.spaced import unspaced
from jeval.leak.identifiers.stated import find_stated
from jeval.leak.knowledge import table
from jeval.leak.normalise import fold

__all__ = ["Identifier", "Tier", "find_identifiers", "kinds", "mask"]


class Identifier(NamedTuple):
    """An identifier: ``kind``, offsets in code points of the text as given, and ``tier``.

    ``checked``: a check digit validates it; ``shaped``: form and the words beside it say so; ``likely``: a name without a label,
    by a dictionary of names and the sentence around it.
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
    folded = unspaced(fold(text))
    page = Page(folded.text)
    found = [
        *find_emails(page.text),
        *find_lettered(page),
        *find_stated(page),
        *find_birth_dates(page),
        *find_numbers(page),
        *find_postal_codes(page),
        *find_addresses(page),
        *find_names(page),
    ]
    return [Identifier(one.kind, *folded.span(one.start, one.end), one.tier) for one in _apart(found, len(page.text))]


def _apart(found: list[Found], size: int) -> list[Found]:
    """Those that win where two overlap, in the order of the text."""
    precedence = kinds()
    last = {"checked": 0, "likely": len(precedence) + 1}

    def rank(one: Found) -> tuple[int, int, int]:
        return last.get(one.tier, precedence[one.kind]), one.start, -one.end

    taken = bytearray(size)
    chosen = []
    for one in sorted(found, key=rank):
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
