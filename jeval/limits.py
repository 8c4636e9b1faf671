"""Limits of time and memory for code and data that come from outside: chat templates, task templates, hooks of task packs, tokenizers."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TEMPLATE_SECONDS, TEMPLATE_BYTES = 10.0, 1 << 30
"""For one text of a template."""

NATIVE_SECONDS, NATIVE_BYTES = 120.0, 4 << 30
"""For what native code does with one text, or one batch of texts."""

_ends: list[float] = []  # of the limits that are on, the innermost last
_native: list[tuple[float, str]] = []  # native code at work, the innermost last: when it began, what it does
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

        now = _pages(0) * _PAGE
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


def _pages(which: int) -> int:
    """Of this process: 0 for all, 1 for those in memory."""
    return int(Path("/proc/self/statm").read_text().split()[which])


@contextlib.contextmanager
def native(what: str) -> Iterator[None]:
    """Native code is at work that nothing interrupts, but that lets other threads run: what :func:`watch` holds."""
    _native.append((time.monotonic(), what))
    try:
        yield
    finally:
        _native.pop()


def watch(end: Callable[[str], None]) -> None:
    """From now on ``end`` is called with a line, in a thread of its own, when :func:`native` code takes more than
    :data:`NATIVE_SECONDS`, or on Linux more than :data:`NATIVE_BYTES` of memory. It is to end the process: nothing else ends the code.
    """
    threading.Thread(target=_watch, args=(end,), name="jeval-limits", daemon=True).start()


def _watch(end: Callable[[str], None]) -> None:
    seen: tuple[float, str] | None = None
    before = 0
    while True:
        time.sleep(0.1)
        now = next(iter(_native[-1:]), None)
        if now is None:
            continue
        try:
            memory = _pages(1) * _PAGE
        except (OSError, ValueError):
            memory = 0
        if now is not seen:
            seen, before = now, memory
        began, what = now
        if time.monotonic() - began > NATIVE_SECONDS:
            end(f"{what} takes more than {NATIVE_SECONDS:.0f} s")
        elif memory - before > NATIVE_BYTES:
            end(f"{what} takes more than {NATIVE_BYTES / 1e9:.1f} GB of memory")
