"""NFKC inside, offsets outside.

The dictionary knows full-width kana and half-width digits only, so text is normalised to NFKC before tagging; every
normalised character remembers which characters of the given text it came from. Control characters, lone surrogates and
NUL become spaces one for one: MeCab takes a C string and UTF-8, and stops at or refuses them.

Normalising whole texts with ``unicodedata.normalize`` would be quadratic in runs of combining marks and would lose the
map; here only the runs that need it are normalised, at most ``_RUN`` code points at a time.
"""

from __future__ import annotations

import re
import unicodedata

_RUN = 16
# Characters that NFKC leaves alone and that take no combining mark: the fast path of nearly all text.
_PLAIN = r"\n\x20-\x7e、-〄々-〛ぁ-ゖゝゞァ-ヾ一-鿿"
_ODD = re.compile(f"[^{_PLAIN}]")
_BAD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_MARKS = "\u3099\u309a\uff9e\uff9f"


class Normalised:
    """A normalised text and, for each of its characters, the span it came from (``None``: it is the given text)."""

    __slots__ = ("ends", "starts", "text")

    def __init__(self, text: str, starts: list[int] | None = None, ends: list[int] | None = None) -> None:
        self.text = text
        self.starts = starts
        self.ends = ends

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the given text of ``text[start:end]`` (not empty)."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normalised:
    """NFKC with a map back; linear in the length of the text."""
    if not _ODD.search(text):
        return Normalised(text)
    narrow = text.translate(_WIDE)  # one for one: full-width punctuation and letters
    if not _ODD.search(narrow):
        return Normalised(narrow)
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    length = len(text)
    while position < length:
        end = position + 1
        while end < length and end - position < _RUN and (text[end] in _MARKS or unicodedata.combining(text[end])):
            end += 1
        piece = text[position:end]
        piece = _BAD.sub(" ", piece) if end - position == 1 else piece
        for character in unicodedata.normalize("NFKC", piece):
            out.append(" " if _BAD.match(character) else character)
            starts.append(position)
            ends.append(end)
        position = end
    return Normalised("".join(out), starts, ends)
