"""Bytes to text: the encodings that Japanese files have, found out, or refused in one line. Never text that is no text."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from jeval.errors import InputError

#: Marks at the beginning that name the encoding. UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SHIFTS = re.compile(rb"\x1b\$[@B(]|\x1b\([JI]")
_SEVEN_BIT = ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_ext")
_EIGHT_BIT = ("cp932", "euc_jp")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JAPANESE_RUN = re.compile(r"[\u3001\u3002\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff]{4}")
_USUAL = re.compile(r"[\s!-~\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e\u2010-\u2027\u2190-\u25ff\u2460-\u24ff]")
_KANA = re.compile(r"[\u3041-\u30fc]")
_KANA_BYTES = re.compile(r"0.0.0|.0.0.0")
_LEAST_WIDE = 6  # characters; fewer may be ASCII by chance
_LEAST_USUAL = (
    0.9  # share of characters that everyday Japanese text has; wrong guesses have half-width kana and rare kanji
)


class Decoded(NamedTuple):
    """A text, without the mark before it, and how it was written. Offsets count its characters."""

    text: str
    encoding: str
    mark: bytes = b""
    damaged: int = 0

    def encode(self, text: str) -> bytes:
        """``text`` in the same encoding, bytes that were no text as they were.

        Raises:
            UnicodeEncodeError: a character that the encoding does not have.
        """
        errors = "surrogateescape" if self.damaged else "strict"
        return self.mark + text.encode(self.encoding, errors)


def decode(data: bytes, name: str) -> Decoded:
    """The text of a file.

    ``damaged`` counts bytes of UTF-8 text that are no UTF-8 (they become lone surrogates).

    Raises:
        InputError: no encoding of Japanese gives text: an image, an archive, a word processor's file.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark) and (text := _strict(data[len(mark) :], encoding)) is not None:
            return Decoded(text, encoding, mark)
    if _SHIFTS.search(data):
        for encoding in _SEVEN_BIT:
            if (text := _strict(data, encoding)) is not None:
                return Decoded(text, encoding)
    if (text := _strict(data, "utf-8")) is not None:
        return _wide(data, text) or Decoded(text, "utf-8")
    damaged = data.decode("utf-8", "surrogateescape")
    if _JAPANESE_RUN.search(damaged):
        return Decoded(damaged, "utf-8", damaged=sum("\udc80" <= one <= "\udcff" for one in damaged))
    if (guessed := _guess(data)) is not None:
        return guessed
    raise InputError(
        f"{name}: no text in UTF-8, UTF-16, Shift_JIS (CP932), EUC-JP or ISO-2022-JP; give a text file, or save it as UTF-8"
    )


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if _NO_TEXT.search(text) else text


def _guess(data: bytes) -> Decoded | None:
    """The encoding that no mark names and that is no UTF-8: the first that gives everyday Japanese."""
    from charset_normalizer import from_bytes

    likely = from_bytes(data, cp_isolation=list(_EIGHT_BIT)).best()
    found = [likely.encoding] if likely is not None else []
    wide = ["utf-16-le", "utf-16-be"] if len(data) % 2 == 0 else []
    order = dict.fromkeys([*found, *_EIGHT_BIT, *wide])
    scored = [
        (_usual(text), text, encoding) for encoding in order if (text := _strict(data, encoding)) is not None and text
    ]
    share, text, encoding = max(scored, key=lambda one: one[0], default=(0.0, "", ""))
    return Decoded(text, encoding) if share >= _LEAST_USUAL else None


def _wide(data: bytes, text: str) -> Decoded | None:
    """UTF-16 without a mark, the bytes of which happen to be ASCII: kana where the ASCII has neither spaces nor lines."""
    if len(data) % 2 or not text.isascii() or len(text) < 2 * _LEAST_WIDE or not _KANA_BYTES.search(text):
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        wide = _strict(data, encoding)
        if wide is not None and len(_KANA.findall(wide)) * 2 >= len(wide) and _usual(wide) == 1:
            return Decoded(wide, encoding)
    return None


def _usual(text: str) -> float:
    return sum(map(len, _USUAL.findall(text))) / len(text)
