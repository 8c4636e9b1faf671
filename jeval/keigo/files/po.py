"""PO files: the translations (msgstr), each by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jeval.keigo.files.escapes import from_backslashes
from jeval.keigo.files.segments import APART, Cutting, Segment

_LINE = re.compile(r'^[ \t]*(#.*|msg\w+(?:\[\d+\])?)?[ \t]*(?:"((?:[^"\\\r\n]|\\.)*)")?', re.MULTILINE)


def read(text: str, name: str) -> Iterator[Segment]:
    """The translations; the header's, of the empty message, is no Japanese."""
    cutting = Cutting()
    translated = False
    for found in _LINE.finditer(text):
        keyword, string = found[1], found[2]
        if keyword is not None or string is None:
            yield cutting.segment(APART)
            translated = (keyword or "").startswith("msgstr")
        if translated and string is not None:
            from_backslashes(text, *found.span(2), cutting)
    yield cutting.segment(APART)
