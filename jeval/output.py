"""Standard output and standard error: any text in any encoding, and text of others made harmless for a terminal."""

from __future__ import annotations

import codecs
import json
import os
import sys
import unicodedata
from typing import Any

_ESCAPE = "jeval-escape"
_HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, invisible and direction marks, lone surrogates, line separators


def prepare() -> None:
    """Make standard output and error take every character: what their encoding lacks is written as ``\\uXXXX``, which in a
    JSON string is the character itself. A stream that is closed swallows what is written.
    """
    codecs.register_error(_ESCAPE, _escape)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ESCAPE)


def _escape(err: UnicodeError) -> tuple[str, int]:
    if not isinstance(err, UnicodeEncodeError):
        raise err
    return _units(err.object[err.start : err.end]), err.end


def _units(text: str) -> str:
    raw = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[i] << 8 | raw[i + 1]:04x}" for i in range(0, len(raw), 2))


def json_text(value: Any) -> str:
    """JSON for standard output, in ASCII unless that is a UTF encoding: Shift_JIS and EUC-JP write ¥ as a backslash."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return json.dumps(value, ensure_ascii=not encoding.startswith("utf"))


def harmless(text: str, *, keep: str = "") -> str:
    """``text`` with every character that a terminal obeys or hides (escape sequences, marks of direction) written as
    ``\\uXXXX``, except those in ``keep``.
    """
    return "".join(c if c in keep or unicodedata.category(c) not in _HARMFUL else _units(c) for c in text)


def one_line(text: str, limit: int | None = None) -> str:
    """``text`` on one line, harmless, at most ``limit`` characters of it."""
    line = harmless(" ".join(text.split()))
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"
