"""Whatever happens in a verb ends in one line and an exit code, in any encoding, and text of others stays text."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval import cli as command_line
from jeval import output
from jeval.errors import InputError

Cli = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]


def boom(error: BaseException) -> Callable[..., Any]:
    def raises(*args: Any, **kwargs: Any) -> Any:
        raise error

    return raises


def log_of(err: str) -> Path:
    found = re.search(r"the traceback is in ([^)]*)\)", err)
    assert found, err
    return Path(found[1])


class Panic(BaseException):
    """As libraries written in Rust raise them."""


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError("no such thing"), "RuntimeError: no such thing"),
        (Panic("index out of bounds"), "Panic"),
        (RecursionError(), "RecursionError"),
        (SpeechlessError(), "SpeechlessError"),
        (OSError("Can't load tokenizer"), "OSError"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "ConnectionResetError"),
    ],
)
def test_an_exception_of_nobody_is_one_line_with_a_private_log_and_70(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, private_cache: Path, error: BaseException, kind: str
) -> None:
    monkeypatch.setattr("jeval.record.compare.compare_runs", boom(error))
    result = cli("compare", "a", "b")
    assert result.code == 70
    (line,) = result.err.splitlines()
    assert line.startswith(f"jeval: {kind}")
    assert "fault of jeval" in line
    log = log_of(line)
    assert log.parent == private_cache.parent
    assert log.stat().st_mode & 0o077 == 0
    text = log.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert type(error).__name__ in text


def test_what_a_model_wrote_reaches_neither_terminal_nor_log_as_more_than_text(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2Jline\nnext\r\u202e\x9b31m\ud800" + "長" * 10_000
    monkeypatch.setattr("jeval.record.compare.compare_runs", boom(ValueError(hostile)))
    result = cli("compare", "a", "b")
    (line,) = result.err.splitlines()
    assert len(line) < 1000
    assert line.isprintable()
    assert "\\u001b" in line
    raw = log_of(line).read_bytes().decode("utf-8")
    assert all(c.isprintable() or c in "\n\t" for c in raw)


def test_a_log_never_holds_the_values_of_variables(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(answer: str) -> None:
        raise RuntimeError(len(answer))

    monkeypatch.setattr("jeval.record.compare.compare_runs", lambda runs: judge("".join(["090-1234", "-5678"])))
    assert "090-1234-5678" not in log_of(cli("compare", "a", "b").err).read_text(encoding="utf-8")


def test_without_a_place_beside_the_cache_the_log_goes_to_the_temporary_folder(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JEVAL_CACHE", "/proc/no/a.sqlite")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("jeval.record.compare.compare_runs", boom(RuntimeError("x")))
    log = log_of(cli("compare", "a", "b").err)
    assert log.parent == tmp_path
    assert log.stat().st_mode & 0o077 == 0
    monkeypatch.setattr("tempfile.tempdir", "/proc/no")
    result = cli("compare", "a", "b")
    assert result.code == 70
    assert "JEVAL_DEBUG=1" in result.err
    monkeypatch.setenv("JEVAL_DEBUG", "1")
    assert "Traceback" in cli("compare", "a", "b").err


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, 2),
        (errno.EROFS, 2),
        (errno.ENAMETOOLONG, 2),
        (errno.ENOSPC, 3),
        (errno.EDQUOT, 3),
        (errno.EIO, 3),
    ],
)
def test_a_file_that_the_system_refuses_is_no_fault_of_jeval(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, code: int
) -> None:
    monkeypatch.setattr("jeval.report.page.write_report", boom(OSError(number, os.strerror(number), "/a/report.html")))
    result = cli("report", tmp_path, "--out", tmp_path / "two words")
    assert result.code == code
    (line,) = result.err.splitlines()
    assert line.startswith(f"jeval: /a/report.html: {os.strerror(number)}")
    assert line.endswith(shlex.join(["jeval", "report", str(tmp_path), "--out", str(tmp_path / "two words")]))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_standard_output_without_room_or_without_a_reader() -> None:
    call = [sys.executable, "-m", "jeval", "items", "generate", "keigo", "--n", "300", "--json"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, check=False, text=True, cwd=ROOT)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert os.strerror(errno.ENOSPC) in done.stderr
    closed = f"{shlex.join(call)} >&-"
    done = subprocess.run(["sh", "-c", closed], stderr=subprocess.PIPE, check=False, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    reader = f"{shlex.join(call[:-1])} | head -c 1 >/dev/null"
    done = subprocess.run(["sh", "-c", reader], stderr=subprocess.PIPE, check=False, text=True, cwd=ROOT)
    assert done.stderr == ""


ENCODINGS = [
    {"PYTHONIOENCODING": "cp932"},
    {"PYTHONIOENCODING": "euc_jp"},
    {"PYTHONIOENCODING": "shift_jis"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
]
# Through every road to the streams: typer's help, usage errors, tables of rich, JSON, messages.
ROADS = """
import json, sys
from types import SimpleNamespace
from jeval import cli, output
from jeval.errors import InputError
text = "価格は¥100〜、‾é😀髙\\ud800\\\\"
def act():
    which = sys.argv[1]
    if which == "json":
        print(output.json_text({"value": text}))
    elif which == "table":
        task = SimpleNamespace(score=None, interval=None, domain=text, reason=text + "[/red]")
        cli._print_table(SimpleNamespace(tasks={text: task}, domains={}))
    elif which == "message":
        print(text)
        raise InputError(text)
    elif which == "fault":
        raise RuntimeError(text)
    else:
        cli_app(sys.argv[1:])
cli_app, cli.app = cli.app, act
cli.main()
""".encode("ascii", "backslashreplace").decode()


@pytest.mark.parametrize("variables", ENCODINGS, ids=lambda v: "-".join(v.values()))
def test_any_text_goes_out_in_any_encoding(variables: dict[str, str], private_cache: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    environment |= variables

    def call(which: str, code: int) -> tuple[bytes, bytes]:
        done = subprocess.run([sys.executable, "-c", ROADS, which], capture_output=True, env=environment, cwd=ROOT)
        assert done.returncode == code, done.stderr
        assert b"UnicodeEncodeError" not in done.stderr
        assert b"Traceback" not in done.stderr
        return done.stdout, done.stderr

    encoding = variables.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    raw, _ = call("json", 0)
    assert json.loads(raw.decode(encoding))["value"] == "価格は¥100〜、‾é😀髙\ud800\\"
    assert call("table", 0)[0]
    assert call("--help", 0)[0]
    assert call("report", 2)[1]
    assert b"\\ud83d\\ude00" in call("message", 2)[0] or encoding == "utf-8"
    assert b"fault of jeval" in call("fault", 70)[1]


def test_json_is_ascii_only_where_the_stream_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert output.json_text("円") == '"円"'


def test_the_model_as_a_bare_argument_and_a_fraction_as_limit_are_explained(cli: Cli) -> None:
    result = cli("run", "/models/a b")
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert "jeval run --model '/models/a b'" in result.err
    result = cli("run", "--model", "m", "--tasks", "a,", "b")
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert "'b'" in result.err
    assert "commas without spaces" in result.err
    for limit in ("0.1", "10%", "many", "1e2"):
        result = cli("run", "--model", "m", "--limit", limit)
        assert (result.code, len(result.err.splitlines())) == (2, 1)
        assert f"--limit {limit}" in result.err
        assert "whole number" in result.err


def test_ctrl_c_names_the_command_as_a_shell_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["jeval", "run", "--model", "/models/a b"])
    assert command_line._command() == "jeval run --model '/models/a b'"


@pytest.mark.parametrize("error", [AssertionError(), InputError("the storage is locked"), KeyboardInterrupt()])
def test_what_fails_while_ctrl_c_is_on_its_way_out_is_an_interrupt(error: BaseException) -> None:
    """A database that was told to stop in the middle of a commit fails as it cleans up."""

    def action() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise error

    assert command_line._code_of(action) == 130


def test_a_path_that_is_no_utf8_is_named(cli: Cli, tmp_path: Path) -> None:
    euc = str(tmp_path) + "/\udcc6\udcfc\udccb\udcdc"
    os.mkdir(euc)
    for call in (
        ("run", "--model", euc), ("run", "--model", "m", "--out", euc), ("report", euc), ("compare", euc, euc),
        ("verify", euc), ("demo", "--out", euc),
    ):  # fmt: skip
        result = cli(*call)
        assert result.code == 2, call
        (line,) = result.err.splitlines()
        assert "UTF-8" in line
        assert "\\udcc6" in line
