"""``jeval run`` end to end on a small model: folder, record, samples, table, resume, verification."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jeval.digests import file_digest
from jeval.record.samples import read_samples
from jeval.record.store import read_record

Cli = Callable[..., Any]


@pytest.fixture(scope="module")
def finished(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run over the whole ``jeval`` group."""
    from jeval.audit.run import RunOptions, run

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    options = RunOptions(out=folder, limit=3, device="cpu", batch_size="16")
    run(tiny_model, options, silent=True)
    return folder


def test_the_group_has_two_tasks_of_each_domain_and_one_is_generative(finished: Path) -> None:
    record = read_record(finished)
    scored = {name: t for name, t in record.tasks.items() if t.score is not None}
    for domain in ("keigo", "finreg", "leak"):
        assert sum(t.domain == domain for t in scored.values()) >= 2
        assert record.domains[domain].score is not None
    samples = read_samples(finished, "jeval_keigo_convert")
    assert all(sample.loglikelihoods is None and isinstance(sample.outputs[0], str) for sample in samples)


def test_the_run_folder_is_as_designed(finished: Path) -> None:
    assert {p.name for p in finished.iterdir()} == {
        "run.json",
        "samples",
        "manifest.json",
        "report.html",
        "report.json",
    }
    record = read_record(finished)
    assert {p.stem for p in (finished / "samples").iterdir()} == {
        n for n, t in record.tasks.items() if t.n or t.not_scored
    }
    frame = pd.read_parquet(finished / "samples" / "jeval_keigo_pairs.parquet")
    assert list(frame.columns) == [
        "id", "cluster", "prompt", "outputs", "loglikelihoods", "score", "metrics", "evidence", "doc",
    ]  # fmt: skip
    manifest = json.loads((finished / "manifest.json").read_text())
    assert set(manifest["files"]) >= {"run.json", "samples/jeval_keigo_pairs.parquet"}
    assert "report.html" not in manifest["files"]  # it may be rendered again: its digest is in report.json
    assert json.loads((finished / "report.json").read_text())["report"] == file_digest(finished / "report.html")
    assert record.model.identity is not None
    assert manifest["model"]["digest"] == record.model.identity.digest
    assert manifest["dictionary"]


def test_the_record_says_what_was_not_tested_and_never_zero(finished: Path) -> None:
    record = read_record(finished)
    canary = record.tasks["jeval_leak_canary"]
    assert canary.score is None
    assert "canar" in (canary.reason or "")
    assert record.outbound.attempts == 0


def test_every_scored_task_has_n_chance_and_interval(finished: Path) -> None:
    for name, task in read_record(finished).tasks.items():
        if task.score is None:
            continue
        assert task.n == 3, name
        assert task.interval is not None
        low, high = task.interval
        assert 0 <= low <= task.score <= high <= 1
        assert task.chance is not None and 0 <= task.chance <= 1


def test_json_output_and_table(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    args = ("run", "--model", tiny_model, "--device", "cpu", "--limit", "4", "--tasks", "jeval_keigo_pairs")
    result = cli(*args, "--out", tmp_path / "a", "--json")
    assert result.code == 0, result.err
    value = result.json
    assert value["run"] == str(tmp_path / "a")
    assert set(value["tasks"]["jeval_keigo_pairs"]) == {"score", "interval", "n", "chance", "not_scored"}
    assert set(value["domains"]["keigo"]) == {"score", "interval", "n"}
    table = cli(*args, "--out", tmp_path / "a")
    header, first = table.out.splitlines()[:2]
    for word in ("domain", "task", "n", "score", "95 % interval", "chance"):
        assert word in header
    assert "jeval_keigo_pairs" in first
    assert "report.html" in table.out


def test_a_second_run_computes_nothing_again(cli: Cli, tiny_model: Path, tmp_path: Path, private_cache: Path) -> None:
    args = ("run", "--model", tiny_model, "--device", "cpu", "--limit", "6", "--tasks", "jeval_keigo_pairs")
    assert cli(*args, "--out", tmp_path / "a").code == 0
    rows = sqlite3.connect(private_cache).execute("SELECT COUNT(*) FROM answers").fetchone()[0]
    assert rows >= 12 - 2  # two continuations per pair, some possibly shared
    before = private_cache.stat().st_mtime_ns
    assert cli(*args, "--out", tmp_path / "b").code == 0
    assert sqlite3.connect(private_cache).execute("SELECT COUNT(*) FROM answers").fetchone()[0] == rows
    assert before <= private_cache.stat().st_mtime_ns
    assert read_record(tmp_path / "a").stable() == read_record(tmp_path / "b").stable()


@pytest.mark.parametrize("backend", ["jeval-hf", "hf"])
def test_a_killed_run_resumes_to_the_record_of_an_uninterrupted_one(
    tiny_model: Path, tmp_path: Path, warm: list[str], backend: str
) -> None:
    def command(out: Path) -> list[str]:
        return [*warm, "-m", "jeval.cli", "run", "--model", str(tiny_model), "--device", "cpu", "--limit", "40",
                "--backend", backend, "--tasks", "jeval_keigo_pairs,jeval_finreg_statement,jeval_keigo_convert",
                "--out", str(out)]  # fmt: skip

    def stored(path: Path) -> int:
        try:
            return int(sqlite3.connect(path).execute("SELECT COUNT(*) FROM answers").fetchone()[0])
        except sqlite3.Error:
            return 0

    killed_cache, whole_cache = tmp_path / "killed.sqlite", tmp_path / "whole.sqlite"
    environment = {**os.environ, "JEVAL_CACHE": str(killed_cache)}
    child = subprocess.Popen(command(tmp_path / "killed"), stderr=subprocess.DEVNULL, env=environment)
    while child.poll() is None and stored(killed_cache) == 0:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    finished_before = stored(killed_cache)
    assert finished_before > 0
    subprocess.run(command(tmp_path / "killed"), check=True, capture_output=True, env=environment)
    whole = {**os.environ, "JEVAL_CACHE": str(whole_cache)}
    subprocess.run(command(tmp_path / "whole"), check=True, capture_output=True, env=whole)
    assert stored(killed_cache) == stored(whole_cache)
    assert read_record(tmp_path / "killed").stable() == read_record(tmp_path / "whole").stable()
    for name in ("jeval_keigo_pairs", "jeval_finreg_statement", "jeval_keigo_convert"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(tmp_path / "killed" / "samples" / f"{name}.parquet"),
            pd.read_parquet(tmp_path / "whole" / "samples" / f"{name}.parquet"),
        )


def test_verify_accepts_an_untouched_run_and_finds_any_change(
    cli: Cli, finished: Path, tmp_path: Path, tiny_model: Path
) -> None:
    import shutil

    assert cli("verify", finished, "--model", tiny_model).code == 0
    copy = shutil.copytree(finished, tmp_path / "copy")
    (copy / "report.html").write_text((copy / "report.html").read_text().replace("0.", "1.", 1))
    (copy / "samples" / "extra.parquet").write_bytes(b"x")
    result = cli("verify", copy, "--json")
    assert result.code == 4
    assert result.json["problems"] == [
        "report.html: changed since the run",
        "samples/extra.parquet: not part of the run",
    ]


def test_runs_of_equal_models_compare_to_zero(cli: Cli, finished: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(finished, tmp_path / "copy")
    rows = cli("compare", finished, copy, "--json").json["comparisons"]
    assert rows
    assert all(row["difference"] == 0 for row in rows)


def test_a_lora_adapter_is_scored_with_its_base(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    torch.manual_seed(0)
    adapted: Any = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), config)
    adapted.save_pretrained(tmp_path / "adapter")
    args = ("--device", "cpu", "--limit", "20", "--tasks", "jeval_keigo_pairs", "--dtype", "float32")
    assert cli("run", "--model", tmp_path / "adapter", *args, "--out", tmp_path / "a").code == 0
    merged = adapted.merge_and_unload()
    merged.save_pretrained(tmp_path / "merged")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "merged" / name).write_bytes((tiny_model / name).read_bytes())
    assert cli("run", "--model", tmp_path / "merged", *args, "--out", tmp_path / "m").code == 0
    assert cli("run", "--model", tiny_model, *args, "--out", tmp_path / "b").code == 0
    adapter, whole, base = (
        [[round(v, 3) for v in one.loglikelihoods or ()] for one in read_samples(tmp_path / name, "jeval_keigo_pairs")]
        for name in "amb"
    )
    assert adapter == whole
    assert adapter != base


def test_progress_is_plain_lines_when_not_a_terminal(tiny_model: Path, tmp_path: Path, warm: list[str]) -> None:
    command = [*warm, "-m", "jeval.cli", "run", "--model", str(tiny_model), "--device", "cpu", "--limit", "5",
               "--tasks", "jeval_keigo_pairs", "--out", str(tmp_path / "run"), "--json"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["tasks"]
    assert "(100 %)" in done.stderr
    assert "\x1b[" not in done.stderr


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom jeval.cli import app\n"
        "heavy = {'torch','transformers','lm_eval','datasets','pandas','scipy','fugashi','pydantic','altair','optuna'}\n"
        "found = heavy & {m.partition('.')[0] for m in sys.modules}\n"
        "assert not found, found\nassert len(sys.modules) < 700, len(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_version_needs_no_verb() -> None:
    import jeval

    done = subprocess.run([sys.executable, "-m", "jeval", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"jeval {jeval.__version__}\n"


def test_the_record_names_the_suite_of_the_tasks_that_were_run(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    cases = [
        ("search", "jeval_finreg_statement", "audit"),
        ("audit", "jeval_search_finreg_statement", "search"),
        ("search", "jeval_finreg_statement,jeval_search_finreg_statement", "both"),
    ]
    for number, (given, tasks, suite) in enumerate(cases):
        folder = tmp_path / str(number)
        result = cli("run", "--model", tiny_model, "--limit", 1, "--suite", given, "--tasks", tasks, "--out", folder)
        assert result.code == 0, result.err
        record = read_record(folder)
        assert record.suite == record.settings.suite == suite
