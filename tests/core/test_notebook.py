"""jeval from a notebook: ``jeval.run`` with keywords, ``jeval.load`` and its one table, and the page that shows them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import jeval
from jeval import offline
from jeval.errors import InputError
from jeval.record.samples import Sample, read_samples, write_samples

ROOT = Path(__file__).resolve().parents[2]
TASKS = ["jeval_keigo_choice", "jeval_leak_context", "jeval_finreg_statement"]


@pytest.fixture(autouse=True)
def guard_off_afterwards() -> Iterator[None]:
    yield
    offline.disable()


@pytest.fixture(scope="module")
def finished(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    jeval.run(str(tiny_model), tasks=TASKS, limit=3, device="cpu", out=str(folder), batch_size=16, silent=True)
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A run that a test may damage."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_samples_are_one_table_over_all_tasks(finished: Path) -> None:
    run = jeval.load(str(finished))
    frame = run.samples()
    assert len(frame) == 9
    assert list(frame.columns[:5]) == ["task", "domain", "id", "cluster", "score"]
    assert list(frame["task"].unique()) == list(run.record.tasks)
    assert frame["score"].dtype == "float64"
    for name, rows in frame.groupby("task"):
        samples = read_samples(finished, str(name))
        assert list(rows["id"]) == [sample.id for sample in samples]
        assert list(rows["score"]) == [sample.score for sample in samples]
        assert list(rows["prompt"]) == [sample.prompt for sample in samples]
        assert list(rows["outputs"]) == [sample.outputs for sample in samples]
        assert run.record.tasks[str(name)].score == pytest.approx(rows["score"].mean())
        for field, value in samples[0].doc.items():
            kept = rows[f"doc.{field}"].iloc[0]
            assert type(kept) is type(value) or isinstance(value, (int, float, bool))
            assert kept == value
        for metric, number in samples[0].metrics.items():
            assert rows[f"metrics.{metric}"].iloc[0] == number


def test_not_scored_is_nan_and_what_a_task_lacks_is_missing(copy: Path) -> None:
    first = read_samples(copy, TASKS[0])
    lone = first[0].model_copy(update={"score": None, "metrics": {}, "doc": {"big": 2**60 + 1, "parts": [1, 2]}})
    write_samples(copy, TASKS[0], [lone, *first[1:]])
    frame = jeval.load(copy).samples()
    frame = frame[frame["task"] == TASKS[0]]
    assert pd.isna(frame["score"].iloc[0])
    assert frame["score"].iloc[1:].notna().all()
    assert frame["doc.big"].iloc[0] == 2**60 + 1  # not rounded to a float for the sake of the others
    assert frame["doc.parts"].iloc[0] == [1, 2]
    assert frame["doc.big"].iloc[1] is None
    assert frame["doc.id"].iloc[0] is None


def test_a_field_of_an_item_never_stands_in_the_place_of_a_column(copy: Path) -> None:
    sample = Sample(id="a", cluster="b", prompt=[["q", "x"]], outputs=["o"], loglikelihoods=None, score=1.0,
                    metrics={"score": 0.5}, doc={"score": "high", "task": "other", "id": 7})  # fmt: skip
    write_samples(copy, TASKS[0], [sample])
    frame = jeval.load(copy).samples()
    row = frame[frame["task"] == TASKS[0]].iloc[0]
    assert (row["task"], row["id"], row["score"]) == (TASKS[0], "a", 1.0)
    assert (row["doc.task"], row["doc.id"], row["doc.score"], row["metrics.score"]) == ("other", 7, "high", 0.5)


def test_a_run_of_which_nothing_was_scored_is_an_empty_table(copy: Path) -> None:
    record = json.loads((copy / "run.json").read_text())
    for task in record["tasks"].values():
        task.update(score=None, interval=None, n=0, not_scored=0, reason="no item could be scored")
    (copy / "run.json").write_text(json.dumps(record))
    shutil.rmtree(copy / "samples")
    frame = jeval.load(copy).samples()
    assert len(frame) == 0
    assert list(frame.columns[:5]) == ["task", "domain", "id", "cluster", "score"]


def test_what_is_no_run_is_one_line(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, words in {
        tmp_path / "nowhere": "does not exist",
        copy / "run.json": "is a file",
        tmp_path / "empty": "run.json is missing",
    }.items():
        with pytest.raises(InputError, match=words) as raised:
            jeval.load(folder)
        assert str(folder) in str(raised.value)
        assert "\n" not in str(raised.value)
    for content in (b"{", b"\xff\xfe", b"[]", b"{}", b'"text"', b"[" * 100_000, b'{"schema_version": "0"}'):
        (copy / "run.json").write_bytes(content)
        with pytest.raises(InputError, match=r"run\.json") as raised:
            jeval.load(copy)
        assert "\n" not in str(raised.value)


def test_a_missing_or_damaged_file_of_samples_is_named(copy: Path) -> None:
    file = copy / "samples" / f"{TASKS[1]}.parquet"
    file.write_bytes(file.read_bytes()[:100])
    for _ in range(2):
        with pytest.raises(InputError, match=TASKS[1]):
            jeval.load(copy).samples()
        file.unlink(missing_ok=True)


def test_keywords_go_before_options_and_are_taken_as_they_are_written(tiny_model: Path, tmp_path: Path) -> None:
    options = jeval.RunOptions(tasks=["jeval_keigo_pairs"], limit=1, device="cpu", lang="en")
    record, folder = jeval.run(
        tiny_model, options, tasks="jeval_keigo_choice", as_of="2026-11-01", out=str(tmp_path / "run"), silent=True
    )
    assert list(record.tasks) == ["jeval_keigo_choice"]
    assert record.settings.as_of == "2026-11-01"
    assert record.settings.limit == 1
    assert folder == tmp_path / "run"
    assert '<html lang="en">' in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"limt": 20}, "'limt'.*did you mean.*limit"),
        ({"limit": 0.1}, "limit=0.1: expected a whole number"),
        ({"limit": True}, "limit=True"),
        ({"limit": 0}, "at least 1"),
        ({"as_of": "tomorrow"}, "as_of='tomorrow'"),
        ({"lang": "fr"}, "lang='fr'"),
        ({"corpus": "/nowhere/corpus.jsonl"}, "corpus='/nowhere/corpus.jsonl': no such file"),
        ({"model_args": "max_length=8"}, "expected a dictionary"),
        ({"tasks": [1]}, "expected text"),
        ({"tasks": "jeval_keigo_chioce"}, "did you mean jeval_keigo_choice"),
        ({"batch_size": 0}, "batch"),
    ],
)
def test_a_wrong_keyword_is_one_line(tiny_model: Path, tmp_path: Path, keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        jeval.run(tiny_model, out=tmp_path / "run", silent=True, **keywords)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_importing_jeval_and_reading_a_run_load_no_model_library() -> None:
    code = (
        "import sys, jeval\nassert not {'torch', 'pandas', 'pydantic'} & set(sys.modules)\n"
        "jeval.load\nassert not {'torch', 'transformers', 'lm_eval'} & set(sys.modules)\n"
        "jeval.run\nassert not {'torch', 'transformers', 'lm_eval'} & set(sys.modules)\n"
        "assert set(jeval.__all__) <= {name for name in jeval.__all__ if getattr(jeval, name) is not None}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_code_of_the_page_runs(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks:
        here = block.replace("/models/my-merge", str(tiny_model)).replace("limit=20", "limit=3")
        exec(compile(here, "docs/notebook.md", "exec"), names)
    assert names["record"].settings.seed == 1
    assert len(names["samples"]) == 6
    assert 0 <= names["estimate"].low <= names["estimate"].score <= names["estimate"].high <= 1
