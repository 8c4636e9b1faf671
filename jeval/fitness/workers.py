"""Candidates measured in processes of their own, each with a resident model; parents of merges are mapped by all of them once."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from jeval.fitness.fitness import Fitness
    from jeval.fitness.result import FitnessResult
    from jeval.fitness.standing import Standing

_own: Fitness | None = None


class Workers:
    """So many processes, begun with the first candidate.

    Args:
        settings: of the ``Fitness`` that each makes.
    """

    def __init__(self, number: int, settings: Mapping[str, Any]) -> None:
        self._number, self._settings = number, dict(settings)
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
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=_begin,
                    initargs=(self._settings, self._threads),
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


def _begin(settings: Mapping[str, Any], threads: int) -> None:
    global _own
    threading.Thread(target=_follow, daemon=True).start()
    torch.set_num_threads(threads)
    from jeval.fitness.fitness import Fitness

    _own = Fitness(**settings)


def _follow() -> None:
    """A process whose parent was killed would wait for its next candidate for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(model: Any, standing: Standing, raced: bool) -> FitnessResult:
    assert _own is not None
    return _own.measure(model, standing=standing, raced=raced)
