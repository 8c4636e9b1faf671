"""Clauses of statutes against the statutes: article and paragraph are there, and the edition is the one that was read."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from jeval.bank.command import items_app
from jeval.clauses.check import verify_clauses
from jeval.finreg.check import Report
from jeval.finreg.statutes import read_statutes
from tests.clauses.clauses_made import clause, made
from tests.finreg import finreg_forms as shared


def check(folder: Path, *numbers: str, date: str = "2026-07-10", law_id: str = shared.LAW_ID) -> Report:
    shared.statutes(folder)
    maps = [made(*(clause(number, "none") for number in numbers), date=date, law_id=law_id)]
    return verify_clauses(read_statutes(folder), maps)


def test_articles_and_paragraphs_that_are_there_pass(tmp_path: Path) -> None:
    report = check(tmp_path, "第6条", "第6条第2項", "第9条の2", "第9条の2第1項第2号")
    assert (report.checked, report.laws, report.ok, report.notes) == (4, 1, True, [])


def test_an_article_or_paragraph_that_is_nowhere_fails(tmp_path: Path) -> None:
    report = check(tmp_path, "第6条第3項", "第7条", "第9条の2第1項第3号")
    kinds = [finding.kind for finding in report.failures]
    assert kinds == ["no such place", "missing article", "no such place"]
    assert report.exit_code == 1
    assert report.failures[1].line() == "house: t 7: missing article: 犯収法 has no article 7"


def test_a_statute_of_another_day_fails_and_names_both(tmp_path: Path) -> None:
    report = check(tmp_path, "第6条", date="2025-04-01")
    assert [(finding.kind, finding.old, finding.new) for finding in report.failures] == [
        ("amended", "2025-04-01", "2026-07-10")
    ]


def test_a_statute_that_is_not_given_is_a_note(tmp_path: Path) -> None:
    report = check(tmp_path, "第6条", law_id="356AC0000000059")
    assert (report.checked, report.exit_code) == (0, 0)
    assert "its clauses are not checked" in report.notes[0].reason


def test_a_statute_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "356AC0000000059.json").write_text("{", encoding="utf-8")
    assert check(tmp_path, "第6条", law_id="356AC0000000059").exit_code == 2


def test_the_command_checks_the_shipped_clauses_beside_the_items(tmp_path: Path) -> None:
    shared.statutes(tmp_path)
    result = CliRunner().invoke(items_app, ["verify", "--statutes", str(tmp_path), "--json"])
    clauses = json.loads(result.stdout)["clauses"]
    assert result.exit_code == 2  # the items of other laws cannot be checked
    assert {finding["id"] for finding in clauses["failures"]} == {"aml_act"}  # the law made up here has three articles
    assert "unknown law" in {finding["kind"] for finding in clauses["notes"]}
