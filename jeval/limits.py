"""Limits of time and memory for code that comes from outside: chat templates, task templates, hooks of task packs."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEMPLATE_SECONDS, TEMPLATE_BYTES = 10.0, 1 << 30
"""For one text of a template."""

_ends: list[float] = []  # of the limits that are on, the innermost last
_PAGE = getattr(os, "sysconf", lambda name: 4096)("SC_PAGE_SIZE")


@contextlib.contextmanager
def limited(seconds: float, memory: int | None = None) -> Iterator[None]:
    """At most so long, and at most so many bytes more than now, for what is done inside.

    Time is held in the main thread of systems with interval timers (not Windows), memory on Linux; elsewhere nothing is held.
    Native code that does not come back to Python is not interrupted.

    Raises:
        TimeoutError: it took longer.
        MemoryError: it asked for more.
    """
    with _memory(memory), _time(seconds):
        yield


def _ring(*_: Any) -> None:
    if _ends and time.monotonic() >= _ends[-1] - 0.01:
        raise TimeoutError("it takes too long")


@contextlib.contextmanager
def _time(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    now = time.monotonic()
    end = min([now + seconds, *_ends[-1:]])
    handler = signal.signal(signal.SIGALRM, _ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, max(end - now, 0.001), 1.0)
    _ends.append(end)
    try:
        yield
    finally:
        _ends.pop()
        spent = time.monotonic() - now
        signal.setitimer(signal.ITIMER_REAL, max(left - spent, 0.001) if left else 0.0, interval)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)


@contextlib.contextmanager
def _memory(more: int | None) -> Iterator[None]:
    try:
        import resource

        now = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError, ValueError):
        yield
        return
    unlimited = soft == resource.RLIM_INFINITY
    if more is None or (not unlimited and soft <= now + more):
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (now + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
