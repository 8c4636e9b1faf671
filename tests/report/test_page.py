"""The report: self-contained, Japanese first, and deaf to hostile model output."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jeval.audit import run as audit
from jeval.audit import subject
from jeval.models.load import load
from jeval.report.page import render

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}\u202e\x00 090-0000-1234"


@pytest.fixture(scope="module")
def run_folder(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model is named, and answers, as an attacker would."""
    import shutil

    base = tmp_path_factory.mktemp("hostile")
    model = shutil.copytree(tiny_model, base / "<b>model</b>")

    def talkative(*args: Any, **kwargs: Any) -> Any:
        lm = load(*args, **kwargs)
        lm.generate_until = lambda requests, **_: [HOSTILE for _ in requests]
        return lm

    tasks = ["jeval_keigo", "jeval_leak"]
    options = audit.RunOptions(out=base / "run", limit=3, device="cpu", tasks=tasks, backend="hf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "load", talkative)
        audit.run(model, options, silent=True)
    return base / "run"


def test_model_output_never_becomes_markup(run_folder: Path) -> None:
    page = (run_folder / "report.html").read_text()
    assert "alert(1)" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>model" not in page
    assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(\S{0,8})", page)[0]


def test_personal_data_in_output_is_masked_everywhere_in_the_run_folder(run_folder: Path) -> None:
    for file in run_folder.rglob("*"):
        if file.is_file():
            assert b"090-0000-1234" not in file.read_bytes(), file
    import pandas as pd

    frame = pd.read_parquet(run_folder / "samples" / "jeval_keigo_convert.parquet")
    assert not frame["outputs"].str.contains("0000-1234").any()


def test_a_report_needs_nothing_from_outside(run_folder: Path) -> None:
    page = (run_folder / "report.html").read_text()
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert "<svg" in page


@pytest.mark.parametrize(("lang", "word"), [("ja", "言語モデル評価報告書"), ("en", "Language model evaluation report")])
def test_both_languages(run_folder: Path, lang: str, word: str) -> None:
    page = render([run_folder], lang=lang)
    assert f'<html lang="{lang}">' in page
    assert word in page


def test_a_report_names_digest_items_interval_and_chance(run_folder: Path) -> None:
    from jeval.record.store import read_record

    page = (run_folder / "report.html").read_text()
    record = read_record(run_folder)
    assert record.model.identity is not None
    assert record.model.identity.weights in page
    for name in record.tasks:
        assert name in page
    assert "無知識・無回答の水準" in page
    assert "採点なし" in page


def test_every_string_has_both_languages() -> None:
    import yaml

    from jeval.resources import data_path

    table = yaml.safe_load(data_path("report", "strings.yaml").read_text(encoding="utf-8"))
    assert all(set(value) == {"ja", "en"} and all(value.values()) for value in table.values())


def test_a_score_outside_the_unit_interval_is_a_bug() -> None:
    from jeval.pipeline.judged import _sample

    sample = {
        "doc": {"id": "x"},
        "filtered_resps": ["a"],
        "arguments": [("p", {})],
        "metrics": ["score"],
        "score": 1.5,
    }
    with pytest.raises(ValueError, match=r"outside \[0, 1\]"):
        _sample(sample, "x", "score", generated=True)
    assert _sample({**sample, "score": 1.0}, "x", "score", generated=True).score == 1.0


def test_reasons_and_limits_are_said_in_japanese(run_folder: Path) -> None:
    from jeval.report.catalogue import say

    assert say("no canary file was given (--canaries)", "ja").startswith("カナリア")
    assert say("something new", "ja") == "something new"
    assert "はじめの 3 問だけ" in (run_folder / "report.html").read_text()


def test_a_column_is_numeric_if_any_of_its_rows_is() -> None:
    from jeval.domain.section import Table

    table = Table("", ["task", "score", "spread", "note"], [["a", 0.5, None, None], ["b", None, 3, "few"]])
    assert table.numeric == [False, True, True, False]
