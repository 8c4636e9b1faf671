"""Standard output and standard error: any text in any encoding, and text of others made harmless for a terminal."""

from __future__ import annotations

import codecs
import json
import logging
import os
import re
import shlex
import sys
import unicodedata
import warnings
from typing import Any

_ESCAPE = "jeval-escape"
#: Controls, invisible, direction and tag marks, lone surrogates, line separators.
_HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
#: Letters that show nothing.
_BLANK = set(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0)))
_PLAIN = re.compile(r"[ -~\u3000-\u3163\u3165-\u9fff\uff01-\uff9f]*")  # what most lines are, quickly


def prepare() -> None:
    """Make standard output and error take every character: what their encoding lacks is written as ``\\uXXXX``, which in a
    JSON string is the character itself. A stream that is closed swallows what is written. What libraries log and warn of, which may
    quote a model's files, is harmless too.
    """
    codecs.register_error(_ESCAPE, _escape)
    logging.setLogRecordFactory(_Logged)
    warnings.formatwarning = _warned
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ESCAPE)


class _Logged(logging.LogRecord):
    def getMessage(self) -> str:  # noqa: N802 - the library's name
        return harmless(super().getMessage(), keep="\n\t")


def _warned(message: Warning | str, category: type[Warning], *_: object, **__: object) -> str:
    return f"{category.__name__}: {harmless(str(message), keep=chr(10))}\n"


def _escape(err: UnicodeError) -> tuple[str, int]:
    if not isinstance(err, UnicodeEncodeError):
        raise err
    return _units(err.object[err.start : err.end]), err.end


def _units(text: str) -> str:
    raw = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[i] << 8 | raw[i + 1]:04x}" for i in range(0, len(raw), 2))


def json_text(value: Any) -> str:
    """JSON for standard output, harmless; in ASCII unless that is a UTF encoding: Shift_JIS and EUC-JP write ¥ as a backslash."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return harmless(json.dumps(value, ensure_ascii=not encoding.startswith("utf")))


def harmless(text: str, *, keep: str = "") -> str:
    """``text`` with every character that a terminal obeys or hides (escape sequences, marks of direction) written as
    ``\\uXXXX``, except those in ``keep``.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(c if c in keep or not _is_harmful(c) else _units(c) for c in text)


def _is_harmful(character: str) -> bool:
    return unicodedata.category(character) in _HARMFUL or character in _BLANK


def one_line(text: str, limit: int | None = None) -> str:
    """``text`` on one line, harmless, at most ``limit`` characters of it."""
    line = harmless(" ".join(text.split()))
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"


def say(*lines: str, error: bool = False) -> None:
    """Print lines, harmless and each on one, on standard output, or where they are no data (``error``) on standard error. Whatever
    jeval prints goes through here.

    Raises:
        OSError: nobody reads any more, or there is no room.
    """
    print("\n".join(map(harmless, lines)), file=sys.stderr if error else sys.stdout, flush=error)


def quoted(*words: object) -> str:
    """Words as a shell takes them, which can be copied from a terminal or a page: nothing in them is a command, ends a line or hides."""
    return " ".join(map(_word, map(str, words)))


def _word(word: str) -> str:
    if one_line(word) == word:
        return shlex.quote(word)
    raw = word.encode("utf-8", "surrogateescape" if _undecoded(word) else "replace")
    return "$'" + "".join(chr(b) if 0x20 < b < 0x7F and chr(b) not in "\\'" else f"\\{b:03o}" for b in raw) + "'"


def _undecoded(word: str) -> bool:
    """Whether its lone surrogates are bytes of a name that is no UTF-8, as Python has them."""
    return all("\udc80" <= c <= "\udcff" for c in word if "\ud800" <= c <= "\udfff")
