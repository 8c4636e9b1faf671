"""Text as it is written in Japan, folded to ASCII digits with a map back to the text as given."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_KANJI = dict(zip("〇零一二三四五六七八九壱弐参", "00123456789123", strict=True))
_DASHES = frozenset("‐‑‒–—―−－ｰ﹣˗⁃")  # ー (long vowel) and 一 (one) are decided by their neighbours below
_BLANK = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")


@dataclass(frozen=True)
class Folded:
    """``text``: NFKC, kanji digits and dashes folded; ``origin[i]``: index of its source character in the text given."""

    text: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text as given that ``text[start:end]`` came from."""
        return self.origin[start], self.origin[end - 1] + 1


@lru_cache(maxsize=4096)
def _piece(character: str) -> str:
    if character in _BLANK:
        return ""
    if character in _DASHES:
        return "-"
    if character == "\u3000":
        return " "
    return unicodedata.normalize("NFKC", character)


def fold(text: str) -> Folded:
    """Fold ``text`` character by character, in time linear in its length.

    Kanji digits are folded in runs of at least four that read as digits one by one (二〇二六, 一二三四); 十, 百 and 千 end
    a run, so that 二十 stays a word. A long-vowel mark between digits is a hyphen.
    """
    if text.isascii():
        return Folded(text, tuple(range(len(text))))
    characters: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(text):
        for part in character if character.isascii() else _piece(character):
            characters.append(part)
            origin.append(index)
    _fold_runs(characters)
    return Folded("".join(characters), tuple(origin))


def _fold_runs(characters: list[str]) -> None:
    index, size = 0, len(characters)
    while index < size:
        if not (characters[index] in _KANJI or characters[index].isdigit()):
            index += 1
            continue
        end, digits, kanji = index, 0, 0
        last = index
        while end < size:
            character = characters[end]
            if character in _KANJI:
                kanji += 1
                digits += 1
                last = end
            elif character.isdigit():
                digits += 1
                last = end
            elif not (character in "- ー\nの" and end - last <= 1):
                break
            end += 1
        for place in range(index, last + 1):
            if characters[place] == "ー" and place > index:
                characters[place] = "-"
            elif kanji and digits >= 4 and characters[place] in _KANJI:
                characters[place] = _KANJI[characters[place]]
        index = max(end, index + 1)
