"""Names on the command line to files: files as named, folders searched, patterns resolved; and their bytes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from glob import glob, has_magic
from pathlib import Path
from typing import NamedTuple

from jeval.errors import InputError
from jeval.keigo.files import TEXT_SUFFIXES, Decoded, decode
from jeval.reading import check_regular

STANDARD_INPUT = "-"


class Source(NamedTuple):
    """A file read: its name, its bytes and its text."""

    name: str
    data: bytes
    decoded: Decoded


def collect(names: Iterable[str], exclude: Sequence[str]) -> Iterator[str | InputError]:
    """The files meant, in order, each once; in the place of a name that means none, what is wrong with it.

    Files named are taken whatever they are; folders and patterns give files with the endings of text that ``exclude`` leaves.
    """
    seen = set()
    for name in names:
        for one in _meant(name, exclude):
            if isinstance(one, InputError) or one not in seen:
                seen.add(one)
                yield one


def _meant(name: str, exclude: Sequence[str]) -> Iterator[str | InputError]:
    if name == STANDARD_INPUT or not (os.path.isdir(name) or (has_magic(name) and not os.path.exists(name))):
        yield name
        return
    found = 0
    for path in sorted(glob(name, recursive=True)) if has_magic(name) and not os.path.isdir(name) else [name]:
        for one in _below(path, exclude) if os.path.isdir(path) else [path]:
            if not _excluded(one, exclude):
                found += 1
                yield one
    if not found:
        endings = ", ".join(sorted(TEXT_SUFFIXES))
        yield InputError(f"{name}: no text file in it; expected names that end in {endings}, not excluded")


def _below(folder: str, exclude: Sequence[str]) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(
            one for one in folders if not one.startswith(".") and not _excluded(os.path.join(parent, one), exclude)
        )
        for one in sorted(files):
            if Path(one).suffix.lower() in TEXT_SUFFIXES and not one.startswith("."):
                yield os.path.join(parent, one)


def _excluded(path: str, exclude: Sequence[str]) -> bool:
    """Whether a pattern matches the path, or a part of it: ``build``, ``docs/old/*``, ``*.po``."""
    plain = os.path.normpath(path).replace(os.sep, "/")
    parts = plain.split("/")
    return any(
        fnmatch(plain, pattern.rstrip("/")) or fnmatch(plain, f"*/{pattern.rstrip('/')}")
        or any(fnmatch(part, pattern.rstrip("/")) for part in parts)
        for pattern in exclude
    )  # fmt: skip


def read(name: str) -> Source:
    """A file's text.

    Raises:
        InputError: it cannot be read, is no text, or changes while it is read.
    """
    if name == STANDARD_INPUT:
        data = sys.stdin.buffer.read()
        return Source(name, data, decode(data, "standard input"))
    path = Path(name)
    try:
        check_regular(path)
        before = path.stat()
        data = path.read_bytes()
        after = path.stat()
    except OSError as err:
        raise InputError(
            f"{name}: {err.strerror or err}; give the path of a text file, or - for standard input"
        ) from err
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or len(data) != after.st_size:
        raise InputError(f"{name}: changed while it was read; run again")
    return Source(name, data, decode(data, name))
