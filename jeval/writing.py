"""Files are written in one way: whole or not at all, under a random name of their own first, through no link, on the disk before
they have their name.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

PARTIAL = f".{'?' * 16}.part"  # names of files that are being written
PRIVATE, SHARED = 0o600, 0o666  # the owner's alone; whoever the umask admits
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def whole(path: Path, *, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """What becomes ``path`` when the block ends well, and goes when it does not. A link of that name is replaced, not followed.

    Args:
        mode: of the file, as the umask leaves it; folders that have to be made are the owner's alone where it is.

    Raises:
        OSError: as the system says it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if mode == PRIVATE else 0o777)
    partial = path.with_name(f".{secrets.token_hex(8)}.part")
    handle = os.open(partial, _FLAGS, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _settle(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def _settle(folder: Path) -> None:
    """Have the folder's new name on the disk, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_text(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Write a file whole or not at all. Lone surrogates of a hostile output become a question mark."""
    with whole(path, mode=mode) as file:
        file.write(text.encode("utf-8", "replace"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n")
