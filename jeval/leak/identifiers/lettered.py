"""Identifiers that mix letters and digits, and pairs of 記号 and 番号."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.labels import label_of, words

_ID_CARD = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[ -]?[0-9]{8}[ -]?[A-Z]{2}(?![A-Za-z0-9])")
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[ -]?[0-9]{7}(?![A-Za-z0-9-])")
#: First and second letters of passports issued by Japan; others count only where a label says so.
_ISSUED = ("TM", "KRSTZUGHJ")
_YUCHO = re.compile(
    r"(?:記号)?[ :]{0,2}((?<![0-9])[01][0-9]{3}0(?:[ -]{0,2}[0-9])?[ ,、/・|\n-]{0,3}(?:(?:の)?番号[ :]{0,2})?[0-9]{1,7}[01])(?![0-9-])"
)
_SYMBOL = r"(?:[0-9]{1,8}|[ぁ-ん]{1,4}|[一-鿿ァ-ヴ]{1,3}[ -]?[0-9]{0,6})"
_INSURED = re.compile(
    rf"記号(?:[・/]?番号)?[ :はが]{{0,3}}({_SYMBOL}(?:[ ,、/・|\n-]{{1,3}}|[ ,、/・|\n-]{{0,3}}(?:の)?番号[ :はが]{{0,3}})[0-9]{{1,8}})(?![0-9-])"
)
#: How far before a pair the words are looked for that say whose it is.
_NEAR = 24


def find_lettered(text: str) -> list[Found]:
    """在留カード and 旅券 numbers in folded text, and 記号・番号 pairs of ゆうちょ and of the health insurance."""
    return [*_residence_cards(text), *_passports(text), *_yucho_accounts(text), *_insured_numbers(text)]


def _residence_cards(text: str) -> Iterator[Found]:
    for match in _ID_CARD.finditer(text):
        if label_of(text, match.start()) in {"", "residence_card"}:
            yield Found(match.start(), match.end(), "residence_card", "shaped")


def _passports(text: str) -> Iterator[Found]:
    first, second = _ISSUED
    for match in _PASSPORT.finditer(text):
        label, letters = label_of(text, match.start()), match.group()
        if label == "passport" or (label == "" and letters[0] in first and letters[1] in second):
            yield Found(match.start(), match.end(), "passport", "shaped")


def _yucho_accounts(text: str) -> Iterator[Found]:
    near, not_near = words().near["yucho_account"], words().not_near["yucho_account"]
    for match in _YUCHO.finditer(text):
        window = text[max(0, match.start() - _NEAR) : match.end()]
        spoken = ("記号" in window and "番号" in window) or near.search(window)
        if spoken and not not_near.search(window):
            yield Found(match.start(1), match.end(1), "yucho_account", "shaped")


def _insured_numbers(text: str) -> Iterator[Found]:
    near = words().near["insured_number"]
    for match in _INSURED.finditer(text):
        if near.search(text, max(0, match.start() - _NEAR), match.start()):
            yield Found(match.start(1), match.end(1), "insured_number", "shaped")
