"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType
from typing import Any

from jeval.output import one_line, say


class Progress:
    """Reports the stages of a run. Use as a context manager; ``silent`` shows nothing.

    :meth:`stage` returns a callback ``(done, total)`` in whatever unit the stage counts (tokens for the shared-prefix
    engine, requests elsewhere).
    """

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._terminal = not silent and sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None
        self._label = ""
        self._last = 0.0
        self._shown = -1

    def __enter__(self) -> Progress:
        if self._terminal:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, message: str) -> None:
        """One line of plain text."""
        if self._silent:
            return
        if self._bar is not None:
            self._bar.console.print(one_line(message), markup=False, highlight=False)
        else:
            _print(message)

    def stage(self, label: str) -> None:
        """Begin a stage; following calls of :meth:`update` belong to it."""
        self._label, self._shown = label, -1
        if self._bar is not None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(label, total=None)

    def update(self, done: int, total: int) -> None:
        """``done`` of ``total`` units of the present stage."""
        if self._silent:
            return
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
            return
        percent = 100 * done // max(total, 1)
        now = time.monotonic()
        if percent // 10 > self._shown // 10 or (now - self._last > 30 and percent > self._shown):
            self._shown, self._last = percent, now
            _print(f"{self._label}: {done}/{total} ({percent} %)")


def _print(line: str) -> None:
    """Nobody reading any more, or a log without room, ends no run."""
    with contextlib.suppress(OSError):
        say(one_line(line), error=True)
