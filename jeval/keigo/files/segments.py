"""Pieces of a file that are prose, each character knowing where in the file it stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

_AT = attrgetter("at")
_LINE_END = re.compile(r"\r\n|\n|\r")

#: What a segment is: running text, whose style is judged over the document; what stands apart (a heading, a list item, a cell, an
#: utterance) and is judged by itself; what others wrote.
PROSE, APART, QUOTE = "prose", "apart", "quote"


class Run(NamedTuple):
    """``length`` characters of a segment from ``at`` on, which come from ``start:end`` of the file.

    One for one where the lengths agree; else all of them stand for all of it (an entity, an escape).
    """

    at: int
    length: int
    start: int
    end: int


@dataclass(frozen=True)
class Segment:
    """A paragraph, a heading, a cell, a value: what the analyser is given at once.

    Attributes:
        text: without markup, wrapped lines joined.
        runs: where its characters come from, in order.
        scope: :data:`PROSE`, :data:`APART` or :data:`QUOTE`.
    """

    text: str
    runs: tuple[Run, ...]
    scope: str = PROSE

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the file of ``text[start:end]`` (not empty); markup in between is part of it."""
        first, last = self._run(start), self._run(end - 1)
        begin = first.start + (start - first.at if _is_copy(first) else 0)
        return begin, last.start + (end - last.at) if _is_copy(last) else last.end

    def _run(self, at: int) -> Run:
        return self.runs[max(0, bisect_right(self.runs, at, key=_AT) - 1)]

    def keep(self, spans: Iterable[tuple[int, int]], scope: str | None = None) -> Segment:
        """The segment that consists of these stretches of ``text``."""
        cutting = Cutting()
        for start, end in spans:
            for index in range(max(0, bisect_right(self.runs, start, key=_AT) - 1), len(self.runs)):
                run = self.runs[index]
                left, right = max(start, run.at), min(end, run.at + run.length)
                if run.at >= end:
                    break
                if left >= right:
                    continue
                if _is_copy(run):
                    moved = run.start - run.at
                    cutting.put(self.text[left:right], left + moved, right + moved)
                else:
                    cutting.put(self.text[left:right], run.start, run.end)
        return cutting.segment(scope or self.scope)


def _is_copy(run: Run) -> bool:
    return run.length == run.end - run.start


class Cutting:
    """Collects the characters of a segment."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._runs: list[Run] = []
        self._at = 0

    def put(self, text: str, start: int, end: int) -> None:
        """Add ``text``, which stands for ``start:end`` of the file."""
        if not text:
            return
        run = Run(self._at, len(text), start, end)
        before = self._runs[-1] if self._runs else None
        if before is not None and before.end == start and _is_copy(before) and _is_copy(run):
            self._runs[-1] = Run(before.at, before.length + run.length, before.start, end)
        else:
            self._runs.append(run)
        self._texts.append(text)
        self._at += len(text)

    def segment(self, scope: str = PROSE) -> Segment:
        """What was collected, without the white space around it; the cutting is empty afterwards."""
        text = "".join(self._texts)
        whole = Segment(text, tuple(self._runs), scope)
        self._texts, self._runs, self._at = [], [], 0
        start, end = len(text) - len(text.lstrip()), len(text.rstrip())
        return whole if (start, end) == (0, len(text)) or start >= end else whole.keep([(start, end)])


class Places:
    """Lines and columns, from 1, of offsets in a text; lines end in LF, CR LF or CR."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(found.end() for found in _LINE_END.finditer(text))]
        self.text = text

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, index: int) -> tuple[int, int]:
        """Where line ``index``, from 0, starts and ends, its line end left out."""
        start = self.starts[index]
        end = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return start, end

    def __len__(self) -> int:
        return len(self.starts)
