"""SHA-256 digests (hex) of files, folders and values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def file_digest(path: Path) -> str:
    """Digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def tree_digest(root: Path) -> str:
    """One digest over the names and bytes of all files below ``root`` (caches of Python left out)."""
    digest = hashlib.sha256()
    for file in sorted(root.glob("**/*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0")
            digest.update(bytes.fromhex(file_digest(file)))
    return digest.hexdigest()


def combined(entries: Iterable[tuple[str, str]]) -> str:
    """One digest over (name, digest) pairs, in the order of the names."""
    text = "\n".join(f"{name} {value}" for name, value in sorted(entries))
    return hashlib.sha256(text.encode()).hexdigest()


def value_digest(value: Any) -> str:
    """Digest of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
