"""Addresses down to the block (番地, 丁目・番・号), in Japanese and in Latin letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jeval.japanese.numerals import SMALL
from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.pages import Page
from jeval.leak.knowledge import by_class

_KANJI = f"{SMALL}百〇"
_NUMBER = rf"(?:[0-9]{{1,5}}|[{_KANJI}]{{1,6}})"
_TAIL = rf"(?:{_NUMBER}(?:番(?!町)地?|-)?(?:の?{_NUMBER}号?|[ -]?{_NUMBER}号?)?)?"
_BLOCK = (
    rf"(?:(?:[東西南北]{_NUMBER}[条線](?:[東西南北]|通り?)?|{_NUMBER}[条線](?:[東西南北]|通り?))[ ]?(?:{_NUMBER}丁目[ ]?)?{_TAIL}"
    rf"|第?{_NUMBER}地割[ ]?{_NUMBER}(?:番地?)?(?:の?{_NUMBER}号?)?"
    rf"|{_NUMBER}丁目[ ]?{_TAIL}"
    rf"|{_NUMBER}番(?!町)地?(?:の?{_NUMBER}(?:号)?|[イロハニホ甲乙丙丁](?![一-鿿ァ-ヴー]))?"
    r"|[0-9]{1,5}(?:の[0-9]{1,5}){1,3}(?![0-9年月日つ個人])"
    r"|[0-9]{1,5}(?:-[0-9]{1,5}){1,3})"
)
_CHARACTERS = "一-鿿々ヶケぁ-んァ-ヴーノ"
_WORD = rf"[{_CHARACTERS}]"
#: An anchor with a number of a block behind it, and no end of the sentence between.
_ANCHOR = re.compile(rf"[都道府県市区町村郡](?=[^0-9。、\n]{{0,24}}?(?:[0-9]|[{_KANJI}]{{1,6}}[丁番条線地]))")
#: How far before its first 都, 市, … an address may begin.
_BEFORE = 13
#: No address: a date, or a score, behind a word that is none of a place.
_DATE = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{1,2}(?:-[0-9]{1,2})?\Z")
_SENTENCE = re.compile(r"[はがをで](?=[0-9])|[市区町村]の[0-9]|(?:では|には|から|まで|との|にて|での)")
_LATIN = re.compile(
    r"[0-9](?<![0-9A-Za-z-].)[0-9]{0,3}(?:-[0-9]{1,4}){1,3},? (?:[A-Z][A-Za-zōū]{1,20}(?:-[a-z]{2,6})?,? ){0,4}?"
    r"[A-Z][A-Za-zōū]{1,20}(?:-(?:ku|shi|gun|machi|cho|mura|ken|to|fu)|,? (?:City|Ward|Tokyo|Osaka|Kyoto|Japan|Hokkaido))"
    r"(?:,? [A-Z][A-Za-zōū]{1,20}(?:-[a-z]{2,6})?){0,3}"
)
_LATIN_PLACE = re.compile(r"-(?:ku|shi|gun|machi|cho|mura|ken)|City|Ward|Tokyo|Osaka|Japan|Kyoto")


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


def find_addresses(page: Page) -> list[Found]:
    """Addresses of a page. Each starts at a prefecture or municipality and ends with its block number."""
    patterns, text = _patterns(), page.text
    found: list[Found] = []
    end = 0
    for anchor in _ANCHOR.finditer(text):
        if anchor.start() < end:
            continue
        match = _before(text, anchor.start(), patterns)
        if match is not None and match.start() >= end and not _other(match.group()):
            found.append(Found(match.start(), match.end(), "address", "shaped"))
            end = match.end()
    return [*found, *_latin(text)]


def _other(found: str) -> bool:
    """Whether what was found is a date, or what happened at a place."""
    return _DATE.search(found) is not None or _SENTENCE.search(found) is not None


def _latin(text: str) -> Iterator[Found]:
    if not _LATIN_PLACE.search(text):
        return
    for match in _LATIN.finditer(text):
        yield Found(match.start(), match.end(), "address", "shaped")


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
