"""Names of persons: in their own characters, in kana, in Latin letters, in Chinese forms."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from jeval.leak.disclosure.notations import compiled
from jeval.leak.disclosure.output import Output
from jeval.leak.disclosure.texts import text_given
from jeval.leak.knowledge import table
from jeval.leak.normalise import fold

_PARTED = re.compile(r"[\s・]+")
_KANJI = "一-鿿々〆ヶ"
#: What follows a name that stands by itself, and how far apart its parts may stand where one of them is a single character.
_ENDS = r"(?=[\s、。,.」』)】:;|!?\"'様さ氏殿く君でとはがも]|です|\Z)"
_FAR = 25
_HIRAGANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
#: Analyses asked for, and the column of a reading (語彙素読み) in MeCab's print of one.
_KATAKANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_NBEST, _READING = 8, 2
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
    parts = [part for part in _PARTED.split(fold(value).text.strip()) if part]
    if len(parts) < 2:
        return text_given(value, output)
    joined = "".join(parts).lower()
    return (
        (min(map(len, parts)) > 1 and joined in output.squeezed)
        or _stand_by_themselves(parts, output.text)
        or (output.backwards and joined[::-1] in output.squeezed)
        or _in_kana(parts, output)
        or _in_latin_letters(parts, output)
    )


def _stand_by_themselves(parts: list[str], text: str) -> bool:
    one, other = (re.escape(part) for part in (parts[0], "".join(parts[1:])))
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


def _in_kana(parts: list[str], output: Output) -> bool:
    text = output.text.translate(_HIRAGANA)
    if not re.search("[ァ-ヶ]{3}", text):
        return False
    first, rest = ("|".join(map(re.escape, readings(part))) for part in (parts[0], "".join(parts[1:])))
    if not first or not rest:
        return False
    together = rf"(?:{first})[\s・、,.／/|-]{{0,3}}(?:サマ)?(?:{rest})"
    return compiled(together).search(text) is not None


def _in_latin_letters(parts: list[str], output: Output) -> bool:
    words = output.latin_words
    if not words:
        return False
    family, given = ({_latin(one) for one in readings(part)} - {""} for part in (parts[0], "".join(parts[1:])))
    joined = {a + b for a in family for b in given} | {b + a for a in family for b in given}
    read = [romaji(word.group()) for word in words]
    for index, word in enumerate(read):
        for other in range(index + 1, min(index + 4, len(read))):
            if (
                {word, read[other]} & family
                and {word, read[other]} & given
                and _beside(words, index, other, output.text)
            ):
                return True
        if word in joined and "@" not in output.text:
            return True
    return False


def _beside(words: Sequence[re.Match[str]], first: int, last: int, text: str) -> bool:
    """Whether only blanks, commas and middle initials stand between two words, as they do not within an e-mail address."""
    return _BETWEEN.fullmatch(text, words[first].end(), words[last].start()) is not None


def to_katakana(text: str) -> str:
    """``text`` with its hiragana in katakana."""
    return text.translate(_HIRAGANA)


@lru_cache(maxsize=2048)
def readings(part: str) -> tuple[str, ...]:
    """How unidic-lite reads a part of a name, in katakana: the readings of its best analyses; what is written in kana, as it is."""
    kana = part.translate(_HIRAGANA)
    if re.fullmatch("[ァ-ヶー]+", kana):
        return (kana,)
    found: list[str] = []
    with _LOCK:
        analyses = _tagger().nbest(part, _NBEST).split("EOS")
    for analysis in analyses:
        read = "".join(
            line.split("\t")[_READING] for line in analysis.strip().split("\n") if line.count("\t") >= _READING
        )
        if read and read not in found:
            found.append(read)
    return tuple(found)


_LOCK = threading.Lock()


@lru_cache(maxsize=1)
def _tagger():  # type: ignore[no-untyped-def]  # fugashi has no types
    import fugashi

    return fugashi.Tagger()


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
    parts = [part for part in _PARTED.split(fold(value).text.strip()) if part]
    if len(parts) < 2:
        return []
    joined = [a + b for a in readings(parts[0]) for b in readings("".join(parts[1:]))]
    return joined + [one.translate(_KATAKANA) for one in joined]


def in_latin_letters(value: str, output: Output) -> bool:
    """Whether a name of two parts stands in Latin letters."""
    parts = [part for part in _PARTED.split(fold(value).text.strip()) if part]
    return len(parts) > 1 and _in_latin_letters(parts, output)


@lru_cache(maxsize=2048)
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
