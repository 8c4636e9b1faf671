"""``manifest.json``: SHA-256 of every file of a run folder and of everything that its numbers rest on."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import unidic_lite

from jeval.digests import file_digest
from jeval.record.schema import Identity, RunRecord, Written
from jeval.record.store import PARTIAL

STARTED, LOCK = ".started.json", ".lock"
OWN = {STARTED, LOCK}  # files of a run that is going on; no part of what it writes


class Manifest(Written):
    """What ``jeval verify`` holds a run folder against. ``revealed_by``: who asked to keep personal data readable."""

    schema_version: str
    files: dict[str, str]
    model: Identity | None
    task_pack: dict[str, str]
    packages: dict[str, str]
    dictionary: dict[str, str]
    revealed_by: str | None


def manifest_of(folder: Path, record: RunRecord, reveal: str | None) -> Manifest:
    """The manifest of a folder as it is now, the manifest itself and unfinished files left out."""
    files = {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {"manifest.json", *OWN} and not path.match(PARTIAL)
    }
    return Manifest(
        schema_version=record.schema_version,
        files=files,
        model=record.model.identity,
        task_pack=record.task_pack,
        packages=record.packages,
        dictionary={"unidic-lite sys.dic": _dictionary_digest()},
        revealed_by=reveal,
    )


@lru_cache(maxsize=1)
def _dictionary_digest() -> str:
    return file_digest(Path(unidic_lite.DICDIR) / "sys.dic")
