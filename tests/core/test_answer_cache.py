"""The answer cache is a convenience: whatever its file does, the run says so once, ends, and loses nothing."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.audit.run import RunOptions, run
from jeval.errors import ModelError
from jeval.models.cache import AnswerStore
from jeval.record.store import read_record
from jeval.report.page import render

Cli = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
KIND = "loglikelihood"


def rows(count: int, start: int = 0) -> list[tuple[tuple[Any, ...], Any]]:
    return [((f"context {n}", "x" * 200), (-float(n), False)) for n in range(start, start + count)]


def found(store: AnswerStore, some: list[tuple[tuple[Any, ...], Any]]) -> list[Any]:
    return store.get_many(KIND, [args for args, _ in some])


def values(some: list[tuple[tuple[Any, ...], Any]]) -> list[Any]:
    return [value for _, value in some]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def unusable(tmp_path: Path, what: str) -> Path:
    path = tmp_path / "a.sqlite"
    if what == "damaged":
        path.write_bytes(b"not a database" * 100)
    elif what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "below a file":
        (tmp_path / "file").write_text("x")
        path = tmp_path / "file" / "a.sqlite"
    elif what == "other table":
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE answers (question TEXT)")
    elif what == "long name":
        path = tmp_path / ("長" * 100)
    elif what == "nobody's home":
        path = Path("~nobody-of-that-name/a.sqlite")
    return path


@pytest.mark.parametrize(
    "what", ["damaged", "folder", "fifo", "below a file", "other table", "long name", "nobody's home"]
)
def test_a_file_that_cannot_be_opened_is_said_once_and_gone_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    path = unusable(tmp_path, what)
    store = AnswerStore(path, {"model": "1"})
    assert store.fault
    store.put_many(KIND, rows(3))
    assert found(store, rows(3)) == [None] * 3
    store.close()
    (warning,) = warnings(caplog)
    assert str(path) in warning
    assert "JEVAL_CACHE" in warning


def test_a_read_only_home_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(args[0]))

    monkeypatch.setattr(os, "mkdir", refused)
    store = AnswerStore(tmp_path / "home" / "a.sqlite", {})
    assert store.fault == os.strerror(errno.EROFS)
    assert len(warnings(caplog)) == 1


def test_a_full_file_loses_nothing_and_takes_all_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jeval.models.cache._AGAIN", 0.0)
    path = tmp_path / "a.sqlite"
    store = AnswerStore(path, {"model": "1"})
    assert store._db is not None
    store._db.execute("PRAGMA max_page_count = 4")
    for start in range(0, 1000, 100):
        store.put_many(KIND, rows(100, start))
    assert "full" in store.fault
    assert len(warnings(caplog)) == 1
    assert found(store, rows(1000)) == values(rows(1000))
    store._db.execute("PRAGMA max_page_count = 100000")
    store.close()
    assert found(AnswerStore(path, {"model": "1"}), rows(1000)) == values(rows(1000))


def test_a_lock_is_waited_for_some_seconds_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.sqlite"
    store = AnswerStore(path, {"model": "1"})
    store.put_many(KIND, rows(10))
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    for start in range(10, 50, 10):
        store.put_many(KIND, rows(10, start))
    assert found(store, rows(50)) == values(rows(50))
    assert 1 < time.monotonic() - began < 8
    assert "locked" in store.fault
    assert len(warnings(caplog)) == 1
    other.rollback()
    store.close()
    assert found(AnswerStore(path, {"model": "1"}), rows(50)) == values(rows(50))


def test_a_file_held_by_another_process_when_it_is_opened_costs_seconds(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    other = sqlite3.connect(path)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    store = AnswerStore(path, {"model": "1"})
    store.put_many(KIND, rows(10))
    found(store, rows(10))
    store.close()
    assert time.monotonic() - began < 8
    assert "locked" in store.fault


def test_a_file_damaged_below_an_open_store_ends_no_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.sqlite"
    store = AnswerStore(path, {"model": "1"})
    store.put_many(KIND, rows(2000))
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 8192))
    store = AnswerStore(path, {"model": "1"})
    answers = found(store, rows(2000))
    assert set(answers) <= {None, *values(rows(2000))}
    assert None in answers
    store.put_many(KIND, rows(100))
    store.close()
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("value", ["", "{", "3", '"text"', "[1]", "null", "\udcff", b"\xff\xfe", 7, "[" * 100_000])
@pytest.mark.parametrize("kind", ["loglikelihood", "loglikelihood_rolling", "generate_until"])
def test_a_damaged_row_is_an_answer_that_is_not_there(tmp_path: Path, kind: str, value: Any) -> None:
    store = AnswerStore(tmp_path / "a.sqlite", {"model": "1"})
    good = {"loglikelihood": (-1.0, True), "loglikelihood_rolling": -2.0, "generate_until": "文"}[kind]
    store.put_many(kind, [(("a",), good)])
    assert store._db is not None
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    store._db.execute("UPDATE answers SET value = CAST(? AS TEXT)", (raw,))
    fits = {("loglikelihood_rolling", "3"): 3, ("loglikelihood_rolling", 7): 7, ("generate_until", '"text"'): "text"}
    assert store.get_many(kind, [("a",)]) == [fits.get((kind, value))]


def test_no_room_for_the_log_of_the_database_is_survived(tmp_path: Path, warm: list[str]) -> None:
    code = f"""
import resource, sys
from pathlib import Path
from tests.core.test_answer_cache import AnswerStore, KIND, found, rows, values
store = AnswerStore(Path({str(tmp_path / "a.sqlite")!r}), {{}})
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
for start in range(0, 2000, 100):
    store.put_many(KIND, rows(100, start))
assert store.fault
assert found(store, rows(2000)) == values(rows(2000))
store.close()
"""
    done = subprocess.run([*warm, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot be used") == 1


def test_a_run_whose_cache_fills_up_ends_with_the_same_numbers_and_a_note(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"tasks": ["jeval_keigo_pairs", "jeval_keigo_convert"], "limit": 40, "device": "cpu"}
    monkeypatch.setenv("JEVAL_CACHE", str(tmp_path / "whole.sqlite"))
    whole, _ = run(tiny_model, RunOptions(out=tmp_path / "whole", **options), silent=True)
    assert [note.key for note in whole.notes] == ["note_limit"]
    opened = AnswerStore._open

    def small(self: AnswerStore, path: Path) -> None:
        opened(self, path)
        assert self._db is not None
        self._db.execute("PRAGMA max_page_count = 2")

    monkeypatch.setattr(AnswerStore, "_open", small)
    monkeypatch.setenv("JEVAL_CACHE", str(tmp_path / "full.sqlite"))
    record, folder = run(tiny_model, RunOptions(out=tmp_path / "full", **options), silent=True)
    assert record.tasks == whole.tasks
    assert len([one for one in warnings(caplog) if "answer cache" in one]) == 1
    note = read_record(folder).notes[-1]
    assert note.key == "note_cache"
    assert "full" in str(note.model_dump()["why"])
    for lang, words in (("ja", "回答の保存"), ("en", "cache of answers")):
        assert words in render([folder], lang=lang)


def test_an_unusable_cache_is_said_before_the_model_is_loaded(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[list[str]] = []

    def load(*args: Any, **kwargs: Any) -> Any:
        seen.append(warnings(caplog))
        raise ModelError("as far as this")

    monkeypatch.setattr("jeval.audit.subject.load", load)
    monkeypatch.setenv("JEVAL_CACHE", "/proc/no/a.sqlite")
    assert cli("run", "--model", tiny_model, "--device", "cpu", "--out", tmp_path / "run").code == 3
    assert len(seen) == 1
    assert "answer cache /proc/no/a.sqlite" in seen[0][0]
