"""Candidates measured in processes of their own, each with a resident model; parents of merges are mapped by all of them once."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from typing import Any, Protocol

import torch

from jeval.fitness.result import FitnessResult
from jeval.fitness.standing import Standing


class Measurer(Protocol):
    """What measures in each process."""

    def measure(self, model: Any, *, standing: Standing, raced: bool) -> FitnessResult: ...


class Elsewhere(Protocol):
    """What has candidates measured in other processes; may be asked from several threads."""

    def measure(self, model: Any, standing: Standing, raced: bool) -> FitnessResult: ...

    def close(self) -> None: ...


_own: Measurer | None = None


class Workers:
    """So many processes, begun with the first candidate.

    Args:
        make: what each process makes to measure with, from ``settings``.
    """

    def __init__(self, number: int, make: Callable[..., Measurer], settings: Mapping[str, Any]) -> None:
        self._number, self._make, self._settings = number, make, dict(settings)
        self._threads = max(1, torch.get_num_threads() // number)
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def measure(self, model: Any, standing: Standing, raced: bool) -> FitnessResult:
        """Measure a candidate in a process that is free. A process that died costs the candidate another try, not more."""
        pool, task = self._submit(model, standing, raced)
        try:
            return task.result()
        except BrokenProcessPool:
            self._renew(pool)
            return self._submit(model, standing, raced)[1].result()

    def _submit(self, *what: Any) -> tuple[ProcessPoolExecutor, Future[FitnessResult]]:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self._number,
                    mp_context=_context(self._make),
                    initializer=_begin,
                    initargs=(self._make, self._settings, self._threads),
                )
            return self._pool, self._pool.submit(_work, *what)

    def _renew(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
                self._pool = None


def _context(make: Callable[..., Measurer]) -> BaseContext:
    """How processes are begun: never by a fork of this one, which has threads and perhaps a GPU. Where the system has it, by
    forks of one that did nothing but import what they need, so that its ten seconds are spent once.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([make.__module__, "transformers.modeling_utils"])
    return context


def _begin(make: Callable[..., Measurer], settings: Mapping[str, Any], threads: int) -> None:
    global _own
    threading.Thread(target=_follow, daemon=True).start()
    torch.set_num_threads(threads)
    _own = make(**settings)


def _follow() -> None:
    """A process whose parent was killed would wait for its next candidate for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(model: Any, standing: Standing, raced: bool) -> FitnessResult:
    assert _own is not None
    return _own.measure(model, standing=standing, raced=raced)
