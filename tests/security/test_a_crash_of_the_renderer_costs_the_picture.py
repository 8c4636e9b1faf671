"""Hostile: text in names and outputs. Attack: end the process while the report is rendered, and with it the evidence."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.audit.verify import verify_run
from jeval.record.store import read_record
from jeval.report.charts import ChartRow, ChartWords, Moment, drawn, forest, over_time

Cli = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
RUN = ("run", "--device", "cpu", "--tasks", "jeval_keigo_pairs", "--limit", "3")

ABORTS = """
import os, sys
import jeval.report.view
jeval.report.view.forest = lambda *a, **k: os.abort()
sys.argv = ["jeval", *sys.argv[2:]]
from jeval.cli import main
main()
"""

ALL_CHARACTERS = """
from jeval.report.charts import ChartRow, ChartWords, forest
every = [chr(code) for code in (*range(0x21), *range(0x7F, 0xA1), *range(0xD7F0, 0xE010), *range(0xFDD0, 0xFDF0), *range(0xFFF0, 0x10010),
                                *range(0x1FFF0, 0x20010), 0x10FFFF)]
rows = [ChartRow(f"g{i % 2}{every[i]}", f"a{''.join(every[i::8])}b<&>" + "𠮷" * 200, f"m{''.join(every[i::8])}", .5, .4, .6, .2) for i in range(8)]
for title in (rows[0].label, rows[3].label):
    picture = forest(rows, ChartWords(title, title))
    assert picture.startswith("<svg")
    for character in every[:9] + ["\\ufffe", "\\uffff"]:
        assert character not in picture
import xml.etree.ElementTree as tree
tree.fromstring(picture)
"""


def test_no_character_of_a_name_ends_the_process(warm: list[str]) -> None:
    done = subprocess.run([*warm, "-c", ALL_CHARACTERS], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_name_without_end_takes_the_renderer_no_longer() -> None:
    rows = [ChartRow("群" * 10**6, "あ" * 10**6, f"m{n}" + "x" * 10**6, 0.5, 0.4, 0.6, 0.2) for n in range(2)]
    began = time.process_time()
    picture = forest(rows, ChartWords("score", "chance"))
    assert time.process_time() - began < 15  # ten thousand characters took 30 s, a million hours
    assert picture.startswith("<svg") and len(picture) < 100_000


@pytest.mark.parametrize(("dots", "panels"), [(1001, 1), (31, 31)])
def test_a_picture_of_too_many_dots_is_not_drawn(dots: int, panels: int) -> None:
    rows = [ChartRow(f"g{n % panels}", f"l{n}", "m", 0.5, 0.4, 0.6, 0.2) for n in range(dots)]
    assert drawn(lambda: forest(rows, ChartWords("score", "chance"))) is None
    moments = [Moment(n, f"g{n % panels}", 0.5, 0.4, 0.6) for n in range(dots)]
    assert drawn(lambda: over_time(moments, run="run", score="score")) is None


def test_a_process_that_is_ended_while_it_renders_leaves_the_whole_evidence(
    cli: Cli, tiny_model: Path, tmp_path: Path, warm: list[str]
) -> None:
    out = tmp_path / "run"
    done = subprocess.run(
        [*warm, "-c", ABORTS, "-", *RUN, "--model", str(tiny_model), "--out", str(out)],
        env={**os.environ, "JEVAL_CACHE": str(tmp_path / "a.sqlite")}, capture_output=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == -6
    assert read_record(out).tasks["jeval_keigo_pairs"].n == 3
    assert not (out / "report.html").exists()
    (left,) = verify_run(out)  # only that nothing ended the run
    assert left.startswith(".lock: a run is writing here, or left it")
    (out / ".lock").unlink()
    assert verify_run(out) == []
    assert cli("report", out).code == 0
    assert verify_run(out) == []


@pytest.mark.parametrize("error", [ValueError("vega"), RuntimeError("x\x1b[2J"), BaseException("panic")])
def test_a_chart_that_cannot_be_drawn_costs_the_picture_only(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fails(*args: Any, **kwargs: Any) -> str:
        raise error

    monkeypatch.setattr("jeval.report.view.forest", fails)
    said = cli(*RUN, "--model", tiny_model, "--out", tmp_path / "run")
    assert said.code == 0, said.err
    page = (tmp_path / "run" / "report.html").read_text()
    assert "<figure>" not in page
    assert "図を描けなかった" in page
    assert verify_run(tmp_path / "run") == []


def test_a_report_that_cannot_be_rendered_at_all_leaves_the_evidence_and_the_command_that_tries_again(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **kwargs: Any) -> str:
        raise RecursionError("too deep")

    out = tmp_path / "a run;x"
    with monkeypatch.context() as patch:
        patch.setattr("jeval.report.page.render_pages", fails)
        said = cli(*RUN, "--model", tiny_model, "--out", out)
    assert said.code == 3
    assert f"jeval: {out} is whole, but its report cannot be rendered" in said.err
    assert f"jeval report '{out}'" in said.err
    assert verify_run(out) == []
