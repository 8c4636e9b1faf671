"""From the given text to sentences ready for tagging: normalised, respelled, quotations known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jeval.japanese.folding import Folded
from jeval.keigo.knowledge import Knowledge

MASK = "〓"
_LONGEST = 600  # characters; a longer run without a full stop is cut at a comma, or just cut
_COMMA = "、"


@dataclass(slots=True)
class Piece:
    """One sentence of a text, before it is tagged.

    Attributes:
        text: what is tagged.
        masked: the same with quotations blanked.
        start: where it starts in the normalised text.
        offsets: for each character where it came from, counted from ``start``; ``None``: one for one.
    """

    text: str
    masked: str
    start: int
    offsets: list[int] | None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the normalised text of ``text[start:end]`` (not empty)."""
        if self.offsets is None:
            return self.start + start, self.start + end
        return self.start + self.offsets[start], self.start + self.offsets[end]


def mask_quotations(text: str, knowledge: Knowledge) -> str:
    """Quoted words blanked by a mark of the same length, the brackets kept."""
    return knowledge.expressions["quotation"].sub(
        lambda found: found[0][0] + MASK * (len(found[0]) - 2) + found[0][-1], text
    )


def sentences(normalised: Folded, knowledge: Knowledge) -> Iterator[Piece]:
    """Sentences of a normalised text, line feeds and full stops being their ends (not inside quotations)."""
    text = normalised.text
    masked = mask_quotations(text, knowledge)
    sentence_end = knowledge.expressions["sentence_end"]
    start = 0
    length = len(text)
    while start < length:
        found = sentence_end.search(masked, start)
        end = found.end() if found else length
        while end - start > _LONGEST:
            cut = masked.rfind(_COMMA, start + 1, start + _LONGEST) + 1 or start + _LONGEST
            yield _piece(text, masked, start, cut, knowledge)
            start = cut
        if text[start:end].strip():
            yield _piece(text, masked, start, end, knowledge)
        start = end


def _piece(text: str, masked: str, start: int, end: int, knowledge: Knowledge) -> Piece:
    piece = text[start:end]
    cover = masked[start:end]
    if "\n" in piece:
        piece, cover = piece.replace("\n", " "), cover.replace("\n", " ")
    if not knowledge.respell.search(piece):
        return Piece(piece, cover, start, None)
    return _respelled(piece, cover, start, knowledge)


def _respelled(piece: str, cover: str, start: int, knowledge: Knowledge) -> Piece:
    """Spellings that the dictionary breaks, put as it knows them; every character knows where it came from."""
    offsets = list(range(len(piece) + 1))
    for source, target in knowledge.respellings:
        while True:
            found = source.search(piece)
            if not found or found[0] == target:
                break
            left, right = found.span()
            hidden = cover[left] == MASK
            piece = piece[:left] + target + piece[right:]
            cover = cover[:left] + (MASK * len(target) if hidden else target) + cover[right:]
            step = [offsets[left] + min(k, right - left - 1) for k in range(len(target))]
            offsets = offsets[:left] + step + offsets[right:]
    return Piece(piece, cover, start, offsets)
