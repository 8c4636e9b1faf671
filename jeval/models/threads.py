"""How many threads to compute with, so that a busy neighbour is left alone and no free core is lost.

Threads of one computation wait for each other: beside a busy core, two of them take more than twice as long as one.
"""

from __future__ import annotations

import os

import psutil
import torch

from jeval.errors import InputError
from jeval.machine import cores

#: Seconds over which the load of the cores is measured.
_WATCHED = 0.3


def use_threads(asked: int | None) -> int:
    """Set torch's threads and return their number.

    Args:
        asked: ``None`` takes ``OMP_NUM_THREADS`` where it is set, else as many as this process may use and others leave free at
            this moment.

    Raises:
        InputError: less than one.
    """
    if asked is not None and asked < 1:
        raise InputError(f"--threads {asked}: expected a whole number of at least 1")
    number = asked or (torch.get_num_threads() if "OMP_NUM_THREADS" in os.environ else _free_cores())
    torch.set_num_threads(number)
    return number


def _free_cores() -> int:
    """Cores that this process may use (a container's share of time counts) less those that others keep busy, at most what torch would take by itself."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    busy = psutil.cpu_percent(interval=_WATCHED, percpu=True)
    free = sum(1 - float(busy[core]) / 100 for core in allowed if core < len(busy))
    return max(1, min(int(torch.get_num_threads()), cores(), round(free)))
