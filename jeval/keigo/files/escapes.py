"""Strings with escapes, decoded with every character's place kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jeval.keigo.files.segments import Cutting

_BACKSLASH = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(\r?\n[ \t]*)|(.))"
)
_NAMED = {
    "n": "\n",
    "r": "\n",
    "t": "\t",
    "b": " ",
    "f": "\n",
    "v": "\n",
    "a": " ",
    "0": " ",
    "e": " ",
    "N": "\n",
    "L": "\n",
    "P": "\n",
    "_": " ",
}


def from_backslashes(text: str, start: int, end: int, into: Cutting) -> None:
    """Add what stands between double quotes in JSON, YAML or PO."""
    at = start
    for found in _BACKSLASH.finditer(text, start, end):
        into.put(text[at : found.start()], at, found.start())
        into.put(_meant(found), *found.span())
        at = found.end()
    into.put(text[at:end], at, end)


def _meant(found: re.Match[str]) -> str:
    high, low, byte, wide, fold, named = found.groups()
    if high is not None and low is not None and 0xD800 <= int(high, 16) < 0xDC00:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    if high is not None:
        return chr(int(high, 16)) + (chr(int(low, 16)) if low is not None else "")
    if fold is not None:
        return ""
    if byte is not None or wide is not None:
        code = int(byte or wide, 16)
        return chr(code) if code <= 0x10FFFF else " "
    return _NAMED.get(named, named)


def from_pairs(text: str, start: int, end: int, pairs: Mapping[str, str], into: Cutting) -> None:
    """Add what stands in ``text[start:end]``, the keys of ``pairs`` meaning their values."""
    at = start
    for found in re.compile("|".join(map(re.escape, pairs))).finditer(text, start, end):
        into.put(text[at : found.start()], at, found.start())
        into.put(pairs[found[0]], *found.span())
        at = found.end()
    into.put(text[at:end], at, end)
