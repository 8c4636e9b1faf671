"""Plain text: paragraphs between empty lines, wrapped lines joined; list items and labelled lines stand apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jeval.keigo.files.segments import APART, PROSE, QUOTE, Cutting, Places, Segment
from jeval.keigo.files.wraps import unwrap
from jeval.keigo.knowledge import knowledge


def read(text: str, name: str) -> Iterator[Segment]:
    """The paragraphs of a text. Lines that begin with > are quoted."""
    places = Places(text)
    return paragraphs(places, range(len(places)))


def paragraphs(places: Places, lines: Iterable[int]) -> Iterator[Segment]:
    """The paragraphs of some lines, given by index."""
    expressions = knowledge().expressions
    quote, begins, label = expressions["mail_quote"], expressions["line_begins"], expressions["speaker_label"]
    block: list[tuple[int, int]] = []
    scope = PROSE
    for index in lines:
        start, end = places.line(index)
        line = places.text[start:end]
        if not line.strip():
            starts = None
        elif quote.match(line):
            starts = QUOTE
        elif begins.match(line.lstrip(" ")) and not line.startswith("\u3000"):
            starts = APART
        else:
            starts = APART if label.match(line) else ""
        if starts is None or (starts and (starts != QUOTE or scope != QUOTE)) or (not starts and scope == QUOTE):
            yield from _block(places.text, block, scope)
            block, scope = [], starts or PROSE
        if starts is not None:
            block.append((start, end))
    yield from _block(places.text, block, scope)


def _block(text: str, lines: list[tuple[int, int]], scope: str) -> Iterator[Segment]:
    if not lines:
        return
    cutting = Cutting()
    before = None
    for start, end in lines:
        if before is not None:
            cutting.put("\n", before, start)
        cutting.put(text[start:end], start, end)
        before = end
    yield unwrap(cutting.segment(scope))
