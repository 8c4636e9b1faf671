"""Answers already computed, in SQLite, keyed on the model's bytes.

lm-eval's own response cache keys on the request alone, so that a re-merged model gets its predecessor's answers; here the
key begins with the digest of weights, configuration and tokenizer and the settings that change an answer. The file
holds model output unmasked; it lies outside the run folder and is readable by its owner only.

The cache is a convenience: where it cannot be read or written, the run says so once and goes on without it. Nor is it trusted:
see :mod:`jeval.models.recheck`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from jeval.models.delegate import Delegate
from jeval.resources import answers_path

CHUNK = 64  # requests that are computed and stored together
_SCHEMA = "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
_WAIT = 3.0  # seconds for another process to let go of the file
_AGAIN = 30.0  # seconds until answers that could not be stored are tried again

_log = logging.getLogger(__name__)


class AnswerStore:
    """Answers of one model under one set of settings. No method raises because of the file.

    Args:
        path: SQLite file, made if missing; by default :func:`jeval.resources.answers_path`.
        identity: whatever decides an answer besides the request: model digest, dtype, backend, versions. May be given
            later, by :meth:`identify`.
        fresh: answers of former runs are as if they were not there.

    Attributes:
        path: the file.
        guard: called before answers are written; what it raises ends the run, and they are not.
        fault: what was first wrong with the file; empty while nothing is.
        hits, stored: answers found, and written.
    """

    def __init__(
        self, path: Path | None = None, identity: Mapping[str, Any] | None = None, *, fresh: bool = False
    ) -> None:
        self.path = path or answers_path()
        self._fresh = fresh
        self.guard: Callable[[], None] = lambda: None
        self._db: sqlite3.Connection | None = None
        self._waiting: dict[bytes, str] = {}
        self._next_try = 0.0
        self.fault = ""
        self.hits = 0
        self.stored = 0
        self._own: set[bytes] = set()
        self._taken: set[bytes] = set()
        self.identify(identity or {})
        try:
            self._open(self.path.expanduser())
        except (OSError, RuntimeError, sqlite3.Error) as err:
            self._give_up(err)

    def _open(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and not path.is_file():
            raise OSError("it is not a file")
        _close_to_others(path)
        self._db = sqlite3.connect(path, timeout=_WAIT)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(_SCHEMA)
        self._db.execute("SELECT key, value FROM answers LIMIT 1").fetchone()
        self._db.commit()

    def identify(self, identity: Mapping[str, Any]) -> None:
        """Say whose answers are asked for and stored from now on."""
        self._prefix = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).digest()

    def _say(self, err: Exception) -> None:
        if not self.fault:
            self.fault = (err.strerror or str(err)) if isinstance(err, OSError) else str(err)
            _log.warning(
                "the answer cache %s cannot be used (%s): going on without it, answers may have to be computed again after "
                "a crash; JEVAL_CACHE names another file",
                self.path,
                self.fault,
            )

    def _give_up(self, err: Exception) -> None:
        self._say(err)
        self._db = None

    def _key(self, kind: str, args: tuple[Any, ...]) -> bytes:
        text = json.dumps([kind, args], sort_keys=True, ensure_ascii=True, default=str)
        return hashlib.sha256(self._prefix + text.encode()).digest()

    def get_many(self, kind: str, args: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The stored result of each request, ``None`` where there is none yet."""
        results = [self._get(kind, self._key(kind, one)) for one in args]
        self.hits += sum(result is not None for result in results)
        return results

    def _get(self, kind: str, key: bytes) -> Any:
        text = self._waiting.get(key)
        own = text is not None or key in self._own
        if text is None and self._db is not None and (own or not self._fresh):
            try:
                row = self._db.execute("SELECT value FROM answers WHERE key = ?", (key,)).fetchone()
            except sqlite3.Error as err:
                self._give_up(err)
            else:
                text = row[0] if row else None
        if text is None:
            return None
        try:
            found = _result(kind, json.loads(text))
        except (ValueError, TypeError, RecursionError):  # a damaged row is none
            return None
        if not own:
            self._taken.add(key)
        return found

    def taken(self, kind: str, args: Sequence[tuple[Any, ...]]) -> list[bool]:
        """Of each request, whether its answer was taken from a former run's."""
        return [self._key(kind, one) in self._taken for one in _apart(args)]

    def put_many(self, kind: str, rows: Sequence[tuple[tuple[Any, ...], Any]]) -> None:
        """Store results at once: after a crash either all of them are there or none. What the file does not take is tried
        again later, and by :meth:`close`.
        """
        if self._db is None:
            return
        self._waiting.update((self._key(kind, args), json.dumps(result)) for args, result in rows)
        if time.monotonic() >= self._next_try:
            self._write()

    def _write(self) -> None:
        if self._db is None or not self._waiting:
            return
        self.guard()
        try:
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", list(self._waiting.items()))
        except sqlite3.Error as err:
            self._say(err)
            self._next_try = time.monotonic() + _AGAIN
        else:
            self.stored += len(self._waiting)
            self._own.update(self._waiting)
            self._waiting.clear()

    def forget(self) -> None:
        """Take back what was stored since the file was opened."""
        self._waiting.clear()
        if self._db is None or not self._own:
            return
        try:
            with self._db:
                self._db.executemany("DELETE FROM answers WHERE key = ?", [(key,) for key in self._own])
        except sqlite3.Error as err:
            self._say(err)
        self._own.clear()

    def discard(self) -> None:
        """Let go of the file and remove it; what was stored is lost."""
        self._waiting.clear()
        self.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                self.path.with_name(self.path.name + suffix).unlink()

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        self._write()
        if self._db is not None:
            try:
                self._db.close()
            except sqlite3.Error as err:
                self._say(err)
            self._db = None


def _close_to_others(path: Path) -> None:
    """The file is its owner's alone, and so is its folder, unless that is shared with files that are not jeval's.

    Raises:
        OSError: it cannot be opened, is another user's, or everybody can put another in its place.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # says more than SQLite of what is wrong
    try:
        me, state, folder = getattr(os, "geteuid", lambda: 0)(), os.fstat(handle), os.stat(path.parent)
        if state.st_uid != me:
            raise OSError("it belongs to another user")
        if hasattr(os, "fchmod"):
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)
    if folder.st_uid == me and folder.st_mode & 0o077 and all(_is_ours(path, name) for name in os.listdir(path.parent)):
        os.chmod(path.parent, 0o700)
    elif folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        raise OSError("everybody can write into its folder")


def _is_ours(path: Path, name: str) -> bool:
    return name.startswith((path.name, "fault-")) or name in {"gguf", "snapshots"}


def _result(kind: str, value: Any) -> Any:
    """The result that a row holds.

    Raises:
        TypeError, ValueError: no result of this kind.
    """
    if kind == "loglikelihood":
        likelihood, greedy = value
        return float(likelihood), bool(greedy)
    wanted: Any = {"generate_until": str, "mark": list}.get(
        kind, (int, float)
    )  # a server's marks: see Asked.generation
    if not isinstance(value, wanted):
        raise TypeError(f"{kind}: {type(value).__name__}")
    return value


def in_chunks(
    store: AnswerStore | None,
    kind: str,
    args: Sequence[tuple[Any, ...]],
    compute: Callable[[range], Sequence[Any]],
    progress: Callable[[int, int], None] | None,
) -> list[Any]:
    """Answers from the store, or computed in chunks fixed by the request list, each stored when done.

    A chunk with one answer missing is computed whole, so that batches, and with them the last bits of a
    log-likelihood, do not depend on where an earlier run was cut off. Without store and progress all is one chunk.

    Args:
        compute: the answers to the requests of these numbers.
    """
    size = CHUNK if store is not None or progress is not None else max(1, len(args))
    args = _apart(args)
    answers: list[Any] = []
    for start in range(0, len(args), size):
        some = range(start, min(start + size, len(args)))
        asked = args[start : some.stop]
        known = store.get_many(kind, asked) if store is not None else [None] * len(some)
        if any(answer is None for answer in known):
            known = list(compute(some))
            if store is not None:
                store.put_many(kind, list(zip(asked, known, strict=True)))
        answers += known
        if progress is not None:
            progress(len(answers), len(args))
    return answers


def _apart(args: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Requests that are asked again and again, told apart: drawn answers to one question differ."""
    found: list[tuple[Any, ...]] = []
    times = 0
    for number, one in enumerate(args):
        times = times + 1 if number and one is args[number - 1] else 0  # lm-eval asks them one after the other
        found.append((*one, times) if times else one)
    return found


class StoredLM(Delegate):
    """Any lm-eval model with answers kept; see :func:`in_chunks`. A model that keeps them itself (``answer``) is asked to."""

    def __init__(
        self, inner: LM, store: AnswerStore | None, *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        super().__init__(inner)
        self.store, self.progress = store, progress

    def _run(self, kind: str, requests: list[Instance]) -> list[Any]:
        if (
            answer := getattr(self.inner, "answer", None)
        ) is not None:  # a server: each answer counts, see models/served/load.py
            kept: list[Any] = answer(kind, requests, self.store, self.progress)
            return kept

        def compute(some: range) -> Sequence[Any]:
            answers: Sequence[Any] = getattr(self.inner, kind)([requests[i] for i in some], disable_tqdm=True)
            return answers

        return in_chunks(self.store, kind, [request.args for request in requests], compute, self.progress)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return self._run("loglikelihood", requests)

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        return self._run("loglikelihood_rolling", requests)

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return self._run("generate_until", requests)
