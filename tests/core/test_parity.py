"""The same numbers from stock lm-eval, from any working directory."""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

from jeval.audit.run import RunOptions, run
from jeval.record.store import read_record

#: Own metrics that average log-likelihoods instead of counting answers.
NATS = {"margin"}


def test_stock_lm_eval_gives_the_same_scores(tiny_model: Path, tmp_path: Path, warm: list[str]) -> None:
    """By the command that the report prints, run by a shell as it stands."""
    run(tiny_model, RunOptions(out=tmp_path / "run", limit=12, device="cpu", dtype="float32"), silent=True)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    (shown,) = re.findall(r'<pre class="commands">(.*?)</pre>', page, re.DOTALL)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, module in (("lm_eval", "-m lm_eval"), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec {shlex.join(warm)} {module} "$@"\n')
        (tools / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    command = f"{html.unescape(shown)} --batch_size 16 --output_path {shlex.quote(str(tmp_path / 'stock'))}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=elsewhere, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (file,) = (tmp_path / "stock").rglob("results_*.json")
    stock = json.loads(file.read_text())["results"]
    record = read_record(tmp_path / "run")
    compared = 0
    for name, task in record.tasks.items():
        if task.score is None:
            assert name not in stock
            continue
        assert abs(stock[name]["score,none"] - task.score) <= 1e-6, name
        for metric, value in task.metrics.items():  # shares, and means of nats that differ by float32 rounding
            tolerance = 1e-4 if metric in NATS else 1e-6
            assert abs(stock[name][f"{metric},none"] - value) <= tolerance, (name, metric)
        compared += 1
    assert compared >= 6
