"""NFKC inside, offsets outside.

The dictionary knows full-width kana and half-width digits only, so text is normalised to NFKC before tagging; every
normalised character remembers which characters of the given text it came from. Control characters, lone surrogates and
NUL become spaces one for one: MeCab takes a C string and UTF-8, and stops at or refuses them.
"""

from __future__ import annotations

import re
import unicodedata

from jeval.japanese.folding import PLAIN, Folded, Folding

_ODD = re.compile(f"[^{PLAIN}]")
_BAD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_HALF_WIDTH_MARKS = "\uff9e\uff9f"  # voiced and semi-voiced; their full-width twins combine by themselves


def _piece(piece: str) -> str:
    if len(piece) == 1:
        piece = _BAD.sub(" ", piece)
    return _BAD.sub(" ", unicodedata.normalize("NFKC", piece))


def _joins(character: str) -> bool:
    return character in _HALF_WIDTH_MARKS or unicodedata.combining(character) != 0


_FOLDING = Folding(_ODD.pattern, _piece, joins=_joins)


def normalise(text: str) -> Folded:
    """NFKC with a map back; linear in the length of the text."""
    if not _ODD.search(text):
        return Folded(text)
    narrow = text.translate(_WIDE)  # one for one: full-width punctuation and letters, all that most texts need
    return _FOLDING(text) if _ODD.search(narrow) else Folded(narrow)
