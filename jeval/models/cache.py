"""Answers already computed, in SQLite, keyed on the model's bytes.

lm-eval's own response cache keys on the request alone, so that a re-merged model gets its predecessor's answers; here the
key begins with the digest of weights, configuration and tokenizer and the settings that change an answer. The file
holds model output unmasked; it lies outside the run folder and is readable by its owner only.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from jeval.errors import InputError

CHUNK = 64  # requests that are computed and stored together
_SCHEMA = "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


def default_path() -> Path:
    """``$JEVAL_CACHE``, else ``answers.sqlite`` in the user's cache folder."""
    if given := os.environ.get("JEVAL_CACHE"):
        return Path(given).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "jeval" / "answers.sqlite"


class AnswerStore:
    """Answers of one model under one set of settings.

    Args:
        path: SQLite file, made if missing.
        identity: whatever decides an answer besides the request: model digest, dtype, backend, versions.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self._prefix = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).digest()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = sqlite3.connect(path, timeout=60)
            os.chmod(path, 0o600)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(_SCHEMA)
            self._db.commit()
        except (OSError, sqlite3.Error) as err:
            raise InputError(
                f"the answer cache {path} cannot be used ({err}); set JEVAL_CACHE to another file"
            ) from err
        self.hits = 0
        self.stored = 0

    def _key(self, kind: str, args: tuple[Any, ...]) -> bytes:
        text = json.dumps([kind, args], sort_keys=True, ensure_ascii=True, default=str)
        return hashlib.sha256(self._prefix + text.encode()).digest()

    def get_many(self, kind: str, args: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The stored result of each request, ``None`` where there is none yet."""
        results: list[Any] = []
        for one in args:
            row = self._db.execute("SELECT value FROM answers WHERE key = ?", (self._key(kind, one),)).fetchone()
            value = None if row is None else json.loads(row[0])
            results.append(tuple(value) if kind == "loglikelihood" and value is not None else value)
        self.hits += sum(result is not None for result in results)
        return results

    def put_many(self, kind: str, rows: Sequence[tuple[tuple[Any, ...], Any]]) -> None:
        """Store results at once: after a crash either all of them are there or none."""
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO answers VALUES (?, ?)",
                [(self._key(kind, args), json.dumps(result)) for args, result in rows],
            )
        self.stored += len(rows)

    def close(self) -> None:
        self._db.close()


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


class StoredLM(LM):  # type: ignore[misc]  # lm-eval carries no types
    """Any lm-eval model with answers kept; see :func:`in_chunks`. A model that keeps them itself (``answer``) is asked to."""

    def __init__(
        self, inner: LM, store: AnswerStore | None, *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        super().__init__()
        self.inner, self.store, self.progress = inner, store, progress

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["inner"], name)

    @property
    def rank(self) -> int:
        return int(self.inner.rank)

    @property
    def world_size(self) -> int:
        return int(self.inner.world_size)

    @property
    def tokenizer_name(self) -> str:
        return str(self.inner.tokenizer_name)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return str(self.inner.apply_chat_template(chat_history, add_generation_prompt))

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        template: str | None = self.inner.chat_template(chat_template)
        return template

    def _run(self, kind: str, requests: list[Instance]) -> list[Any]:
        if (
            answer := getattr(self.inner, "answer", None)
        ) is not None:  # a server: each answer counts, see models/remote.py
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
