"""A run folder: held by one run, written whole, left as it was by a run that failed."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.audit import lock
from jeval.audit.folder import _safe, check_names, open_folder
from jeval.audit.verify import verify_run
from jeval.errors import InputError, UnwrittenError
from jeval.record.schema import Settings
from jeval.record.store import read_record
from jeval.writing import PARTIAL, write_text

Cli = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
RUN = ("run", "--device", "cpu", "--tasks", "jeval_keigo_pairs", "--limit", "4")
SETTINGS = Settings(
    tasks=["one", "two"], suite="audit", limit=4, whole=[], seed=0, backend="hf", model_args={"a": "1"}, dtype=None,
    device=None, as_of=None, canaries=None, corpus=None,
)  # fmt: skip


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def opened(folder: Path, settings: Settings = SETTINGS) -> Any:
    return open_folder(folder, "model", None, settings)


# Two at once


def test_a_second_run_is_told_who_is_writing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with opened(folder) as first:
        first.begin()
        with pytest.raises(InputError, match="another run is writing here") as told, opened(folder):
            pass
        for word in (str(folder), str(os.getpid()), platform.node(), "started", "--out"):
            assert word in str(told.value)
        assert names(folder) == {".lock", ".started.json"}
        write_text(folder / "run.json", "{}")
        first.end()
    assert names(folder) == {"run.json"}


def hold(folder: Path, ready: Any) -> None:
    with lock.locked(folder):
        ready.set()
        time.sleep(600)


@pytest.mark.parametrize("system", ["flock", "without locks"])
def test_a_dead_process_holds_nothing(tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if system != "flock":
        monkeypatch.setattr(lock, "fcntl", None)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=hold, args=(tmp_path, ready))
    child.start()
    assert ready.wait(30)
    with pytest.raises(InputError, match=f"process {child.pid} on "), lock.locked(tmp_path):
        pass
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert names(tmp_path) == {".lock"}
    with lock.locked(tmp_path):
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()
    assert names(tmp_path) == set()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "host": "h"}', "\x00" * 50])
def test_a_lock_file_that_says_nothing_is_taken_over(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for system in (fcntl, None):
        monkeypatch.setattr(lock, "fcntl", system)
        (tmp_path / ".lock").write_text(content)
        with lock.locked(tmp_path):
            pass


def test_a_process_number_given_anew_is_not_taken_for_the_dead_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "fcntl", None)
    mine = lock._me()
    (tmp_path / ".lock").write_text(json.dumps(mine | {"started": mine["started"] - 100}))
    with lock.locked(tmp_path):
        pass
    (tmp_path / ".lock").write_text(json.dumps(mine | {"host": "elsewhere", "pid": 1}))
    with pytest.raises(InputError, match=r"on elsewhere.*delete"), lock.locked(tmp_path):
        pass


def test_of_many_at_once_one_holds_the_folder(tmp_path: Path) -> None:
    inside, most, refused = 0, 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most, refused
        for _ in range(40):
            try:
                with lock.locked(tmp_path):
                    with guard:
                        inside += 1
                        most = max(most, inside)
                    time.sleep(0.001)
                    with guard:
                        inside -= 1
            except InputError:
                refused += 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert refused > 0
    assert names(tmp_path) == set()


def test_a_lock_left_by_a_killed_run_is_said_and_goes_with_the_next(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert cli(*RUN, "--model", tiny_model, "--out", out).code == 0
    before = names(out)
    (out / ".lock").write_text('{"pid": 1}')
    (said,) = verify_run(out)
    assert said.startswith(".lock: a run is writing here, or left it")
    assert cli("report", out, "--out", tmp_path / "r.html").code == 0
    (out / f".{'0' * 16}.part").write_text("half")
    assert cli(*RUN, "--model", tiny_model, "--out", out).code == 0
    assert names(out) == before
    assert verify_run(out) == []


def test_a_second_run_in_the_same_folder_ends_with_2_before_it_loads(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jeval.audit.subject.load", lambda *a, **k: pytest.fail("loaded"))
    (tmp_path / "run").mkdir()
    with lock.locked(tmp_path / "run"):
        result = cli(*RUN, "--model", tiny_model, "--out", tmp_path / "run")
    assert result.code == 2
    assert "another run is writing here" in result.err.splitlines()[-1]


# Written whole


def test_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def write(text: str) -> None:
        try:
            for _ in range(50):
                write_text(tmp_path / "a.json", text)
        except BaseException as err:
            errors.append(err)

    texts = [str(n) * 10_000 for n in range(6)]
    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (tmp_path / "a.json").read_text() in texts
    assert names(tmp_path) == {"a.json"}


def test_a_failed_write_leaves_the_former_file_and_no_other(tmp_path: Path) -> None:
    write_text(tmp_path / "a.json", "old")
    code = f"""
import resource
from pathlib import Path
from jeval.writing import write_text
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    write_text(Path({str(tmp_path / "a.json")!r}), "x" * 5000)
except OSError as err:
    print(err.errno)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(done.stdout) == errno.EFBIG
    assert names(tmp_path) == {"a.json"}
    assert (tmp_path / "a.json").read_text() == "old"


def fails_on(monkeypatch: pytest.MonkeyPatch, name: str, number: int, *, below: Path) -> None:
    """Renaming a file of that name anywhere in ``below`` fails as the system would have it."""
    replace = os.replace

    def refusing(source: Any, target: Any, **kwargs: Any) -> None:
        if Path(target).name == name and below in Path(target).parents:
            raise OSError(number, os.strerror(number), str(target))
        replace(source, target, **kwargs)

    monkeypatch.setattr(os, "replace", refusing)


NUMBERS = (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENAMETOOLONG, errno.EIO)
FILES = ("jeval_keigo_pairs.parquet", "report.html", "manifest.json")


@pytest.mark.parametrize(
    ("name", "number"), [*(("run.json", number) for number in NUMBERS), *((name, errno.ENOSPC) for name in FILES)]
)
def test_no_room_at_the_end_is_one_line_with_the_command_that_goes_on(
    cli: Cli, tiny_model: Path, tmp_path: Path, name: str, number: int
) -> None:
    out = tmp_path / "a run"
    with pytest.MonkeyPatch.context() as patch:
        fails_on(patch, name, number, below=out)
        result = cli(*RUN, "--model", tiny_model, "--out", out)
    assert result.code == 3
    line = result.err.splitlines()[-1]
    assert line.startswith(f"jeval: {out} cannot be written ({os.strerror(number)})")
    assert "Traceback" not in result.err
    command = shlex.split(line.partition("go on from there with: ")[2])
    assert not any(Path(one).match(PARTIAL) or one.endswith(".lock") for one in names(out))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jeval.models.cache.AnswerStore.put_many", lambda *a: pytest.fail("computed again"))
        again = cli(*command[1:])
    assert again.code == 0, again.err
    assert verify_run(out) == []


def test_without_room_for_answers_either_the_run_is_written_elsewhere(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = tmp_path / "tmp"
    spare.mkdir()
    monkeypatch.setenv("JEVAL_CACHE", "/proc/no/a.sqlite")
    monkeypatch.setattr("tempfile.tempdir", str(spare))
    fails_on(monkeypatch, "run.json", errno.ENOSPC, below=tmp_path / "run")
    result = cli(*RUN, "--model", tiny_model, "--out", tmp_path / "run")
    assert result.code == 3
    (written,) = spare.iterdir()
    assert str(written) in result.err.splitlines()[-1]
    assert verify_run(written) == []
    assert read_record(written).tasks["jeval_keigo_pairs"].n == 4
    assert written.stat().st_mode & 0o077 == 0
    monkeypatch.setattr("tempfile.tempdir", "/proc/no")
    result = cli(*RUN, "--model", tiny_model, "--out", tmp_path / "run")
    assert result.code == 3
    assert "make room" in result.err.splitlines()[-1]


# What stands there before and after


@pytest.mark.parametrize("error", [InputError("bad device"), RuntimeError("gpu0"), UnwrittenError("full")])
def test_a_run_that_failed_leaves_the_folder_as_it_found_it(tmp_path: Path, error: Exception) -> None:
    for folder, existed in ((tmp_path / "new" / "run", False), (tmp_path / "empty", True)):
        if existed:
            folder.mkdir()
        for begins in (False, True):
            with pytest.raises(type(error)), opened(folder) as held:
                if begins:
                    held.begin()
                    (folder / "samples").mkdir()
                raise error
            assert folder.exists() is existed
            assert not existed or names(folder) == set()
            with opened(folder, SETTINGS.model_copy(update={"limit": 9})):
                pass


def test_a_mistaken_device_does_not_spoil_the_folder(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    wrong = cli(
        "run", "--tasks", "jeval_keigo_pairs", "--limit", "4", "--model", tiny_model, "--device", "gpu0", "--out", out
    )
    assert wrong.code != 0
    assert not out.exists()
    assert cli(*RUN, "--model", tiny_model, "--out", out).code == 0


def test_an_interrupted_run_keeps_its_mark_and_what_is_written_stays(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), opened(tmp_path / "a") as held:
        held.begin()
        raise KeyboardInterrupt
    assert names(tmp_path / "a") == {".started.json"}
    with pytest.raises(UnwrittenError), opened(tmp_path / "b") as held:
        held.begin()
        write_text(tmp_path / "b" / "samples" / "one.parquet", "x")
        raise UnwrittenError("full")
    assert names(tmp_path / "b") == {".started.json", "samples", "samples/one.parquet"}
    with pytest.raises(InputError), opened(tmp_path / "a") as held:
        raise InputError("a mistake in the command that was to go on")
    assert names(tmp_path / "a") == {".started.json"}


def test_another_setting_is_named_with_its_value_there_and_now(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), opened(tmp_path) as held:
        held.begin()
        raise KeyboardInterrupt
    changed = SETTINGS.model_copy(
        update={
            "limit": 6,
            "tasks": ["two", "three"],
            "model_args": {"a": "2"},
            "dtype": "float32",
            "backend": "x" * 500,
        }
    )
    started = json.loads((tmp_path / ".started.json").read_text())
    started["digest"] = "remote:" + json.dumps({"a": "2"})
    started["settings"]["of_a_later_version"] = 1
    (tmp_path / ".started.json").write_text(json.dumps(started))
    with pytest.raises(InputError) as told, opened(tmp_path, changed):
        pass
    message = str(told.value)
    for words in (
        "limit: 4 there, 6 now", "tasks: one there, three now", "model_args.a: 1 there, 2 now",
        "dtype: not given there, float32 now", "of_a_later_version: 1 there, not given now",
    ):  # fmt: skip
        assert words in message
    assert "seed" not in message
    assert len(message) < 800


@pytest.mark.parametrize(
    "content",
    ["", "[]", "3", "{}", '{"digest": 1}', '{"digest": null, "settings": 5}', "\x00", '{"model": 1, "settings": {}}'],
)
def test_a_damaged_mark_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / ".started.json").write_text(content)
    with pytest.raises(InputError, match=r"damaged|another model"), opened(tmp_path):
        pass


@pytest.mark.parametrize(
    "name", ["敬" * 80, "敬" * 300, "a" * 300, "𠮷" * 90, "\udcc6\udcfc" * 90, "..", "e\u0301" * 90, " "]
)
def test_any_name_of_a_model_makes_a_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_folder(None, name, None, SETTINGS) as held:
        held.begin()
        write_text(held.path / "run.json", "{}")
    assert len(held.path.name.encode()) <= 143
    assert held.path.parent == Path("reports")


def test_short_names_stay_as_they_are() -> None:
    assert _safe("Llama-3.1 敬語_v2") == "Llama-3.1_敬語_v2"
    assert _safe("敬" * 80) == "敬" * 40


def test_a_model_folder_of_eighty_characters_is_run(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    model = Path(shutil.copytree(tiny_model, tmp_path / ("敬語" * 40)))
    assert cli(*RUN, "--model", model).code == 0
    (folder,) = (tmp_path / "reports").iterdir()
    assert read_record(folder).model.name == "敬語" * 40


def test_a_path_that_cannot_be_a_folder_is_input(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / ("x" * 300), tmp_path / "file", tmp_path / "file" / "run", Path("/proc/run")):
        result = cli(*RUN, "--model", tiny_model, "--out", out)
        assert result.code == 2, out
        line = result.err.splitlines()[-1]
        assert line.startswith(f"jeval: --out {out}")


def test_a_task_whose_file_cannot_be_named_is_refused_before_it_is_computed(tmp_path: Path) -> None:
    check_names(tmp_path, ["jeval_keigo_pairs", "課題" * 40])
    with pytest.raises(InputError, match="課題"):
        check_names(tmp_path, ["jeval_keigo_pairs", "課題" * 50])
