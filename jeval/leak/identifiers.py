"""Identifiers in a text: what, where, and how sure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from jeval.leak.normalise import fold
from jeval.leak.numbers import Found, find_lettered, find_numbers, label_of
from jeval.leak.people import find_birth_dates, find_names
from jeval.leak.places import find_addresses

Tier = Literal["checked", "shaped"]

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
_POSTAL = re.compile(r"(?<![0-9-])([0-9]{3}-[0-9]{4})(?![0-9-])(?=[ \n]{0,2}[一-鿿]{2,3}[都道府県])")
_ORDER = ("email", "yucho_account", "insured_number", "residence_card", "passport", "birth_date")


@dataclass(frozen=True)
class Identifier:
    """An identifier: ``kind``, offsets in code points of the text as given, and ``tier``.

    ``checked``: a check digit validates it; ``shaped``: form and the words beside it say so.
    """

    kind: str
    start: int
    end: int
    tier: Tier


def find_identifiers(text: str) -> list[Identifier]:
    """Identifiers of ``text`` in order, none overlapping another; time is linear in the length of the text."""
    folded = fold(text)
    flat = folded.text
    found: list[Found] = [(m.start(), m.end(), "email", "shaped") for m in _EMAIL.finditer(flat)]
    found += find_lettered(flat)
    found += find_birth_dates(flat)
    found += find_numbers(flat)
    found += [
        (m.start(1), m.end(1), "postal_code", "shaped")
        for m in _POSTAL.finditer(flat)
        if label_of(flat, m.start()) == ""
    ]
    found += find_addresses(flat)
    found += find_names(flat)

    def rank(item: Found) -> tuple[int, int]:
        first = 0 if item[3] == "checked" else _ORDER.index(item[2]) + 1 if item[2] in _ORDER else 9
        return first, item[0]

    taken = bytearray(len(flat))
    chosen: list[Identifier] = []
    for start, end, kind, tier in sorted(found, key=rank):
        if not any(taken[start:end]):
            taken[start:end] = b"\x01" * (end - start)
            chosen.append(Identifier(kind, *folded.span(start, end), tier))  # type: ignore[arg-type]
    return sorted(chosen, key=lambda identifier: identifier.start)


def mask(text: str) -> str:
    """``text`` with every letter and digit of its identifiers replaced by ``●``; the length stays."""
    characters = list(text)
    for identifier in find_identifiers(text):
        for index in range(identifier.start, identifier.end):
            if characters[index].isalnum():
                characters[index] = "●"
    return "".join(characters)
