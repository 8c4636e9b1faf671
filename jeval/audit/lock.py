"""One run at a time writes into a run folder."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil

from jeval.errors import InputError
from jeval.record.manifest import LOCK

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder``, which exists. The file says who holds it; the system frees it when that process dies, however it does.

    Where a file system knows no locks, the process that is named is looked for.

    Raises:
        InputError: another run is writing there.
        OSError: the file cannot be written.
    """
    path = folder / LOCK
    handle = _take(path)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(_me()).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)


def _take(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            _lock(handle, path)
            if _still_there(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its holder took it away in between: another try


def _lock(handle: int, path: Path) -> None:
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
    except BlockingIOError as err:
        raise InputError(_busy(path, _holder(handle))) from err
    except OSError:
        pass
    holder = _holder(handle)
    if holder and _alive(holder):
        raise InputError(f"{_busy(path, holder)}; if there is no such process, delete {path}")


def _still_there(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _me() -> dict[str, Any]:
    started = psutil.Process().create_time()
    return {"pid": os.getpid(), "host": platform.node(), "started": started}


def _holder(handle: int) -> dict[str, Any]:
    try:
        holder = json.loads(os.pread(handle, 4096, 0))
        pid, started = int(holder["pid"]), float(holder["started"])
        known = 0 < pid < 1 << 31 and 0 <= started < 1 << 33
        return {"pid": pid, "host": str(holder["host"]), "started": started} if known else {}
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return {}


def _alive(holder: dict[str, Any]) -> bool:
    """Whether the process lives; one on another machine is taken to."""
    if holder["host"] != platform.node():
        return True
    try:
        return bool(abs(psutil.Process(holder["pid"]).create_time() - holder["started"]) < 2)
    except psutil.NoSuchProcess:
        return False


def _busy(path: Path, holder: dict[str, Any]) -> str:
    who = ""
    if holder:
        since = datetime.fromtimestamp(holder["started"], timezone.utc).astimezone().isoformat(" ", "seconds")
        who = f" (process {holder['pid']} on {holder['host']}, started {since})"
    return f"another run is writing here: {path.parent}{who}; wait until it ends, or choose another folder with --out"
