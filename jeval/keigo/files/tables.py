"""CSV and TSV: every cell by itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from jeval.errors import InputError
from jeval.keigo.files.escapes import from_pairs
from jeval.keigo.files.segments import APART, Cutting, Segment
from jeval.keigo.files.wraps import unwrap
from jeval.keigo.knowledge import knowledge

_OPEN = re.compile(r'"(?:[^"]+|"")*')  # up to the mark that closes it
_QUOTED = {'""': '"', "\r\n": "\n", "\r": "\n"}


def read(text: str, name: str) -> Iterator[Segment]:
    """The cells that hold Japanese. The csv module says what a cell is; where it stands follows from how it is quoted.

    Raises:
        InputError: no table.
    """
    delimiter = "\t" if name.lower().endswith((".tsv", ".tab")) else ","
    csv.field_size_limit(1 << 30)
    japanese = knowledge().expressions["japanese"]
    at = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for index, cell in enumerate(row):
                at = _next(text, at, first=index == 0)
                inside, after = _extent(text, at, cell)
                at = after[1]
                if japanese.search(cell):
                    cutting = Cutting()
                    from_pairs(text, *inside, _QUOTED, cutting)
                    cutting.put(text[slice(*after)], *after)
                    yield unwrap(cutting.segment(APART))
    except csv.Error as err:
        raise InputError(f'{name}: no table ({err}); expected cells between {delimiter!r}, quoted with "') from err


def _next(text: str, at: int, *, first: bool) -> int:
    """Where the next cell begins: behind line ends before the first of a row, behind the delimiter before the others."""
    if not first:
        return at + 1
    while at < len(text) and text[at] in "\r\n":
        at += 1
    return at


def _extent(text: str, at: int, cell: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where a cell that begins at ``at`` stands: what is quoted of it, and what follows as it is. Of ``"a"b`` both are there."""
    found = _OPEN.match(text, at)
    if found is None:
        return (at, at), (at, at + len(cell))
    start, close = at + 1, found.end()
    after = min(close + 1, len(text))  # the last quotation mark of the file may be missing
    rest = len(cell) - (close - start - text.count('""', start, close))
    return (start, close), (after, after + rest)
