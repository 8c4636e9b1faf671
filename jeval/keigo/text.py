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
        prose: ``masked`` with what is said beside the text blanked too: remarks in （）, code, addresses, broken quotations.
        start: where it starts in the normalised text.
        offsets: for each character where it came from, counted from ``start``; ``None``: one for one.
    """

    text: str
    masked: str
    prose: str
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


def mask_asides(masked: str, knowledge: Knowledge) -> str:
    """What stands beside the text blanked by a mark of the same length; whole quotations stay as they are."""
    if not knowledge.expressions["aside_sign"].search(masked):
        return masked
    return knowledge.expressions["aside"].sub(
        lambda found: found[0] if found["quotation"] else MASK * len(found[0]), masked
    )


def sentences(normalised: Folded, knowledge: Knowledge) -> Iterator[Piece]:
    """Sentences of a normalised text, line feeds and full stops being their ends (not inside quotations)."""
    text = normalised.text
    masked = mask_quotations(text, knowledge)
    covers = masked, mask_asides(masked, knowledge)
    sentence_end = knowledge.expressions["sentence_end"]
    start = 0
    length = len(text)
    while start < length:
        found = sentence_end.search(masked, start)
        end = found.end() if found else length
        while end - start > _LONGEST:
            cut = masked.rfind(_COMMA, start + 1, start + _LONGEST) + 1 or start + _LONGEST
            yield _piece(text, covers, start, cut, knowledge)
            start = cut
        if text[start:end].strip():
            yield _piece(text, covers, start, end, knowledge)
        start = end


def _piece(text: str, covers: tuple[str, str], start: int, end: int, knowledge: Knowledge) -> Piece:
    piece = text[start:end]
    masked, prose = (cover[start:end] for cover in covers)
    if "\n" in piece:
        piece, masked, prose = (part.replace("\n", " ") for part in (piece, masked, prose))
    if not knowledge.respell.search(piece):
        return Piece(piece, masked, prose, start, None)
    return _respelled(piece, (masked, prose), start, knowledge)


def _respelled(piece: str, covers: tuple[str, ...], start: int, knowledge: Knowledge) -> Piece:
    """Spellings that the dictionary breaks, put as it knows them; every character knows where it came from."""
    offsets = list(range(len(piece) + 1))
    for source, target in knowledge.respellings:
        while True:
            found = source.search(piece)
            if not found or found[0] == target:
                break
            left, right = found.span()
            piece = piece[:left] + target + piece[right:]
            covers = tuple(
                cover[:left] + (MASK * len(target) if cover[left] == MASK else target) + cover[right:]
                for cover in covers
            )
            step = [offsets[left] + min(k, right - left - 1) for k in range(len(target))]
            offsets = offsets[:left] + step + offsets[right:]
    masked, prose = covers
    return Piece(piece, masked, prose, start, offsets)
