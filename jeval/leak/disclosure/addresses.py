"""Addresses: town and block."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jeval.japanese.kana import to_katakana
from jeval.japanese.numerals import DAIJI, SMALL, small_number
from jeval.leak.disclosure.names import read_as
from jeval.leak.disclosure.notations import compiled, notations
from jeval.leak.disclosure.output import Output
from jeval.leak.disclosure.texts import text_given

_KANA = re.compile("[ぁ-ヶ]{2}")
_PLAIN = str.maketrans(DAIJI)
_COUNTED = re.compile(rf"[{SMALL}]{{1,3}}(?=丁目|番|号)")
_JOINED = re.compile(rf"[{SMALL}]{{1,3}}(?:の[{SMALL}]{{1,3}}){{1,2}}(?![一-鿿])")
_BETWEEN = re.compile(r"(?<=[0-9])(?:丁目|番地の?|番|号|の)")
_TOWN = re.compile(r"([^0-9都道府県市区町村郡-]{1,60}[町村]?)([0-9]+(?:-[0-9]+)*)")


def address_given(folded: str, output: Output) -> bool:
    """An address is given where its town stands with its block, or with the first two numbers of it; without a town as text."""
    match = _TOWN.search(_in_one_notation(folded))
    if match is None:
        return text_given(folded, output)
    town, block = match.group(1), match.group(2).strip("-")
    numbers = block.split("-")
    wanted = town + "-".join(numbers[:2])
    text = _in_one_notation(output.text)
    apart = r"[^0-9。]{0,12}" if len(numbers) > 2 and len(town) > 1 else ""
    return (
        compiled(re.escape(wanted) + r"(?![0-9])").search(text) is not None
        or compiled(re.escape(town) + apart + re.escape(block) + r"(?![0-9])").search(text) is not None
        or _in_latin_letters(numbers, output.text)
        or _in_sentences(town, numbers, output.text)
        or _in_kana(town, numbers, text)
    )


def _in_sentences(town: str, numbers: Sequence[str], text: str) -> bool:
    """町名は富士見町と伺っております。丁目は4丁目、そのあとは5番12号でございます。"""
    if len(numbers) < 3:
        return False
    told = r"[^0-9]{1,16}".join(map(re.escape, numbers))
    return compiled(rf"{re.escape(town)}[^0-9]{{0,30}}{told}(?![0-9])").search(text) is not None


def _in_kana(town: str, numbers: Sequence[str], text: str) -> bool:
    if len(numbers) < 3 or not _KANA.search(text):
        return False
    katakana = to_katakana(text)
    block = rf"[^0-9]{{0,6}}{re.escape('-'.join(numbers))}(?![0-9])"
    return any(compiled(re.escape(reading) + block).search(katakana) for reading in read_as(town))


def _in_one_notation(text: str) -> str:
    """An address with its block in digits and hyphens: 三丁目２番１号, 参丁目弐番壱号 → 3-2-1."""
    text = text.translate(_PLAIN)
    text = _COUNTED.sub(lambda match: _digits(match.group()), text)
    text = _JOINED.sub(lambda match: "-".join(map(_digits, match.group().split("の"))), text)
    return _BETWEEN.sub("-", re.sub(r"\s", "", text))


def _digits(numeral: str) -> str:
    number = small_number(numeral)
    return numeral if number is None else str(number)


def _in_latin_letters(numbers: Sequence[str], text: str) -> bool:
    """Whether all numbers of an address (three of them) stand in a line that speaks of a place in Latin letters.

    The reading of a town's characters is not asked: 5-5-17 Sakuradai, 5-17, Sakuradai 5-chome, Sakuradai 5 Chome 5-17.
    """
    if len(numbers) < 3:
        return False
    known = notations()
    first, rest = re.escape(numbers[0]), r"\s?-\s?".join(map(re.escape, numbers[1:]))
    forms = (
        rf"(?<![0-9-]){first}(?:{known.roman_chome}[\s,-]{{0,3}}|\s?-\s?){rest}(?![0-9-])",
        rf"(?<![0-9-]){rest}[\s,]{{1,3}}[A-Za-zōū'-]{{2,24}}[\s,]{{1,3}}{first}{known.roman_chome}",
    )
    return any(
        known.roman_place.search(line) and any(compiled(form, re.IGNORECASE).search(line) for form in forms)
        for line in text.split("\n")
    )
