"""Text as it is written in Japan, folded to ASCII digits with a map back to the text as given."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from jeval.japanese.folding import PLAIN, Folded, Folding
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


_fold = Folding(f"[^{PLAIN}]", _piece)

_VALUES = {**{digit: value for value, digit in enumerate(DIGITS)}, "零": 0} | {
    old: DIGITS.index(plain) for old, plain in DAIJI.items() if plain in DIGITS
}
_KANJI = "".join(_VALUES)
#: Digits of other scripts, circled ones and the like that NFKC leaves as they are (``str.isdigit``) and ``\d`` does not know.
_ODD_DIGITS = (
    r"\u1369-\u1371\u19da\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792"
    r"\U00010a40-\U00010a43\U00010e60-\U00010e68\U00011052-\U0001105a"
)
_DIGIT = rf"[\d{_KANJI}{_ODD_DIGITS}]"
_RUN = re.compile(rf"{_DIGIT}+(?:[- ー\nの]{_DIGIT}+)*")
_NOT_DIGIT = re.compile(rf"[^\d{_KANJI}{_ODD_DIGITS}]+")
_IN_RUN = re.compile(rf"[{_KANJI}ー]")
_ASCII = str.maketrans({digit: str(value) for digit, value in _VALUES.items()})


def fold(text: str) -> Folded:
    """Fold ``text`` character by character (NFKC, dashes, blanks), in time linear in its length.

    Kanji digits are folded in runs of at least four that read as digits one by one (二〇二六, 一二三四); 十, 百 and 千 end
    a run, so that 二十 stays a word. A long-vowel mark between digits is a hyphen.
    """
    if text.isascii():
        return Folded(text)
    folded = _fold(text)
    if not _IN_RUN.search(folded.text):
        return folded
    return Folded(_RUN.sub(_folded_run, folded.text), folded.starts, folded.ends)


def _folded_run(match: re.Match[str]) -> str:
    run = match.group().replace("ー", "-")
    if _IN_RUN.search(run) and len(_NOT_DIGIT.sub("", run)) >= 4:
        return run.translate(_ASCII)
    return run
