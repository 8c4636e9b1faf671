"""Quotations that are what somebody says, which are checked, told apart from mentions, which are not.

Speech is a line that consists of 「…」: behind a label (オペレーター：「…」), or with a full stop inside the brackets. A mention stands in a
sentence, or behind a label that says that it is an example or wrong (×「…」, 誤：「…」).
"""

from __future__ import annotations

from collections.abc import Iterator

from jeval.keigo.files.segments import APART, Segment
from jeval.keigo.knowledge import knowledge


def spoken(segment: Segment) -> Iterator[Segment]:
    """The segment as it is, or its lines that are speech, without their brackets, and what stands between them."""
    if "\u300c" not in segment.text:
        yield segment
        return
    start = at = 0
    for line in segment.text.splitlines(keepends=True):
        if (said := _said(line)) is not None:
            if segment.text[start:at].strip():
                yield segment.keep([(start, at)])
            if said[0] < said[1]:
                yield segment.keep([(at + said[0], at + said[1])], APART)
            start = at + len(line)
        at += len(line)
    if start == 0:
        yield segment
    elif segment.text[start:].strip():
        yield segment.keep([(start, at)])


def _said(line: str) -> tuple[int, int] | None:
    expressions = knowledge().expressions
    found = expressions["speech"].match(line)
    if found is None or expressions["mention_label"].search(found["label"]):
        return None
    labelled = expressions["speaker_label"].match(found["label"]) is not None
    if not labelled and not expressions["ended"].search(found["said"]):
        return None
    return found.span("said")
