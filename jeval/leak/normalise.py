"""Digits as they are written in Japanese, folded to ASCII with a map back to the text as given."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_KANJI = dict(zip("〇零一二三四五六七八九壱弐参", "00123456789123", strict=True))
#: Dashes of every kind; ー and 一 are left alone (a long vowel and the digit one).
DASHES = frozenset("-‐‑‒–—―−－ｰ")


@dataclass(frozen=True)
class Folded:
    """``text`` is NFKC with kanji digits and dashes folded; ``origin[i]`` is the index in the text as given."""

    text: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text as given that folded characters ``start:end`` came from."""
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str, *, kanji: bool = True) -> Folded:
    """Fold ``text`` character by character. Kanji digits are folded only in runs of at least four digits."""
    characters: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(text):
        folded = "-" if character in DASHES else unicodedata.normalize("NFKC", character)
        for piece in folded:
            characters.append(piece)
            origin.append(index)
    if kanji:
        _fold_kanji_runs(characters)
    return Folded("".join(characters), tuple(origin))


def _fold_kanji_runs(characters: list[str]) -> None:
    start = 0
    while start < len(characters):
        end, digits = start, 0
        while end < len(characters) and (
            characters[end] in _KANJI or characters[end].isdecimal() or characters[end] in " -の"
        ):
            digits += characters[end] in _KANJI or characters[end].isdecimal()
            end += 1
        if digits >= 4:
            for index in range(start, end):
                characters[index] = _KANJI.get(characters[index], characters[index])
        start = max(end, start + 1)
