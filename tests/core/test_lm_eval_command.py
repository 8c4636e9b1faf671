"""``jeval lm-eval``: the stock command line, with jeval's model known by name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from jeval.audit.run import RunOptions, run
from jeval.resources import tasks_path


def lm_eval(python: list[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*python, "-m", "jeval", "lm-eval", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_option_goes_to_the_stock_command_line(warm: list[str]) -> None:
    done = lm_eval(warm, "run", "--help")
    assert done.returncode == 0
    assert "--model_args" in done.stdout
    assert "--apply_chat_template" in done.stdout


def test_the_model_is_known_by_name_and_gives_the_scores_of_a_run(
    tiny_model: Path, tmp_path: Path, warm: list[str]
) -> None:
    names = ["jeval_keigo_choice", "jeval_leak_mnpi"]
    done = lm_eval(
        warm, "run", "--model", "jeval-hf", "--model_args", f"pretrained={tiny_model},dtype=float32",
        "--include_path", tasks_path(), "--tasks", ",".join(names), "--limit", "4", "--device", "cpu",
        "--output_path", tmp_path / "stock",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (file,) = (tmp_path / "stock").rglob("results_*.json")
    results = json.loads(file.read_text())["results"]
    options = RunOptions(out=tmp_path / "run", limit=4, device="cpu", dtype="float32", tasks=names)
    record, _ = run(tiny_model, options, silent=True)
    assert {name: results[name]["score,none"] for name in names} == {name: record.tasks[name].score for name in names}


def test_a_wrong_option_is_answered_by_the_stock_command_line(warm: list[str]) -> None:
    done = lm_eval(warm, "run", "--no_such_option", "1")
    assert done.returncode == 2
    assert "--no_such_option" in done.stderr
