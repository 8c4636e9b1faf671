"""Addresses down to the block (番地, 丁目・番・号)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from jeval.japanese.numerals import SMALL
from jeval.leak.identifiers.found import Found
from jeval.leak.knowledge import by_class

_KANJI = f"{SMALL}百〇"
_NUMBER = rf"(?:[0-9]{{1,5}}|[{_KANJI}]{{1,6}})"
_BLOCK = (
    rf"(?:{_NUMBER}丁目[ ]?(?:{_NUMBER}(?:番地?|-)?(?:の?{_NUMBER}号?|[ -]?{_NUMBER}号?)?)?"
    rf"|{_NUMBER}番地?(?:の?{_NUMBER}(?:号)?)?"
    r"|[0-9]{1,5}(?:-[0-9]{1,5}){1,3})"
)
_CHARACTERS = "一-鿿々ヶケぁ-んァ-ヴー"
_WORD = rf"[{_CHARACTERS}]"
_ANCHOR = re.compile(r"[都道府県市区町村郡]")
_DIGIT = re.compile(rf"[0-9{_KANJI}]")
#: How far before its first 都, 市, … an address may begin, and how far behind it its first number may stand.
_BEFORE, _BEHIND = 13, 30


@dataclass(frozen=True)
class _Patterns:
    """``address``: a whole one; ``edge``: what an address cannot reach back over."""

    address: re.Pattern[str]
    edge: re.Pattern[str]


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    words = by_class("places.tsv", ("class", "word"), ("prefecture", "before"))
    prefectures = "|".join(words["prefecture"])
    city = rf"(?:{_WORD}{{1,6}}?[市郡])?(?:{_WORD}{{1,6}}?[市区町村])"
    return _Patterns(
        re.compile(rf"(?:(?:{prefectures})[ ]?(?:{city})?|{city})[ ]?{_WORD}{{0,12}}?[ ]?{_BLOCK}(?![0-9-])"),
        re.compile(rf"[^{_CHARACTERS} ]|(?:{'|'.join(words['before'])})(?=[一-鿿])"),
    )


def find_addresses(text: str) -> list[Found]:
    """Addresses in folded text. Each starts at a prefecture or municipality and ends with its block number."""
    patterns = _patterns()
    found: list[Found] = []
    for anchor in _ANCHOR.finditer(text):
        end = found[-1].end if found else 0
        if anchor.start() < end or not _DIGIT.search(text, anchor.end(), anchor.end() + _BEHIND):
            continue
        match = _before(text, anchor.start(), patterns)
        if match is not None and match.start() >= end:
            found.append(Found(match.start(), match.end(), "address", "shaped"))
    return found


def _before(text: str, anchor: int, patterns: _Patterns) -> re.Match[str] | None:
    """The address that begins the furthest before ``anchor``."""
    low = max(0, anchor - _BEFORE)
    start = low
    for edge in patterns.edge.finditer(text[low:anchor]):
        start = low + edge.end()
    for first in range(start, anchor + 1):
        match = patterns.address.match(text, first)
        if match is not None:
            return match
    return None
