"""Text as it is written in Japan, folded to ASCII digits with a map back to the text as given."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache

from jeval.japanese.folding import PLAIN
from jeval.japanese.numerals import DAIJI, DIGITS

_DASHES = frozenset("‐‑‒–—―−－ｰ﹣˗⁃")  # ー (long vowel) and 一 (one) are decided by their neighbours below
_BLANK = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")


@lru_cache(maxsize=4096)
def _piece(character: str) -> str:
    if character in _BLANK:
        return ""
    if character in _DASHES:
        return "-"
    if character == "\u3000":
        return " "
    if character.isdigit():
        return str(unicodedata.digit(character))
    return unicodedata.normalize("NFKC", character)


class Traced:
    """A text made of another one, and where its stretches came from; most of it came one for one.

    Attributes:
        text: what is searched.
    """

    __slots__ = ("_from", "_outs", "text")

    def __init__(self, text: str, stretches: list[tuple[int, int, int, int]] | None = None) -> None:
        """``stretches``: where each begins in ``text`` (the first at 0), where it begins and ends in the text as given, and how
        many characters of that each of its characters is: 0 where the stretch is one thing.
        """
        self.text = text
        self._outs = [stretch[0] for stretch in stretches or ()]
        self._from = [stretch[1:] for stretch in stretches or ()]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text as given that ``text[start:end]`` (not empty) came from."""
        if not self._outs:
            return start, end
        outs = self._outs
        first = bisect_right(outs, start) - 1
        begin, _, step = self._from[first]
        if step == 1 and (first + 1 == len(outs) or end <= outs[first + 1]):
            return begin + start - outs[first], begin + end - outs[first]
        last = bisect_right(outs, end - 1) - 1
        back, stop, pace = self._from[last]
        return (
            begin + (start - self._outs[first]) * step,
            back + (end - 1 - self._outs[last]) * pace + 1 if pace else stop,
        )

    def through(self, before: Traced) -> Traced:
        """This text, traced to what ``before`` was made of."""
        if not before._outs:
            return self
        return _Twice(self, before) if self._outs else Traced(self.text, before._stretches())

    def _stretches(self) -> list[tuple[int, int, int, int]]:
        return [(out, *origin) for out, origin in zip(self._outs, self._from, strict=True)]


class _Twice(Traced):
    """A text that two steps made."""

    __slots__ = ("_before", "_last")

    def __init__(self, last: Traced, before: Traced) -> None:
        super().__init__(last.text)
        self._last, self._before = last, before

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self._before.span(*self._last.span(start, end))


_ODD = re.compile(f"[^{PLAIN}]+")
#: A half-width kana and its sound mark.
_MARKED = re.compile("[ｦ-ﾝ][ﾞﾟ]")


@lru_cache(maxsize=65536)
def _alike(stretch: str) -> tuple[str, bool]:
    """``stretch`` with every character folded that becomes one other character, and whether all do."""
    if _MARKED.search(stretch):  # half-width kana with a sound mark become one character, see _fold
        return stretch, False
    pieces = [_piece(character) for character in stretch]
    folded = "".join(piece if len(piece) == 1 else given for piece, given in zip(pieces, stretch, strict=True))
    return folded, all(len(piece) == 1 for piece in pieces)


def _fold(text: str) -> Traced:
    rough: list[str] = []

    def alike(match: re.Match[str]) -> str:
        folded, whole = _alike(match.group())
        if not whole:
            rough.append(folded)
        return folded

    flat = _ODD.sub(alike, text)
    if not rough:
        return Traced(flat)
    pieces: list[str] = []
    stretches: list[tuple[int, int, int, int]] = []
    position = length = 0
    for odd in _ODD.finditer(flat):
        for place in range(*odd.span()):
            if place < position:
                continue
            size = 2 if _MARKED.match(flat, place) else 1
            piece = _piece(flat[place]) if size == 1 else unicodedata.normalize("NFKC", flat[place : place + 2])
            if piece == flat[place]:
                continue
            if place > position:
                stretches.append((length, position, place, 1))
                length += place - position
            pieces += [flat[position:place], piece]
            if piece:
                stretches.append((length, place, place + size, 0))
                length += len(piece)
            position = place + size
    pieces.append(flat[position:])
    stretches.append((length, position, len(flat), 1))
    return Traced("".join(pieces), stretches)


_VALUES = {**{digit: value for value, digit in enumerate(DIGITS)}, "零": 0} | {
    old: DIGITS.index(plain) for old, plain in DAIJI.items() if plain in DIGITS
}
_KANJI = "".join(_VALUES)
_DIGIT = f"[0-9{_KANJI}]"
_RUN = re.compile(rf"{_DIGIT}+(?:[- ー\nの]{_DIGIT}+)*")
_NOT_DIGIT = re.compile(f"[^0-9{_KANJI}]+")
#: Where a kanji digit or a long-vowel mark stands beside another digit; elsewhere no run changes.
_CHANGES = re.compile(
    rf"[{_KANJI}ー](?:(?<!ー)(?=[- ー\nの]?{_DIGIT})|(?<!ー)(?<={_DIGIT}.)|(?<!ー)(?<={_DIGIT}[- ー\nの].)|(?<={_DIGIT}ー)(?={_DIGIT}))"
)
_OF_RUN = re.compile(rf"[0-9{_KANJI}\- ー\nの]")
_ASCII = str.maketrans({digit: str(value) for digit, value in _VALUES.items()})
_ARABIC = re.compile("[0-9]")
_PARTS = re.compile(r"[^ \nの]+")
_IN_KANJI = re.compile(f"[{_KANJI}]")


def fold(text: str) -> Traced:
    """Fold ``text`` character by character (NFKC, dashes, blanks), in time linear in its length.

    Kanji digits are folded in runs of at least four that read as digits one by one (二〇二六, 一二三四); 十, 百 and 千 end
    a run, so that 二十 stays a word. A long-vowel mark between digits is a hyphen.
    """
    if text.isascii():
        return Traced(text)
    folded = _fold(text)
    folded.text = _kanji_digits(folded.text)
    return folded


def _kanji_digits(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for match in _CHANGES.finditer(text):
        start = match.start()
        if start < done:
            continue
        while start > done and _OF_RUN.match(text, start - 1):
            start -= 1
        run = _RUN.search(text, start)
        if run is None:
            continue
        pieces += [text[done : run.start()], _folded_run(run)]
        done = run.end()
    if not pieces:
        return text
    pieces.append(text[done:])
    return "".join(pieces)


def _folded_run(match: re.Match[str]) -> str:
    run = match.group().replace("ー", "-")
    if _IN_KANJI.search(run) and len(_NOT_DIGIT.sub("", run)) >= 4:
        if _ARABIC.search(run):  # 090-0123-4567 三浦: one kanji set apart from digits begins a word
            return _PARTS.sub(
                lambda part: part.group() if _IN_KANJI.fullmatch(part.group()) else part.group().translate(_ASCII), run
            )
        return run.translate(_ASCII)
    return run
