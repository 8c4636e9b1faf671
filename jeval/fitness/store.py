"""Results of candidates, kept by the digest of their weights, so that no equal candidate is computed twice.

One SQLite file serves several processes, and several searches: a row's key holds all that decides an item's score. The file is
a convenience: where it cannot be read or written, the search says so once and goes on without it.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.fitness.items import Item

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS items (candidate TEXT, task TEXT, id TEXT, value TEXT NOT NULL, "
    "PRIMARY KEY (candidate, task, id)) WITHOUT ROWID"
)
_IN_MEMORY = 256  # candidates, the latest: a quarter of a megabyte each on the whole suite
_WAIT = 30.0  # seconds for another process to let go of the file

_log = logging.getLogger(__name__)


class ResultStore:
    """Items of candidates. After its file was opened no method raises because of it.

    Args:
        path: SQLite file, made if missing, readable by its owner only; ``None`` keeps the latest results in memory, for as
            long as this object lives.

    Raises:
        InputError: the file cannot be opened, or is none of this kind.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._latest: dict[str, None] = {}
        try:
            if path is not None:
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # says more than SQLite of what is wrong
            self._db: sqlite3.Connection | None = sqlite3.connect(
                path or ":memory:", timeout=_WAIT, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            with self._db:
                self._db.execute(_SCHEMA)
            self._db.execute("SELECT candidate, task, id, value FROM items LIMIT 1").fetchone()
        except (OSError, sqlite3.Error) as err:
            what = err.strerror if isinstance(err, OSError) else str(err)
            raise InputError(
                f"results={path}: cannot be used ({what}); name a file that jeval may make, or none"
            ) from err

    def get(self, candidate: str, task: str) -> dict[str, Item]:
        """The items of a task that are known of a candidate; a damaged row is none."""
        found = {}
        for name, text in self._rows(candidate, task):
            try:
                found[str(name)] = _item(json.loads(text))
            except (ValueError, TypeError, RecursionError):
                continue
        return found

    def number(self, candidate: str, name: str) -> float | None:
        """A number kept by :meth:`put_number`."""
        for key, text in self._rows(candidate, ""):
            if key == name:
                try:
                    return float(text)
                except ValueError:
                    return None
        return None

    def _rows(self, candidate: str, task: str) -> list[tuple[str, str]]:
        if self._db is None:
            return []
        try:
            asked = "SELECT id, value FROM items WHERE candidate = ? AND task = ?"
            return list(self._db.execute(asked, (candidate, task)))
        except sqlite3.Error as err:
            self._give_up(err)
            return []

    def put(self, candidate: str, items: Mapping[str, Mapping[str, Item]]) -> None:
        """Keep items, all of them or none. Of two processes that computed one, the first's stands."""
        self._insert(
            [
                (candidate, task, name, json.dumps([one.score, one.silent, one.japanese]))
                for task, found in items.items()
                for name, one in found.items()
            ]
        )

    def put_number(self, candidate: str, name: str, value: float) -> None:
        """Keep a number that is no item's."""
        self._insert([(candidate, "", name, repr(value))])

    def _insert(self, rows: Sequence[tuple[str, str, str, str]]) -> None:
        if self._db is None:
            return
        if self.path is None and rows:
            self._latest.pop(rows[0][0], None)
            self._latest[rows[0][0]] = None
        try:
            with self._db:
                self._db.executemany("INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?)", rows)
                while len(self._latest) > _IN_MEMORY:
                    oldest = next(iter(self._latest))
                    del self._latest[oldest]
                    self._db.execute("DELETE FROM items WHERE candidate = ?", (oldest,))
        except sqlite3.Error as err:
            self._give_up(err)

    def _give_up(self, err: Exception) -> None:
        _log.warning("results %s can no longer be kept (%s): equal candidates are computed again", self.path, err)
        self._db = None

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None


def _item(value: Any) -> Item:
    score, silent, japanese = value
    if score is not None and not 0.0 <= float(score) <= 1.0:
        raise ValueError(score)
    return Item(None if score is None else float(score), bool(silent), None if japanese is None else bool(japanese))
