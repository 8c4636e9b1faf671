"""Hostile: whoever can write the answer cache. Attack: put answers into it that the model never gave."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.models.cache import AnswerStore
from jeval.record.store import read_record
from jeval.report.page import render

Cli = Callable[..., Any]
CHOICE, TEXT = "jeval_keigo_pairs", "jeval_leak_context"


def command(model: Path, out: Path, task: str, *more: object) -> tuple[object, ...]:
    return ("run", "--model", model, "--device", "cpu", "--limit", "6", "--tasks", task, "--out", out, *more)


def forge(path: Path, change: Callable[[Any], Any], most: int = 10_000) -> int:
    """Edit that many rows of the file."""
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT key, value FROM answers").fetchall()[:most]
        for key, value in rows:
            db.execute("UPDATE answers SET value = ? WHERE key = ?", (json.dumps(change(json.loads(value))), key))
    db.close()
    return len(rows)


FORGERIES: list[tuple[str, str, Callable[[Any], Any]]] = [
    (CHOICE, "jeval-hf", lambda answer: [answer[0] + 5.0, answer[1]]),
    (CHOICE, "jeval-hf", lambda answer: [answer[0] - 0.5, answer[1]]),
    (CHOICE, "jeval-hf", lambda answer: [answer[0], not answer[1]]),
    (CHOICE, "hf", lambda answer: [-0.5, True]),
    (TEXT, "jeval-hf", lambda answer: "お客様がご覧になる。"),
    (TEXT, "jeval-hf", lambda answer: ""),
    (TEXT, "jeval-hf", lambda answer: answer[: len(answer) // 2]),
    (TEXT, "hf", lambda answer: answer[1:] + "あ"),
]


@pytest.mark.parametrize(("task", "backend", "change"), FORGERIES)
def test_a_forged_answer_ends_the_run_and_names_the_cache(
    cli: Cli, tiny_model: Path, tmp_path: Path, private_cache: Path, task: str, backend: str, change: Any
) -> None:
    assert cli(*command(tiny_model, tmp_path / "a", task, "--backend", backend)).code == 0
    assert forge(private_cache, change)
    share = 0.02 if task == CHOICE else 1  # texts of this model may be empty, as a forged one is
    said = cli(*command(tiny_model, tmp_path / "b", task, "--backend", backend, "--recheck", share))
    assert said.code == 4
    assert (
        f"jeval: the answer cache {private_cache} holds an answer that the model does not give (task {task}" in said.err
    )
    assert not (tmp_path / "b").exists()


def test_which_answers_are_computed_again_cannot_be_foreseen_and_one_edited_row_is_found_when_all_are(
    cli: Cli, tiny_model: Path, tmp_path: Path, private_cache: Path
) -> None:
    assert cli(*command(tiny_model, tmp_path / "a", CHOICE)).code == 0
    assert forge(private_cache, lambda answer: [answer[0] + 5.0, answer[1]], most=1) == 1
    assert cli(*command(tiny_model, tmp_path / "b", CHOICE, "--recheck", "1")).code == 4
    results = {cli(*command(tiny_model, tmp_path / f"c{n}", CHOICE, "--recheck", "0.5")).code for n in range(12)}
    assert results == {0, 4}


def test_what_was_taken_from_the_cache_is_counted_by_task_in_record_and_report(
    cli: Cli, tiny_model: Path, tmp_path: Path
) -> None:
    both = f"{CHOICE},{TEXT}"
    assert cli(*command(tiny_model, tmp_path / "a", CHOICE)).code == 0
    first = read_record(tmp_path / "a").cache
    assert first is not None
    assert (first.taken, first.rechecked) == ({}, 0)
    asked = first.asked[CHOICE]
    assert cli(*command(tiny_model, tmp_path / "b", both)).code == 0
    second = read_record(tmp_path / "b").cache
    assert second is not None
    assert second.taken == {CHOICE: asked}
    assert second.asked[TEXT] >= 6
    assert (second.rechecked, second.share, second.differ) == (1, 0.02, 0)
    for lang, words in (("ja", f"のうち {asked} 件は以前の実行の回答"), ("en", f"{asked} of ")):
        page = render([tmp_path / "b"], lang=lang)
        assert words in page
        task = read_record(tmp_path / "b").tasks[CHOICE]
        assert f"<small>{task.title_ja if lang == 'ja' else task.title_en} {asked}/{asked}</small>" in page


@pytest.mark.parametrize("backend", ["jeval-hf", "hf"])
def test_an_honest_cache_passes_when_every_answer_is_computed_again(
    cli: Cli, tiny_model: Path, tmp_path: Path, backend: str
) -> None:
    tasks = f"{CHOICE},{TEXT},jeval_finreg_figure,jeval_keigo_convert"
    assert cli(*command(tiny_model, tmp_path / "a", tasks, "--backend", backend)).code == 0
    said = cli(*command(tiny_model, tmp_path / "b", tasks, "--backend", backend, "--recheck", "1"))
    assert said.code == 0, said.err
    use = read_record(tmp_path / "b").cache
    assert use is not None
    assert use.rechecked == sum(use.taken.values()) == sum(use.asked.values())


def test_half_precision_passes_where_it_only_rounds_and_fails_where_an_answer_is_another(
    cli: Cli, tiny_model: Path, tmp_path: Path, private_cache: Path
) -> None:
    def run(out: str, *more: object) -> int:
        return int(cli(*command(tiny_model, tmp_path / out, f"{CHOICE},{TEXT}", "--dtype", "bfloat16", *more)).code)

    assert run("a") == 0
    assert run("b", "--recheck", 1) == 0
    assert forge(private_cache, lambda answer: [answer[0] + 9.0, answer[1]] if isinstance(answer, list) else answer)
    assert run("c", "--recheck", 1) == 4


def test_fresh_takes_nothing_from_the_cache_and_heals_it(
    cli: Cli, tiny_model: Path, tmp_path: Path, private_cache: Path
) -> None:
    assert cli(*command(tiny_model, tmp_path / "a", CHOICE)).code == 0
    forge(private_cache, lambda answer: [answer[0] + 5.0, answer[1]])
    assert cli(*command(tiny_model, tmp_path / "b", CHOICE, "--fresh")).code == 0
    record = read_record(tmp_path / "b")
    assert record.cache is not None
    assert record.cache.taken == {}
    assert record.stable() == read_record(tmp_path / "a").stable()
    assert cli(*command(tiny_model, tmp_path / "c", CHOICE, "--recheck", "1")).code == 0


@pytest.mark.parametrize("share", ["-0.1", "1.5", "nan"])
def test_a_share_that_is_none_is_refused(cli: Cli, tiny_model: Path, tmp_path: Path, share: str) -> None:
    said = cli(*command(tiny_model, tmp_path / "a", CHOICE, f"--recheck={share}"))
    assert said.code == 2
    assert "--recheck" in said.err


# The file


def test_the_file_and_its_folder_are_the_owners_alone_whatever_they_were(tmp_path: Path) -> None:
    folder = tmp_path / "jeval"
    folder.mkdir(mode=0o755)
    (folder / "a.sqlite").touch(0o666)
    os.chmod(folder / "a.sqlite", 0o666)
    store = AnswerStore(folder / "a.sqlite", {"model": "1"})
    store.put_many("generate_until", [(("a",), "あ")])
    assert store.fault == ""
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_folder_with_files_of_others_is_left_as_it_is_and_one_that_everybody_writes_is_not_used(
    tmp_path: Path,
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    (shared / "thesis.txt").write_text("x")
    assert AnswerStore(shared / "a.sqlite").fault == ""
    assert shared.stat().st_mode & 0o777 == 0o755
    os.chmod(shared, 0o777)
    assert AnswerStore(shared / "b.sqlite").fault == "everybody can write into its folder"
    os.chmod(shared, 0o1777)
    assert AnswerStore(shared / "c.sqlite").fault == ""


def test_the_file_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    AnswerStore(tmp_path / "a.sqlite").close()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    store = AnswerStore(tmp_path / "a.sqlite", {"model": "1"})
    assert store.fault == "it belongs to another user"


PACK = """
task: t
dataset_path: json
dataset_kwargs: {data_files: FOLDER/items.json}
test_split: train
output_type: multiple_choice
doc_to_text: !function hooks.text
doc_to_choice: ["は", "が"]
doc_to_target: 0
process_results: !function hooks.results
metric_list: [{metric: acc}]
"""

FORGER = """
import gc, json, os, sqlite3

def text(doc):
    return doc["text"]

def forge(db):
    with db:
        for key, value in db.execute("SELECT key, value FROM answers").fetchall():
            if value.startswith("["):
                db.execute("UPDATE answers SET value = '[5.0, true]' WHERE key = ?", (key,))

def usable(db):
    try:
        return bool(db.execute("SELECT 1"))
    except sqlite3.ProgrammingError:  # closed
        return False

def results(doc, outputs):
    gc.collect()  # what earlier tests left is no find
    found = [one for one in gc.get_objects() if issubclass(type(one), sqlite3.Connection) and usable(one)]
    for db in found:
        forge(db)
    for store in [one for one in gc.get_objects() if type(one).__name__ == "AnswerStore"]:
        store.put_many("loglikelihood", [(("a", "b"), (5.0, True))])
    with open(os.path.join(os.path.dirname(__file__), "found"), "a") as file:
        for db in found:
            file.write(db.execute("PRAGMA database_list").fetchone()[2] + "\\n")
    BY_PATH
    return {"acc": 1.0}
"""


@pytest.fixture
def forger(tmp_path: Path) -> Path:
    pack = tmp_path / "forger"
    pack.mkdir()
    (pack / "items.json").write_text('[{"text": "雨"}, {"text": "風"}]', encoding="utf-8")
    (pack / "t.yaml").write_text(PACK.replace("FOLDER", str(pack)), encoding="utf-8")
    (pack / "hooks.py").write_text(FORGER.replace("BY_PATH", ""), encoding="utf-8")
    return pack


def rows_of(path: Path) -> list[Any]:
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT key, value FROM answers ORDER BY key").fetchall()
    db.close()
    return found


def test_code_of_others_finds_no_store_that_other_runs_read(
    cli: Cli, tiny_model: Path, tmp_path: Path, private_cache: Path, forger: Path
) -> None:
    assert cli(*command(tiny_model, tmp_path / "a", CHOICE)).code == 0
    before = rows_of(private_cache)
    packed = ("--include-path", forger, "--trust-pack", "forger")
    assert cli(*command(tiny_model, tmp_path / "b", f"{CHOICE},t", *packed)).code == 0
    found = set((forger / "found").read_text().split())
    assert found == {str(tmp_path / "b" / "answers.sqlite")}
    assert before and rows_of(private_cache) == before
    assert not list((tmp_path / "b").glob("answers*"))
    use = read_record(tmp_path / "b").cache
    assert use is not None
    assert (use.shared, use.taken) == (False, {})
    clean = read_record(tmp_path / "a")
    assert clean.cache is not None and clean.cache.shared
    assert clean.tasks[CHOICE] == read_record(tmp_path / "b").tasks[CHOICE]
    assert cli("verify", tmp_path / "b").code == 0
    assert cli(*command(tiny_model, tmp_path / "c", CHOICE, "--recheck", "1")).code == 0


def test_what_code_of_others_writes_by_the_path_is_found_as_any_forgery_is(
    cli: Cli, tiny_model: Path, tmp_path: Path, private_cache: Path, forger: Path
) -> None:
    assert cli(*command(tiny_model, tmp_path / "a", CHOICE)).code == 0
    (forger / "hooks.py").write_text(
        FORGER.replace("BY_PATH", f"forge(sqlite3.connect({str(private_cache)!r}))"), encoding="utf-8"
    )
    packed = ("--include-path", forger, "--trust-pack", "forger")
    assert cli(*command(tiny_model, tmp_path / "b", f"{CHOICE},t", *packed)).code == 0
    assert cli(*command(tiny_model, tmp_path / "c", CHOICE)).code == 4
    assert cli(*command(tiny_model, tmp_path / "d", CHOICE, "--fresh")).code == 0


def test_a_run_with_a_pack_of_others_resumes_from_its_own_answers_and_from_no_others(
    cli: Cli, tiny_model: Path, tmp_path: Path, forger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = ("--include-path", forger, "--trust-pack", "forger")
    (forger / "hooks.py").write_text(
        'def text(doc): return doc["text"]\ndef results(doc, outputs): return {"acc": 1.0}\n'
    )
    out = tmp_path / "a"
    with monkeypatch.context() as broken:
        broken.setattr("jeval.pipeline.road.judged", _after(RuntimeError))
        assert cli(*command(tiny_model, out, f"{CHOICE},t", *packed)).code == 70
    kept = out / "answers.sqlite"
    assert kept.stat().st_mode & 0o777 == 0o600 and rows_of(kept)
    assert cli(*command(tiny_model, out, f"{CHOICE},t", *packed)).code == 0
    use = read_record(out).cache
    assert use is not None
    assert use.taken == use.asked
    assert not kept.exists()


def test_answers_that_lie_in_a_folder_without_a_run_are_nobodys(
    cli: Cli, tiny_model: Path, tmp_path: Path, forger: Path
) -> None:
    out = tmp_path / "a"
    out.mkdir()
    AnswerStore(out / "answers.sqlite", {}).close()
    with sqlite3.connect(out / "answers.sqlite") as db:
        db.execute("CREATE TABLE mark (a)")
    db.close()
    (forger / "hooks.py").write_text(
        FORGER.replace(
            "BY_PATH",
            "assert not any(db.execute(\"SELECT 1 FROM sqlite_master WHERE name = 'mark'\").fetchall() for db in found)",
        )
    )
    packed = ("--include-path", forger, "--trust-pack", "forger")
    assert cli(*command(tiny_model, out, "t", *packed)).code == 0
    assert read_record(out).tasks["t"].score == 1.0


def _after(error: type[BaseException]) -> Callable[..., Any]:
    from jeval.pipeline.evaluate import judged

    def broken(*args: Any, **more: Any) -> Any:
        judged(*args, **more)
        raise error

    return broken


def test_the_cache_is_opened_after_the_code_of_tasks_was_loaded(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jeval.pipeline.taskpack

    order: list[str] = []
    opened, loaded = AnswerStore._open, jeval.pipeline.taskpack.load_tasks

    def load(*args: Any, **kwargs: Any) -> Any:
        order.append("tasks")
        return loaded(*args, **kwargs)

    def open_(self: AnswerStore, path: Path) -> None:
        order.append("cache")
        opened(self, path)

    monkeypatch.setattr("jeval.audit.run.load_tasks", load)
    monkeypatch.setattr(AnswerStore, "_open", open_)
    assert cli(*command(tiny_model, tmp_path / "a", CHOICE)).code == 0
    assert order == ["tasks", "cache"]
