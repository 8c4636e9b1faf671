"""Addresses down to the block (番地, 丁目・番・号)."""

from __future__ import annotations

import re
from functools import lru_cache

from jeval.leak.numbers import Found
from jeval.resources import data_path

_NUMBER = r"(?:[0-9]{1,5}|[一二三四五六七八九十百〇]{1,6})"
_BLOCK = (
    rf"(?:{_NUMBER}丁目[ ]?(?:{_NUMBER}(?:番地?|-)?(?:の?{_NUMBER}号?|[ -]?{_NUMBER}号?)?)?"
    rf"|{_NUMBER}番地?(?:の?{_NUMBER}(?:号)?)?"
    r"|[0-9]{1,5}(?:-[0-9]{1,5}){1,3})"
)
_WORD = r"[一-鿿々ヶケぁ-んァ-ヴー]"
_DIGIT = re.compile(r"[0-9一二三四五六七八九十百〇]")


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    lines = data_path("leak", "knowledge", "places.tsv").read_text(encoding="utf-8").splitlines()
    prefectures = "|".join(line for line in lines if line and not line.startswith("#"))
    city = rf"(?:{_WORD}{{1,6}}?[市郡])?(?:{_WORD}{{1,6}}?[市区町村])"
    return re.compile(rf"(?:(?:{prefectures})[ ]?(?:{city})?|{city})[ ]?{_WORD}{{0,12}}?[ ]?{_BLOCK}(?![0-9-])")


def find_addresses(text: str) -> list[Found]:
    """Addresses in folded text. Each starts at a prefecture or municipality and ends with its block number."""
    found: list[Found] = []
    for anchor in re.finditer(r"[都道府県市区町村郡]", text):
        if found and anchor.start() < found[-1][1]:
            continue
        if not _DIGIT.search(text, anchor.end(), anchor.end() + 30):
            continue
        low = max(0, anchor.start() - 13)
        low = max(
            [
                low,
                *(
                    m.end() + low
                    for m in re.finditer(
                        r"[^一-鿿々ヶケぁ-んァ-ヴー ]|(?:は|が|を|、|所)(?=[一-鿿])", text[low : anchor.start()]
                    )
                ),
            ]
        )
        match = _pattern().match(text, low) or _search_short(text, low, anchor.start())
        if match is not None and (not found or match.start() >= found[-1][1]):
            found.append((match.start(), match.end(), "address", "shaped"))
    return found


def _search_short(text: str, low: int, high: int) -> re.Match[str] | None:
    for start in range(low + 1, high + 1):
        match = _pattern().match(text, start)
        if match is not None:
            return match
    return None
