"""E-mail addresses and postal codes that no label names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.labels import ADDRESS
from jeval.leak.identifiers.pages import Page

_LOCAL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+-][A-Za-z0-9._%+-]{0,63}\Z")
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9_-])(?<!\.png|\.jpg|\.gif|\.svg)(?!\.[A-Za-z]|@|:[A-Za-z0-9_.-]*/)"
)
_POSTAL = re.compile(r"[0-9]{3}-[0-9]{4}(?<![0-9-].{8})(?![0-9-])(?=[ \n\x1f]{0,2}[一-鿿]{2,3}[都道府県])")
#: Ends that are code, not a domain (range.starts_on is none by its underscore already).
_LONGEST_LOCAL = 65


def find_emails(text: str) -> Iterator[Found]:
    """E-mail addresses in folded text."""
    place = text.find("@")
    while place >= 0:
        local = _LOCAL.search(text, max(0, place - _LONGEST_LOCAL), place)
        domain = _DOMAIN.match(text, place + 1) if local else None
        if local and domain and ".." not in local.group():
            yield Found(local.start(), domain.end(), "email", "shaped")
        place = text.find("@", place + 1)


def find_postal_codes(page: Page) -> Iterator[Found]:
    """Postal codes before a prefecture; those that a label names are found among the numbers."""
    for match in _POSTAL.finditer(page.text):
        if page.label(match.start()) in ("", ADDRESS):
            yield Found(match.start(), match.end(), "postal_code", "shaped")
