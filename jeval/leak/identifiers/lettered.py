"""Identifiers that mix letters and digits, and pairs of 記号 and 番号."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jeval.leak import checks
from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.labels import ADDRESS, words
from jeval.leak.identifiers.pages import Page

_CODE = re.compile(r"[A-Za-z]{2}(?<![A-Za-z0-9]..)[ -]?[0-9]{7,8}(?:[ -]?[A-Za-z]{2})?(?![A-Za-z0-9-])")
#: First and second letters of passports issued by Japan; others count only where a label says so.
_ISSUED = ("TM", "KRSTZUGHJ")
_IBAN = re.compile(
    r"[A-Z](?<![A-Za-z0-9][A-Z])[A-Z][0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)
_YUCHO = re.compile(
    r"[01][0-9]{3}0(?<![0-9].{5})(?:[ -]{0,2}[0-9])?[ ,、/・|\x1f\n-]{0,3}(?:(?:の)?番号[ :]{0,2})?[0-9]{1,7}[01](?![0-9-])"
)
_SYMBOL = r"(?:[0-9]{1,8}|[ぁ-ん]{1,4}|[一-鿿ァ-ヴ]{1,3}[ -]?[0-9]{0,6})"
_PAIR = r"(?:[ ,、/・|\x1f\n-]{1,3}|[ ,、/・|\x1f\n-]{0,3}(?:の)?番号[ :はが]{0,3})"
_INSURED = re.compile(rf"記号(?:[・/]?番号)?[ :はが]{{0,3}}({_SYMBOL}{_PAIR}[0-9]{{1,8}})(?![0-9-])")
#: 記号・番号 named as one: it needs no word of insurance near.
_BOTH = re.compile(r"記号[・/及びと]{0,2}番号[ :はが|\x1f]{0,3}([0-9]{2,8}[ ]?[・/-][ ]?[0-9]{1,7})(?![0-9-])")
#: How far before a pair the words are looked for that say whose it is.
_NEAR, _BEHIND = 24, 10
_PLATE = re.compile(r"[0-9]{2}[0-9A-Z][ ]{0,2}[ぁ-ん][ ]{0,2}(?:[0-9]{2}-[0-9]{2}|[・.]{1,3}[0-9]{1,3})(?![0-9-])")
_PLACE = re.compile(r"(?<![一-鿿ぁ-んァ-ヴ])(?:[一-鿿]{1,4}|[ぁ-ん]{2,4})[ ]?\Z")


def find_lettered(page: Page) -> list[Found]:
    """在留カード, 旅券, IBAN and 車両番号 of a page, and 記号・番号 pairs of ゆうちょ and of the health insurance."""
    return [*_codes(page), *_ibans(page), *_yucho_accounts(page.text), *_insured_numbers(page.text), *_plates(page)]


def _codes(page: Page) -> Iterator[Found]:
    for match in _CODE.finditer(page.text):
        code = match.group().replace(" ", "").replace("-", "")
        upper, label = code.isupper(), page.label(match.start())
        if len(code) == 12:
            if label == "residence_card" or (label in ("", ADDRESS) and upper):
                yield Found(match.start(), match.end(), "residence_card", "shaped")
        elif len(code) == 9 and code[-1].isdigit():
            issued = upper and code[0] in _ISSUED[0] and code[1] in _ISSUED[1]
            if label == "passport" or (label in ("", ADDRESS) and issued):
                yield Found(match.start(), match.end(), "passport", "shaped")


def _ibans(page: Page) -> Iterator[Found]:
    for match in _IBAN.finditer(page.text):
        if checks.iban(match.group()):
            yield Found(match.start(), match.end(), "iban", "checked")


def _yucho_accounts(text: str) -> Iterator[Found]:
    if "記号" not in text and not words().near["yucho_account"].search(text):
        return
    near, not_near = words().near["yucho_account"], words().not_near["yucho_account"]
    for match in _YUCHO.finditer(text):
        window = text[max(0, match.start() - _NEAR) : match.end()]
        spoken = ("記号" in window and "番号" in window) or near.search(window)
        if spoken and not not_near.search(window):
            yield Found(match.start(), match.end(), "yucho_account", "shaped")


def _insured_numbers(text: str) -> Iterator[Found]:
    if "記号" not in text:
        return
    near = words().near["insured_number"]
    for match in _INSURED.finditer(text):
        if near.search(text, max(0, match.start() - _NEAR), match.start()) or near.search(
            text, match.end(), match.end() + _BEHIND
        ):
            yield Found(match.start(1), match.end(1), "insured_number", "shaped")
    for match in _BOTH.finditer(text):
        yield Found(match.start(1), match.end(1), "insured_number", "shaped")


def _plates(page: Page) -> Iterator[Found]:
    for match in _PLATE.finditer(page.text):
        place = _PLACE.search(page.text, max(0, match.start() - 6), match.start())
        if place is not None:
            yield Found(place.start(), match.end(), "vehicle", "shaped")
