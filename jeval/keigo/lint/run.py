"""All files of a command: each linted, on several cores where there is enough to do; what is wrong with one stops no other."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from jeval.errors import InputError
from jeval.keigo.knowledge import knowledge
from jeval.keigo.lint.check import Report, check
from jeval.keigo.lint.collect import STANDARD_INPUT, collect, read
from jeval.keigo.lint.config import Settings

_PAYS = 1_000_000  # bytes of all files together; with less, starting processes takes longer than it saves


def reports(
    names: Sequence[str], settings: Settings, kind: str = "", in_full: bool = False
) -> Iterator[Report | InputError]:
    """What is found in each file, in order; for a file that cannot be linted, why."""
    files = list(collect(names, settings.exclude))
    one = partial(lint, settings=settings, kind=kind, in_full=in_full)
    workers = min(len(files), _cores())
    if workers < 2 or _size(files) < _PAYS:
        yield from map(one, files)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    knowledge()  # once, for all children
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(one, files, chunksize=max(1, len(files) // (workers * 8)))


def lint(file: str | InputError, settings: Settings, kind: str, in_full: bool) -> Report | InputError:
    """One file."""
    if isinstance(file, InputError):
        return file
    try:
        with _uncollected():
            return check(file, read(file).decoded.text, settings, kind, in_full)
    except InputError as err:
        return err


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles, a quarter of the time of a large file, which makes many objects and none of them in cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _size(files: Sequence[str | InputError]) -> int:
    names = [one for one in files if isinstance(one, str) and one != STANDARD_INPUT]
    return sum(os.path.getsize(one) for one in names if os.path.exists(one))
