"""Who: the author of a task pack, or of a model's code, that was admitted. What: writing what other runs rest on, above all the answer cache.

Each attack is tried in a process that the kernel holds (Linux, Landlock), as the command's is before any of that code is loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval import cli, confine, limits, offline

ROOT = Path(__file__).resolve().parents[2]

HELD = """
import atexit, ctypes, fcntl, json, os, sqlite3, subprocess, sys, tempfile, threading
from pathlib import Path
from jeval.confine import confine, confinement

base = Path(sys.argv[1])
cache, run, model = base / "cache" / "answers.sqlite", base / "run", base / "model"
hub, module = base / "hub", Path("evaluate_modules", "m.py")
confine(out=run, model=str(model), also=[base / "further"])

def forged():
    with sqlite3.connect(cache) as db:
        db.execute("UPDATE answers SET value = '[5.0, true]'")

def replaced():
    (run / "x").write_text("x")
    os.replace(run / "x", cache)

def by_link():
    os.symlink(cache, run / "link")
    open(run / "link", "r+b")

def child():
    subprocess.run(["sh", "-c", f"echo x >> '{cache}'"], check=True, stderr=subprocess.DEVNULL)

def thread():
    found = []
    def write():
        try:
            open(cache, "r+b")
        except OSError as err:
            found.append(err)
    one = threading.Thread(target=write)
    one.start()
    one.join()
    raise found[0]

def native():
    handle = ctypes.CDLL(None, use_errno=True).open(os.fsencode(cache), os.O_RDWR)
    if handle < 0:
        raise OSError(ctypes.get_errno(), "open")

def typed():
    if os.fork() == 0:
        os.setsid()
        shell = os.open(os.ttyname(os.openpty()[1]), os.O_RDWR)  # the terminal of this session from now on
        try:
            fcntl.ioctl(shell, 0x5412, b"#")
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.wait()[1]):
        raise OSError("no")

def outlived():
    kept = Path(tempfile.mkdtemp()) / "kept"
    kept.write_text("x")
    if os.fork() == 0:
        atexit._run_exitfuncs()
        os._exit(0)
    os.wait()
    kept.read_text()

attacks = {
    "rows": forged, "bytes": lambda: open(cache, "r+b"), "another in its place": replaced, "a link": by_link, "a child": child,
    "a thread": thread, "native code": native, "its removal": lambda: os.unlink(cache), "its end": lambda: os.truncate(cache, 0),
    "a second name": lambda: os.link(cache, run / "second"), "its folder": lambda: os.rename(cache.parent, run / "folder"),
    "a descriptor": lambda: open(f"/proc/self/fd/{os.open(cache, os.O_RDONLY)}", "r+b"),
    "a journal": lambda: Path(f"{cache}-wal").write_text("x"), "a copy of a GGUF": lambda: os.mkdir(base / "cache" / "gguf"),
    "weights in the hub's cache": lambda: open(hub / "hub" / "weights", "r+b"), "code there": lambda: open(hub / "modules" / module, "r+b"),
    "the copy of another run's model": lambda: (base / "cache" / "snapshots" / "model-other" / "x").write_text("x"),
    "the model's own configuration": lambda: open(model / "config.json", "r+b"), "a command typed into the terminal": typed,
    "code compiled before": lambda: (base / "compiled" / "x").write_text("x"),
    "a file beside the model's": lambda: (model / "new.py").write_text("x"), "another run": lambda: (base / "other" / "run.json").write_text("x"),
}
honest = {
    "the run": lambda: (run / "run.json").write_text("x"), "a temporary file": lambda: tempfile.TemporaryFile().write(b"x"),
    "a further folder": lambda: (base / "further" / "x").write_text("x"), "nothing": lambda: open(os.devnull, "w"),
    "a link to weights": lambda: os.link(model / "weights", confinement().snapshots / "weights"),
    "a link to weights elsewhere": lambda: os.link(os.path.realpath(model / "more"), confinement().snapshots / "more"),
    "code of the hub's": lambda: Path(os.environ["HF_MODULES_CACHE"], module).read_text(),
    "code it compiles": lambda: os.makedirs(os.environ["TRITON_CACHE_DIR"]), "data it prepares": lambda: (hub / "datasets" / "x").write_text("x"),
    "a child that ends": outlived,
}

def tried(what):
    try:
        what()
    except (OSError, sqlite3.OperationalError, subprocess.CalledProcessError) as err:
        return type(err).__name__
    return ""

state = confinement()
print(json.dumps([state.held, state.why, *({name: tried(what) for name, what in some.items()} for some in (attacks, honest))]))
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict[str, str]]:
    import sqlite3

    base = tmp_path_factory.mktemp("held")
    others = ("cache/snapshots/model-other", "hub/hub", "hub/modules/evaluate_modules", "compiled", "elsewhere")
    for name in ("model", "other", "further", "temporary", *others):
        (base / name).mkdir(parents=True)
    for file in ("model/weights", "elsewhere/more"):
        (base / file).touch()
        os.truncate(base / file, confine.BIG)  # takes no room
    (base / "model" / "more").symlink_to(base / "elsewhere" / "more")
    for file in ("model/config.json", "hub/hub/weights", "hub/modules/evaluate_modules/m.py"):
        (base / file).write_text("x")
    with sqlite3.connect(base / "cache" / "answers.sqlite") as db:
        db.execute("CREATE TABLE answers (value)")
        db.execute("INSERT INTO answers VALUES ('[-1.0, true]')")
    db.close()
    places = {
        "JEVAL_CACHE": "cache/answers.sqlite",
        "HF_HOME": "hub",
        "TMPDIR": "temporary",
        "TRITON_CACHE_DIR": "compiled",
    }
    done = subprocess.run(
        [sys.executable, "-c", HELD, str(base)], capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, **{name: str(base / place) for name, place in places.items()}},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    held, why, attacks, honest = json.loads(done.stdout)
    if not held:
        pytest.skip(f"the kernel does not hold it here: {why}")
    return base, attacks, honest


def test_code_of_others_does_not_change_what_other_runs_read(held: tuple[Path, dict[str, str], dict[str, str]]) -> None:
    import sqlite3

    base, attacks, _ = held
    assert [name for name, refused in attacks.items() if not refused] == []
    db = sqlite3.connect(base / "cache" / "answers.sqlite")
    assert db.execute("SELECT value FROM answers").fetchall() == [("[-1.0, true]",)]
    db.close()


def test_a_run_writes_what_it_has_to(held: tuple[Path, dict[str, str], dict[str, str]]) -> None:
    base, _, honest = held
    assert {name for name, refused in honest.items() if refused} == set()
    left = [path.name for folder in ("temporary", "cache/snapshots", "compiled") for path in (base / folder).iterdir()]
    assert left == ["model-other"]  # its own folders went with it


def asked(monkeypatch: pytest.MonkeyPatch, *args: object) -> list[dict[str, Any]]:
    """What the command holds itself to, in a process that is its alone; it goes no further."""
    found: list[dict[str, Any]] = []

    def end(*_: Any) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(sys.modules["__main__"], "main", cli.main, raising=False)
    monkeypatch.setattr(offline, "seal", lambda *a, **k: None)
    monkeypatch.setattr(confine, "confine", lambda **given: found.append(given))
    monkeypatch.setattr(limits, "watch", end)
    monkeypatch.setattr(sys, "argv", ["jeval", "run", "--model", "m", *map(str, args)])
    with pytest.raises(SystemExit):
        cli.main()
    return found


def test_the_command_is_held_before_code_of_others_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = {"out": tmp_path, "model": "m"}
    assert asked(monkeypatch, "--out", tmp_path) == []
    assert asked(monkeypatch, "--out", tmp_path, "--trust-remote-code") == [{**own, "also": []}]
    packed = ("--include-path", "theirs", "--allow-write", "kept")
    assert asked(monkeypatch, "--out", tmp_path, *packed) == [{**own, "also": [Path("kept")]}]


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[..., confine.Confinement]:
    """Asks to be held, short of being held."""

    def ask(**given: Any) -> confine.Confinement:
        monkeypatch.setattr(confine, "_state", confine.Confinement(False))
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.setenv("TMPDIR", os.environ.get("TMPDIR", "/tmp"))
        for name in (*confine._COMPILERS, "HF_MODULES_CACHE", "MPLCONFIGDIR"):
            monkeypatch.setenv(name, "set")
        confine.confine(**given)
        return confine.confinement()

    return ask


def test_a_cache_where_the_run_has_to_write_is_said_not_to_be_out_of_reach(
    free: Callable[..., confine.Confinement], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JEVAL_CACHE", str(tmp_path / "run" / "answers.sqlite"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(confine, "_restrict", lambda rules: pytest.fail("held all the same"))
    found = free(out=tmp_path / "run")
    assert (found.held, str(tmp_path / "run") in found.why) == (False, True)


def test_a_process_with_threads_is_said_not_to_be_held(
    free: Callable[..., confine.Confinement], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(os, "listdir", lambda path: ["1", "2", "3"])
    found = free(out=tmp_path / "run")
    assert not found.held
    assert "3 threads" in found.why or "no Landlock" in found.why
