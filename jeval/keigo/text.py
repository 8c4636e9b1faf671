"""From the given text to sentences ready for tagging: normalised, respelled, quotations known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jeval.keigo.knowledge import Knowledge
from jeval.keigo.normalise import Normalised

_LONGEST = 600  # characters; a longer run without a full stop is cut at a comma, or just cut
_END = re.compile(r"[。!?！？．\n]+")
_QUOTED = re.compile(r"「[^「」]*(?:「[^「」]*」[^「」]*)*」|『[^『』]*』|“[^“”]*”|\"[^\"\n]*\"")
MASK = "〓"


@dataclass
class Sentence:
    """``text`` is what is tagged; ``masked`` the same with quotations blanked; ``offsets[i]`` where it came from."""

    text: str
    masked: str
    start: int
    offsets: list[int] | None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the normalised text of ``text[start:end]`` (not empty)."""
        if self.offsets is None:
            return self.start + start, self.start + end
        return self.start + self.offsets[start], self.start + self.offsets[end]


def mask_quotations(text: str) -> str:
    """Quoted words blanked by a mark of the same length, the brackets kept."""
    if not any(mark in text for mark in '「『“"'):
        return text
    return _QUOTED.sub(lambda found: found[0][0] + MASK * (len(found[0]) - 2) + found[0][-1], text)


def sentences(normalised: Normalised, knowledge: Knowledge) -> Iterator[Sentence]:
    """Sentences of a normalised text, line feeds and full stops being their ends (not inside quotations)."""
    text = normalised.text
    masked = mask_quotations(text)
    start = 0
    length = len(text)
    while start < length:
        found = _END.search(masked, start)
        end = found.end() if found else length
        while end - start > _LONGEST:
            cut = masked.rfind("、", start + 1, start + _LONGEST) + 1 or start + _LONGEST
            yield _sentence(text, masked, start, cut, knowledge)
            start = cut
        if text[start:end].strip():
            yield _sentence(text, masked, start, end, knowledge)
        start = end


def _sentence(text: str, masked: str, start: int, end: int, knowledge: Knowledge) -> Sentence:
    piece = text[start:end]
    cover = masked[start:end]
    if "\n" in piece:
        piece, cover = piece.replace("\n", " "), cover.replace("\n", " ")
    if not knowledge.respell.search(piece):
        return Sentence(piece, cover, start, None)
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
    return Sentence(piece, cover, start, offsets)
