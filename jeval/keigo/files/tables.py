"""CSV and TSV: every cell by itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from jeval.errors import InputError
from jeval.keigo.files.escapes import from_quoted
from jeval.keigo.files.segments import APART, Segment
from jeval.keigo.files.wraps import unwrap
from jeval.keigo.knowledge import knowledge


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
                at = _next(text, at, cell, delimiter, first=index == 0)
                quoted = text.startswith('"', at)
                start, end = at, at + len(cell) + (2 + cell.count('"') if quoted else 0)
                if japanese.search(cell):
                    inside = (start + 1, end - 1) if quoted else (start, end)
                    yield unwrap(from_quoted(text, *inside, {'""': '"', "\r\n": "\n", "\r": "\n"}, APART))
                at = end
    except csv.Error as err:
        raise InputError(f'{name}: no table ({err}); expected cells between {delimiter!r}, quoted with "') from err


def _next(text: str, at: int, cell: str, delimiter: str, first: bool) -> int:
    """Where the next cell begins: behind line ends before the first of a row, behind the delimiter before the others."""
    if first:
        while at < len(text) and text[at] in "\r\n":
            at += 1
        return at
    if text.startswith(delimiter, at):
        return at + len(delimiter)
    found = text.find(cell, at)  # quoted in a way of its own ("a"b,): the next place that holds it
    return max(at, found)
