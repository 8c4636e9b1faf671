"""Ctrl-C while the study is written: held back until it is."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done.

    Python raises it wherever it comes: in the middle of a commit, which fails as it cleans up, or in a call of the garbage collector, where it is
    printed and lost. Other threads are never told of it.

    Raises:
        KeyboardInterrupt: at the end of the block, where it came within.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            raise KeyboardInterrupt
