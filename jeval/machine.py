"""What this process may use of the machine: memory and processor time, a container's limits (Linux control groups) included.

``psutil`` tells of the whole machine. In a container that may use 8 of its 256 GB, a plan made by it is ended by the kernel without a word.
Files: Control Group v2 (kernel documentation, admin-guide/cgroup-v2), v1 (admin-guide/cgroup-v1/memory).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

_OF_PROCESS, _MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60  # what version 1 writes where there is none is a number of this size


def total_memory() -> int:
    """Bytes of memory that this process may use."""
    return min([int(psutil.virtual_memory().total), *(limit for limit, _ in _memory_limits())])


def free_memory() -> int:
    """Bytes of memory that it can still have, swap included where no limit stands in the way."""
    free = int(psutil.virtual_memory().available + psutil.swap_memory().free)
    return max(0, min([free, *(limit - used for limit, used in _memory_limits())]))


def cores() -> int:
    """Cores that this process may compute on: those it is bound to, and no more than its share of processor time, rounded up."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([bound, *map(math.ceil, _shares())]))


def _memory_limits() -> Iterator[tuple[int, int]]:
    """Limit and use (what the kernel can drop at once left out) of each group that has a limit."""
    for folder in _groups("memory"):
        for limit_file, use_file in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            limit = _number(folder / limit_file)
            if limit is not None and limit < _NO_LIMIT:
                droppable = next(
                    (int(n) for name, n in _rows(folder / "memory.stat") if name.endswith("inactive_file")), 0
                )
                yield limit, max(0, (_number(folder / use_file) or 0) - droppable)


def _shares() -> Iterator[float]:
    """Processors' worth of time that each group with a quota may spend."""
    for folder in _groups("cpu"):
        for quota, period in _rows(folder / "cpu.max"):
            if quota != "max":
                yield int(quota) / int(period)
        quota_us, period_us = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        if quota_us and period_us and quota_us > 0:
            yield quota_us / period_us


def _groups(controller: str) -> Iterator[Path]:
    """The folders of the groups that this process is in, outer ones too: its own where they are mounted, else the root of the mount."""
    try:
        lines = _OF_PROCESS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, names, place = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        mount = (
            _MOUNTED / names if names and (_MOUNTED / names).is_dir() else _MOUNTED / controller if names else _MOUNTED
        )
        inner = mount / place.lstrip("/")
        while inner != mount and not inner.is_dir():
            inner = inner.parent
        yield inner
        yield from (outer for outer in inner.parents if outer == mount or mount in outer.parents)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _rows(path: Path) -> list[tuple[str, str]]:
    """The lines of a file that hold two words."""
    try:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except (OSError, ValueError):
        return []
    return [(line[0], line[1]) for line in lines if len(line) == 2]
