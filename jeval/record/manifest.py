"""``manifest.json``: SHA-256 of every file of a run folder and of everything that its numbers rest on.

The report is no part of it: it is made from the rest, later, and may be made again. Its digest has a place of its own
(:data:`RENDERED`).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import unidic_lite
from pydantic import Field

from jeval.digests import file_digest
from jeval.record.schema import Identity, RunRecord, Written
from jeval.writing import PARTIAL

STARTED, LOCK = ".started.json", ".lock"
MANIFEST, REPORT, RENDERED = "manifest.json", "report.html", "report.json"
PAGES = "report-items"  # pages of single tasks, linked from the report
SIGNATURE = "signature.dsse.json"  # over the manifest, so no part of it
ANSWERS = "answers.sqlite"  # of a run with packs of others, until it is written
OWN = {STARTED, LOCK, *(f"{ANSWERS}{suffix}" for suffix in ("", "-wal", "-shm", "-journal"))}
"""Files of a run that is going on; no part of what it writes."""


class Manifest(Written):
    """What ``jeval verify`` holds a run folder against. ``code`` and ``revealed_by`` are the record's."""

    schema_version: str
    files: dict[str, str]
    model: Identity | None
    task_pack: dict[str, str]
    code: dict[str, str]
    packages: dict[str, str]
    dictionary: dict[str, str]
    revealed_by: str | None


def manifest_of(folder: Path, record: RunRecord) -> Manifest:
    """The manifest of a folder as it is now, the manifest itself, unfinished files and the report left out."""
    left_out = {MANIFEST, REPORT, RENDERED, SIGNATURE}
    files = {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.relative_to(folder).as_posix() not in left_out
        and path.parent.name != PAGES
        and path.name not in OWN
        and not path.match(PARTIAL)
    }
    return Manifest(
        schema_version=record.schema_version,
        files=files,
        model=record.model.identity,
        task_pack=record.task_pack,
        code=record.code,
        packages=record.packages,
        dictionary=dictionary(),
        revealed_by=record.revealed_by,
    )


class Rendered(Written):
    """``report.json``: of which bytes the report and its pages are, and what made them."""

    report: str
    pages: dict[str, str] = Field(default_factory=dict)
    jeval_version: str
    lang: str


def dictionary() -> dict[str, str]:
    """Digest of the dictionary by which keigo is judged here."""
    return {"unidic-lite sys.dic": _dictionary_digest()}


@lru_cache(maxsize=1)
def _dictionary_digest() -> str:
    return file_digest(Path(unidic_lite.DICDIR) / "sys.dic")
