"""Characters set apart by blanks, as forms and optical character recognition leave them, brought together."""

from __future__ import annotations

import re

from jeval.japanese.folding import Folded

#: Single characters with one blank between each two: 電 話 番 号 : 0 9 0; at least five of them.
_APART = re.compile(r"[^\s|](?<!\S.)(?: [^\s|]){4,}(?!\S)|[0-9](?<![0-9 -].)(?: [0-9-]){4,}(?! ?[0-9])")
_ANY = re.compile(r" [^\s|] [^\s|] [^\s|]")


def unspaced(folded: Folded) -> Folded:
    """``folded`` without the blanks within stretches of single characters."""
    text = folded.text
    if not _ANY.search(text):
        return folded
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    for stretch in _APART.finditer(text):
        start, end = stretch.span()
        kept = range(start, end, 2)
        pieces += [text[position:start], text[start:end:2]]
        starts += [*range(position, start), *kept]
        ends += [*range(position + 1, start + 1), *(place + 1 for place in kept)]
        position = end
    if not pieces:
        return folded
    pieces.append(text[position:])
    starts += range(position, len(text))
    ends += range(position + 1, len(text) + 1)
    if folded.starts is not None and folded.ends is not None:
        starts = [folded.starts[place] for place in starts]
        ends = [folded.ends[place - 1] for place in ends]
    return Folded("".join(pieces), starts, ends)
