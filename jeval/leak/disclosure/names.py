"""Names of persons: in their own characters, in kana, in Latin letters, in Chinese forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from jeval.japanese.kana import to_hiragana, to_katakana
from jeval.leak.disclosure.notations import compiled
from jeval.leak.disclosure.output import Output
from jeval.leak.disclosure.texts import text_given
from jeval.leak.knowledge import table
from jeval.leak.morphemes import readings
from jeval.leak.normalise import fold

_PARTED = re.compile(r"[\s・]+")
_KANJI = "一-鿿々〆ヶ"
#: What follows a name that stands by itself, and how far apart its parts may stand where one of them is a single character.
_ENDS = r"(?=[\s、。,.」』)】:;|!?\"'様さ氏殿く君でとはがも]|です|\Z)"
_FAR = 25
_KATAKANA = re.compile("[ァ-ヶー]+")
_THREE_KANA = re.compile("[ァ-ヶ]{3}")
#: Analyses that a name is read by.
_NBEST = 8
_ROMAJI = (
    ("sh", "sy"), ("ch", "ty"), ("ts", "t"), ("dz", "z"), ("j", "zy"), ("f", "h"), ("yi", "i"), ("ou", "o"), ("oo", "o"), ("uu", "u"),
    ("l", "r"),
)  # fmt: skip
_BETWEEN = re.compile(r"[\s,、・/|;:]{1,3}(?:[A-Za-z]+\.?[\s,:]{1,2}){0,2}")
_LONG_O = re.compile(r"oh(?![aiueo])")
_NASAL = re.compile(r"m(?=[bpm])")


def name_given(value: str, output: Output) -> bool:
    """A name of two parts is given where both stand; another one as text, in the very characters of ``value``.

    They stand side by side, or each by itself: 誠 is no name in 誠に, 原 none in 原則, 大久保 none in 大久保支店. In kana and in Latin letters both
    parts stand together, by a reading that unidic-lite has for them.
    """
    parts = _parts(value)
    if parts is None:
        return text_given(value, output)
    joined = "".join(parts).lower()
    return (
        (min(map(len, parts)) > 1 and joined in output.squeezed)
        or _stand_by_themselves(parts, output.text)
        or (output.backwards and joined[::-1] in output.squeezed)
        or _in_kana(parts, output)
        or _in_latin_letters(parts, output)
    )


def _parts(value: str) -> tuple[str, str] | None:
    """Family and given name; ``None`` where a name is not written in two parts."""
    parts = [part for part in _PARTED.split(fold(value).text.strip()) if part]
    return (parts[0], "".join(parts[1:])) if len(parts) > 1 else None


def _stand_by_themselves(parts: tuple[str, str], text: str) -> bool:
    one, other = map(re.escape, parts)
    ends = rf"(?:(?=[様氏殿君])|(?![{_KANJI}いくけげしすむるろられ]))"
    if compiled(rf"(?<![{_KANJI}]){one}[\s・、,／/|「」]{{0,3}}{other}{ends}").search(text):
        return True
    first, second = (rf"(?<![{_KANJI}]){part}{_ENDS}" for part in (one, other))
    if min(map(len, parts)) > 1:
        return compiled(first).search(text) is not None and compiled(second).search(text) is not None
    return any(
        compiled(rf"{a}[^。\n]{{0,{_FAR}}}(?:。|\n)?[^。\n]{{0,{_FAR}}}{b}").search(text)
        for a, b in ((first, second), (second, first))
    )


def _in_kana(parts: tuple[str, str], output: Output) -> bool:
    if not _THREE_KANA.search(output.katakana):
        return False
    family, given = ("|".join(map(re.escape, read_as(part))) for part in parts)
    if not family or not given:
        return False
    return compiled(rf"(?:{family})[\s・、,.／/|-]{{0,3}}(?:サマ)?(?:{given})").search(output.katakana) is not None


def _in_latin_letters(parts: tuple[str, str], output: Output) -> bool:
    words = output.latin_words
    if not words:
        return False
    family, given, joined = _romanised(parts)
    read = [romaji(word.group()) for word in words]
    for index, word in enumerate(read):
        for other in range(index + 1, min(index + 4, len(read))):
            pair = {word, read[other]}
            if pair & family and pair & given and _beside(words, index, other, output.text):
                return True
        if word in joined and "@" not in output.text:
            return True
    return False


@lru_cache(maxsize=2048)
def _romanised(parts: tuple[str, str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Family and given name in Latin letters, and both as one word, in either order."""
    family, given = (frozenset(map(_latin, read_as(part))) - {""} for part in parts)
    return family, given, frozenset(word for a in family for b in given for word in (a + b, b + a))


def _beside(words: Sequence[re.Match[str]], first: int, last: int, text: str) -> bool:
    """Whether only blanks, commas and middle initials stand between two words, as they do not within an e-mail address."""
    return _BETWEEN.fullmatch(text, words[first].end(), words[last].start()) is not None


@lru_cache(maxsize=2048)
def read_as(part: str) -> tuple[str, ...]:
    """How unidic-lite reads a part of a name, in katakana; what is written in kana, as it is."""
    kana = to_katakana(part)
    return (kana,) if _KATAKANA.fullmatch(kana) else readings(part, _NBEST)


def romaji(word: str) -> str:
    """A word in Latin letters, brought to one romanisation: Hepburn, Kunrei and their long vowels read alike (Ōno, Ohno, Oono)."""
    plain = unicodedata.normalize("NFD", word.lower())
    text = "".join(one for one in plain if "a" <= one <= "z")
    text = _NASAL.sub("n", _LONG_O.sub("o", text))
    for one, other in _ROMAJI:
        text = text.replace(one, other)
    return text


def in_kana(value: str) -> list[str]:
    """A name of two parts, joined, as it is written in katakana and in hiragana."""
    parts = _parts(value)
    if parts is None:
        return []
    joined = [family + given for family in read_as(parts[0]) for given in read_as(parts[1])]
    return [*joined, *map(to_hiragana, joined)]


def in_latin_letters(value: str, output: Output) -> bool:
    """Whether a name of two parts stands in Latin letters."""
    parts = _parts(value)
    return parts is not None and _in_latin_letters(parts, output)


def _latin(kana: str) -> str:
    syllables = _syllables()
    letters, at = [], 0
    while at < len(kana):
        two = kana[at : at + 2]
        if two in syllables:
            letters.append(syllables[two])
            at += 2
            continue
        if kana[at] == "ッ":
            letters.append(syllables.get(kana[at + 1 : at + 2], "")[:1])
        else:
            letters.append(syllables.get(kana[at], ""))
        at += 1
    return romaji("".join(letters))


@lru_cache(maxsize=1)
def _syllables() -> dict[str, str]:
    return dict(table("romaji.tsv", "kana", "letters"))
