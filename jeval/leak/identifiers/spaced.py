"""Characters set apart by blanks, as forms and optical character recognition leave them, brought together."""

from __future__ import annotations

import re

from jeval.leak.identifiers.labels import words
from jeval.leak.normalise import Traced

#: Single characters with one blank between each two: 電 話 番 号 : 0 9 0; at least five of them, or digits of a number.
_APART = re.compile(r" (?:(?:[0-9-] ){2,}[0-9-](?! ?[0-9])|(?:[^\s|] )*[^\s|](?!\S))")
_SHORTEST = 9
_FOUR = re.compile(r"[0-9](?: [0-9]){3}")
_BLANK = " \n\t|"


def unspaced(folded: Traced) -> Traced:
    """``folded`` without the blanks within stretches of single characters."""
    text = folded.text
    pieces: list[str] = []
    stretches: list[tuple[int, int, int, int]] = []
    position = length = 0
    for apart in _APART.finditer(text):
        start, end = _first(text, apart.start(), position), apart.end()
        if (
            end - start < _SHORTEST
            and not _FOUR.fullmatch(text, start, end)
            and text[start:end:2].lower() not in words().kinds
        ):
            continue
        if start > position:
            stretches.append((length, position, start, 1))
            length += start - position
        stretches.append((length, start, end, 2))
        length += (end - start + 1) // 2
        pieces += [text[position:start], text[start:end:2]]
        position = end
    if not pieces:
        return folded
    pieces.append(text[position:])
    stretches.append((length, position, len(text), 1))
    return Traced("".join(pieces), stretches).through(folded)


def _first(text: str, blank: int, low: int) -> int:
    """Where a stretch begins whose first blank was found: at the character before it, if that stands alone or is a digit."""
    first = blank - 1
    if first < low or text[first] in _BLANK:
        return blank + 1
    before = text[first - 1] if first > low else " "
    if before in _BLANK or (text[first].isdigit() and not before.isdigit() and before != "-"):
        return first
    return blank + 1
