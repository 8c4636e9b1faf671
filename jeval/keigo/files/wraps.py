"""Lines of prose that somebody, or a program, broke: joined where a sentence goes on."""

from __future__ import annotations

import re

from jeval.keigo.files.segments import Segment
from jeval.keigo.knowledge import knowledge

_BREAK = re.compile(r"[^\S\n\u3000]*\n[^\S\n\u3000]*")
_FULL = 0.7  # of the longest line of the paragraph: so much has a line that was broken because it was full
_LEAST = 18  # characters of a line that may have been full


def unwrap(segment: Segment, always: bool = False) -> Segment:
    """The segment without the line breaks inside of sentences.

    A break is inside of one where the line before it ends in no full stop or bracket, the next begins no list item, label or
    indented paragraph, and either the next begins in the middle (with hiragana) or the line before was full. With ``always``,
    where a format says that breaks mean nothing, the last is not asked.
    """
    text = segment.text
    if "\n" not in text:
        return segment
    breaks = list(_BREAK.finditer(text))
    longest = max(map(len, text.split("\n")))
    kept: list[tuple[int, int]] = []
    start = line = 0
    for found, following in zip(breaks, [*breaks[1:], None], strict=True):
        before = text[line : found.start()]
        after = text[found.end() : following.start() if following else len(text)]
        line = found.end()
        if _goes_on(before, after, longest, always):
            kept.append((start, found.start()))
            start = found.end()
    if not kept:
        return segment
    return segment.keep([*kept, (start, len(text))])


def _goes_on(before: str, after: str, longest: int, always: bool) -> bool:
    expressions = knowledge().expressions
    if not before.strip() or not after.strip() or expressions["line_whole"].search(before):
        return False
    if expressions["line_begins"].match(after) or expressions["speaker_label"].match(after):
        return False
    full = always or len(before) >= max(_LEAST, _FULL * longest)
    return full or expressions["line_goes_on"].match(after) is not None
