"""Tables of a text: which cell stands under, or beside, which heading.

Comma, tab and bar separated rows and rows of HTML come to the same: rows of cells. A row that names kinds heads the rows below
it (columns), unless the rows below begin with names too: then each name speaks for the cell to its right (a form).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jeval.leak.identifiers.labels import NONE, OTHER, Mark, named


class Cell(NamedTuple):
    """``text[start:end]`` is the value of what a heading of ``kind`` names."""

    start: int
    end: int
    kind: str


_Row = list[tuple[int, int]]
_RULE = re.compile(r"[ |:+=-]+\Z")
_QUOTED = {mark: re.compile(rf'"(?:[^"\n]|"")*"|[^{re.escape(mark)}\n]+|(?={re.escape(mark)})') for mark in ",\t|;"}
_MARKS = "|\t,;"
_AROUND = " \"'*`"
#: How a line of JSON or of markup begins: its commas part no cells.
_CODE = frozenset("{[<")
_BESIDE = frozenset((*_MARKS, *_AROUND, "(", "\n", ""))
_TAG = re.compile(r"<(tr|th|td|dt|dd)\b[^<>]{0,200}>([^<]*)", re.IGNORECASE)
_DIGIT = re.compile(r"[0-9]")
_NUMBER = re.compile(r"[0-9]{4}")
#: A line of a list below a heading: a number, or a name, with what may stand before it.
_ITEM = re.compile(r"[ \t]{0,4}(?:[-*・•]|[0-9]{1,3}[.)](?![0-9]))?[ \t]{0,4}([^\n:]{1,40}?)[ \t,、]{0,4}\Z")
_NUMERIC = re.compile(r"[0-9][0-9 ./_()-]{2,30}\Z")


def split(text: str, start: int, end: int, mark: str) -> _Row:
    """The cells of a line, without the quotes and blanks around them."""
    cells: _Row = []
    if '"' in text[start:end]:
        position = start
        for match in _QUOTED[mark].finditer(text, start, end):
            if match.start() < position:
                continue
            cells.append(match.span())
            position = match.end() + 1
    else:
        position = start
        while True:
            stop = text.find(mark, position, end)
            cells.append((position, end if stop < 0 else stop))
            if stop < 0:
                break
            position = stop + 1
    return [_stripped(text, *cell) for cell in cells]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _AROUND:
        start += 1
    while end > start and text[end - 1] in _AROUND:
        end -= 1
    return start, end


def _fills(text: str, mark: Mark) -> str:
    """The separator beside a word that is all of a cell, or ends its heading; "" where it is none."""
    before, after = mark.start - 1, mark.end
    while before >= 0 and text[before] in _AROUND:
        before -= 1
    size = len(text)
    while after < size and text[after] in _AROUND:
        after += 1
    if after < size and text[after] == "(":
        stop = text.find(")", after, after + 16)
        after = stop + 1 if stop > 0 else after
    behind = text[after] if after < size else "\n"
    if behind in _MARKS:
        return behind
    return text[before] if behind == "\n" and before >= 0 and text[before] in _MARKS else ""


def tables(text: str, marks: Sequence[Mark]) -> tuple[list[Cell], list[tuple[int, int]]]:
    """The cells that a heading speaks for, and the stretches of text that consist of separated rows."""
    cells: list[Cell] = []
    stretches: list[tuple[int, int]] = []
    done = -1
    for mark in marks:
        if mark.start < done or text[mark.end : mark.end + 1] not in _BESIDE:
            continue
        separator = _fills(text, mark)
        if not separator:
            continue
        first = text.rfind("\n", 0, mark.start) + 1
        if first < done or (separator == "," and text[first : first + 1] in _CODE):
            continue
        rows = list(_rows(text, first, separator))
        done = rows[-1][1]
        read(text, [row for _, _, row in rows], cells)
        if separator != "," or len(rows) > 1 or cells:
            stretches.append((first, done))
    if "<t" in text or "<d" in text:
        for table in _html(text):
            read(text, table, cells)
    return cells, stretches


def _rows(text: str, start: int, mark: str) -> Iterator[tuple[int, int, _Row]]:
    """The lines from ``start`` on that have this separator, as cells."""
    size = len(text)
    while start < size:
        end = text.find("\n", start)
        end = size if end < 0 else end
        if text.find(mark, start, end) < 0:
            return
        if not _RULE.match(text, start, end):
            yield start, end, split(text, start, end, mark)
        start = end + 1


def _html(text: str) -> Iterator[list[_Row]]:
    """The rows of the tables and lists of definitions of HTML."""
    table: list[_Row] = []
    last = 0
    for match in _TAG.finditer(text):
        name = match.group(1).lower()
        if table and "</table" in text[last : match.start()][:400].lower():
            yield table
            table = []
        if name in ("tr", "dt"):
            table.append([])
        if name != "tr":
            if not table:
                table.append([])
            table[-1].append(_stripped(text, *match.span(2)))
        last = match.end()
    if table:
        yield [row for row in table if row]


def read(text: str, rows: Sequence[_Row], cells: list[Cell]) -> None:
    """Add to ``cells`` what the headings of ``rows`` say of their cells."""
    heading: list[str] | None = None
    for place, row in enumerate(rows):
        if heading is not None and not _heads(text, row, heading):
            for (start, end), kind in zip(row, heading, strict=False):
                if kind and end > start:
                    cells.append(Cell(start, end, kind))
            continue
        kinds = [_kind(text, cell) for cell in row]
        if not any(kinds):
            continue
        below = rows[place + 1] if place + 1 < len(rows) else None
        if below is not None and _columns(text, row, kinds, below):
            heading = [kind or (OTHER if end > start else "") for kind, (start, end) in zip(kinds, row, strict=True)]
        else:
            heading = None
            _form(row, kinds, cells)


def _kind(text: str, cell: tuple[int, int]) -> str:
    start, end = cell
    if end - start > 48 or _NUMBER.search(text, start, end):
        return ""
    return named(text[start:end])


def _heads(text: str, row: _Row, heading: Sequence[str]) -> bool:
    """Whether a row below a heading is a heading itself: where a named column holds a name again."""
    return any(
        kind not in ("", OTHER, NONE) and end - start < 20 and text[start:end] and not text[start].isdigit()
        and named(text[start:end]) == kind
        for (start, end), kind in zip(row, heading, strict=False)
    )  # fmt: skip


def _columns(text: str, row: _Row, kinds: Sequence[str], below: _Row) -> bool:
    """Whether a row of names heads the columns below it."""
    if abs(len(below) - len(row)) > 2 or any(_NUMBER.search(text, *cell) for cell in row):
        return False
    first = next((place for place, (start, end) in enumerate(row) if end > start), 0)
    beside = kinds[first + 1 : first + 2]
    return not (kinds[first] and not any(beside) and first < len(below) and _kind(text, below[first]))


def _form(row: _Row, kinds: Sequence[str], cells: list[Cell]) -> None:
    """A row of names and values by turns."""
    for place, kind in enumerate(kinds[:-1]):
        start, end = row[place + 1]
        if kind and not kinds[place + 1] and end > start:
            cells.append(Cell(start, end, kind))


def lists(text: str, marks: Sequence[Mark]) -> Iterator[Cell]:
    """The lines below a line that ends with a name of a kind (口座番号一覧), as long as each is an item and no more."""
    size, done = len(text), -1
    for mark in marks:
        if mark.start < done:
            continue
        end = text.find("\n", mark.end, mark.end + 10)
        if end < 0 or _NUMBER.search(text, mark.end, end) or mark.kind == NONE:
            continue
        found: list[Cell] = []
        start = end + 1
        while start < size:
            stop = text.find("\n", start)
            stop = size if stop < 0 else stop
            item = _ITEM.match(text, start, stop) if stop - start < 60 else None
            if item is None or not _fits(mark.kind, item.group(1)):
                break
            found.append(Cell(*item.span(1), mark.kind))
            start = stop + 1
        if len(found) > 1:
            done = start
            yield from found


def _fits(kind: str, item: str) -> bool:
    if kind in ("person_name", "role"):
        return len(item) <= 24 and not _DIGIT.search(item) and not named(item) and not named(item.split(" ")[0])
    return _NUMERIC.match(item) is not None
