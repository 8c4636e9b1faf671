"""Items on guidelines: clauses and editions read from Markdown, and a finding for every way in which they lose their ground."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jeval.bank.command import items_app
from jeval.errors import InputError
from jeval.finreg.check import verify_items
from jeval.finreg.digest import stamp_all
from jeval.finreg.force import in_force
from jeval.finreg.ground import cited
from jeval.finreg.guideline import clause_number, read_guideline
from jeval.finreg.schema import parse_item
from jeval.finreg.statutes import read_statutes
from jeval.finreg.wording import digest
from jeval.reading import dump_jsonl
from tests.finreg import finreg_forms as lawforms

TEXT = "報告は、知った時点から概ね3～5日以内に行う。"
EDITION = "平成28年11月（令和7年6月一部改正）"


def guideline(
    folder: Path, clauses: dict[str, str], edition: str = EDITION, name: str = "ppc_tsusoku.md", more: str = ""
) -> Path:
    folder.mkdir(exist_ok=True)
    body = "\n\n".join(f"### {number} 見出し\n\n{text}" for number, text in clauses.items())
    (folder / name).write_text(f"---\ntitle: ガイドライン\nedition: {edition}\n{more}---\n\n{body}\n", encoding="utf-8")
    return folder


def item(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "choice-ppc-3_5-01", "kind": "choice", "suite": "audit", "topic": "速報", "difficulty": 2, "tier": "guidance",
        "document": "ppc_tsusoku", "title": "個人情報保護法ガイドライン（通則編）", "edition": EDITION, "clause": "3-5",
        "basis": "概ね3～5日以内", "as_of": "2025-06-01", "clause_sha256": digest(TEXT), "question": "いつまでか。",
        "options": ["甲", "乙", "丙", "丁"], "answer": 0, "why": "3-5。", "why_wrong": ["違う。"] * 3, "note": "",
    }  # fmt: skip
    return row | changes


def items(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "mine.jsonl"
    path.write_text(dump_jsonl(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("heading", "number"),
    [
        ("Ⅴ-3-3-6 銀行とその証券子会社等の関係", "V-3-3-6"),
        ("VIII-3-1-2所属銀行を通じた監督上の対応", "VIII-3-1-2"),
        ("３－５－３－４　確報", "3-5-3-4"),
        ("第４－２－⑴ 委託の取扱い", "第4-2-(1)"),
        ("（問１）　未公表の重要事実", "問1"),
        ("（別添１）特定個人情報", "別添1"),
        ("目次", ""),
    ],
)
def test_clause_numbers_have_one_spelling(heading: str, number: str) -> None:
    assert clause_number(heading) == number


def read(tmp_path: Path, body: str) -> dict[str, str]:
    path = tmp_path / "guide.md"
    path.write_text(f"---\ntitle: 題\nedition: 第2版 令和8年3月31日\n---\n{body}", encoding="utf-8")
    law = read_guideline(path)
    assert law is not None
    assert (law.law_id, law.edition, law.as_of) == ("guide", "第2版 令和8年3月31日", date(2026, 3, 31))
    return {number: clause.text for number, clause in law.articles.items()}


def test_paragraphs_that_begin_with_the_next_number_are_clauses_and_references_are_not(tmp_path: Path) -> None:
    body = "## Ⅱ-1-8 甲\n\n本文\n\nIII-6-4に準じる。\n\nII-1-9乙続き\n\nII-1-2を参照。\n"
    assert read(tmp_path, body) == {"II-1-8": "本文\n\nIII-6-4に準じる。", "II-1-9": "II-1-9乙続き\n\nII-1-2を参照。"}


def test_headings_that_a_page_runs_together_are_one_clause_under_the_last(tmp_path: Path) -> None:
    body = (
        "## Ⅷ-3-1 甲\n\n本文\n\nVIII-3-2許可申請VIII-3-2-1留意点VIII-3-2-1-1許可の要否（1）本文、VIII-3-2-1-1-1を参照\n"
    )
    assert list(read(tmp_path, body)) == ["VIII-3-1", "VIII-3-2-1-1"]


def test_a_text_without_headings_is_parted_at_its_questions(tmp_path: Path) -> None:
    assert read(tmp_path, "前文\n（問１）甲か。\n（答）はい。\n（問２）乙か。\n") == {
        "問1": "（問１）甲か。\n（答）はい。",
        "問2": "（問２）乙か。",
    }


def test_markdown_without_an_edition_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# 目録\n\n## 1 甲\n", encoding="utf-8")
    assert read_guideline(tmp_path / "README.md") is None


def test_a_sound_item_on_a_guideline_stands(tmp_path: Path) -> None:
    report = verify_items(guideline(tmp_path / "g", {"3-5": TEXT}), items(tmp_path, item()))
    assert (report.exit_code, report.laws, report.guidelines, report.notes) == (0, 0, 1, [])
    by_day = verify_items(tmp_path / "g", items(tmp_path, item(edition="2025-06-01")))
    assert by_day.exit_code == 0


@pytest.mark.parametrize(
    ("clauses", "kind", "code", "words"),
    [
        (
            {"3-5": TEXT + "別の文。"},
            "amended",
            1,
            "of that day that the item was written from; the words it rests on are still there",
        ),
        ({"3-5": "速やかに行う。"}, "amended", 1, "the words it rests on are gone: 概ね3～5日以内"),
        ({"3-4": "甲"}, "missing article", 2, "has no clause 3-5"),
        ({"3-5": "甲", "3-6": TEXT}, "moved", 2, "stand in clause 3-6, not in 3-5"),
        ({"3-6": TEXT}, "moved", 2, "stand in clause 3-6, not in 3-5"),
    ],
)
def test_every_way_to_lose_a_clause(tmp_path: Path, clauses: dict[str, str], kind: str, code: int, words: str) -> None:
    report = verify_items(guideline(tmp_path / "g", clauses), items(tmp_path, item()))
    (found,) = (*report.errors, *report.failures)
    assert (found.kind, report.exit_code) == (kind, code)
    assert words in found.reason


def test_another_edition_is_named_with_where_the_words_stand_now(tmp_path: Path) -> None:
    folder = guideline(tmp_path / "g", {"3-6": TEXT}, "平成28年11月（令和8年4月一部改正）")
    result = CliRunner().invoke(
        items_app, ["verify", "--statutes", str(folder), "--items", str(items(tmp_path, item()))]
    )
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "choice-ppc-3_5-01" in line and EDITION in line and "令和8年4月" in line and "clause 3-6" in line


def test_of_two_editions_the_one_in_force_counts_and_items_of_both_may_coexist(tmp_path: Path) -> None:
    later, text = "令和8年4月1日", TEXT.replace("5日", "7日")
    folder = guideline(tmp_path / "g", {"3-5": TEXT})
    guideline(folder, {"3-5": text}, later, "newer.md", "document: ppc_tsusoku\n")
    old = item(in_force_until="2026-03-31")
    new = item(
        id="choice-ppc-3_5-02", edition=later, basis="概ね3～7日以内", as_of="2026-04-01", clause_sha256=digest(text)
    )
    path = items(tmp_path, old, new)
    assert verify_items(read_statutes(folder, date(2026, 4, 1)), path).exit_code == 0
    eve = verify_items(read_statutes(folder, date(2026, 3, 31)), path)
    assert [(found.id, found.kind) for found in eve.errors] == [("choice-ppc-3_5-02", "another edition")]
    assert [(note.id, note.new) for note in eve.notes] == [("choice-ppc-3_5-01", "2026-04-01")]
    asked = {
        day: [row["id"] for row in (old, new) if in_force({"tier": "guidance", **row}, date.fromisoformat(day))]
        for day in ("2025-05-31", "2026-03-31", "2026-04-01")
    }
    assert asked == {"2025-05-31": [], "2026-03-31": [old["id"]], "2026-04-01": [new["id"]]}


def test_stamping_writes_digest_day_and_the_eve_of_the_next_edition(tmp_path: Path) -> None:
    folder = guideline(tmp_path / "g", {"3-5": TEXT})
    guideline(folder, {"3-5": "改めた。"}, "令和9年4月1日", "newer.md", "document: ppc_tsusoku\n")
    path = items(tmp_path, item(clause_sha256="", as_of="2020-01-01"))
    assert stamp_all(path, read_statutes(folder, date(2026, 12, 1))) == (1, 1, [])
    row = json.loads(path.read_text(encoding="utf-8"))
    assert (row["clause_sha256"], row["as_of"], row["in_force_until"]) == (digest(TEXT), "2025-06-01", "2027-03-31")
    assert "article_sha256" not in row


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tier": "law"}, "tier 'law' with document; expected law_id, law, article"),
        ({"law_id": lawforms.LAW_ID}, "tier 'guidance' with law_id; expected document, title, edition, clause"),
        ({"edition": ""}, "expected the edition of the document"),
        ({"document": "犯収法"}, "expected the name of its file"),
        ({"business": ["bank", "all"]}, "all alone"),
        ({"business": ["banks"]}, "business.0"),
    ],
)
def test_an_item_names_one_source(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match="choice-ppc-3_5-01") as caught:
        parse_item(item(**changes), "mine.jsonl:1")
    assert words in str(caught.value)


def test_two_folders_that_hold_one_law_are_both_named(tmp_path: Path) -> None:
    one, other = lawforms.statutes(tmp_path / "one"), lawforms.statutes(tmp_path / "other")
    path = items(tmp_path, lawforms.item())
    arguments = ["verify", "--statutes", str(one), "--statutes", str(other), "--items", str(path)]
    result = CliRunner().invoke(items_app, arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "figure-hansyu-6-01" in line and f"{one} and {other}" in line
    assert verify_items([one, one], path).exit_code == 0


def test_the_environment_may_name_several_folders(tmp_path: Path) -> None:
    folders = [lawforms.statutes(tmp_path / "the laws"), guideline(tmp_path / "g", {"3-5": TEXT})]
    path = items(tmp_path, lawforms.item(), item())
    given = {"JEVAL_STATUTES": os.pathsep.join(map(str, folders))}
    result = CliRunner().invoke(items_app, ["verify", "--items", str(path)], env=given)
    assert (result.exit_code, result.stdout) == (0, "2 items, 1 statutes, 1 guidelines: 0 fail\n")


def test_the_day_of_the_check_may_be_given(tmp_path: Path) -> None:
    folder = guideline(tmp_path / "g", {"3-5": TEXT})
    guideline(folder, {"3-5": TEXT}, "令和8年4月1日", "newer.md", "document: ppc_tsusoku\n")
    codes = {}
    for day in ("2026-03-31", "2026-04-01", "yesterday"):
        arguments = ["verify", "--statutes", str(folder), "--items", str(items(tmp_path, item())), "--as-of", day]
        result = CliRunner().invoke(items_app, arguments)
        codes[day] = result.exception.exit_code if isinstance(result.exception, InputError) else result.exit_code
    assert codes == {"2026-03-31": 0, "2026-04-01": 2, "yesterday": 2}


def test_a_list_of_changes_gives_notes_on_the_laws_of_other_folders(tmp_path: Path) -> None:
    folder = lawforms.statutes(tmp_path / "laws")
    news = tmp_path / "news"
    guideline(news, {"1": "甲"})
    text = lawforms.ARTICLES["6"].replace("七年間", "7年間")
    change = {"law_id": lawforms.LAW_ID, "enforced_at": "2026-08-12"}
    for number, wording, words in (
        ("6", f"{text}\n３　略", "stay"),
        ("6", text.replace("7年間", "10年間"), "go or move"),
    ):
        rows = [{**change, "articles": [{"number": number, "text": wording}]}]
        (news / "changes.json").write_text(json.dumps({"changes": rows}), encoding="utf-8")
        report = verify_items(read_statutes([folder, news], date(2026, 12, 1)), items(tmp_path, lawforms.item()))
        assert report.exit_code == 0
        (note,) = report.notes
        assert note.reason == (
            f"article changed on 2026-08-12; the words it rests on {words}; "
            "the statute given is older, check against the one in force"
        )


@pytest.mark.parametrize(
    ("until", "today", "said"),
    [
        ("", date(2026, 3, 1), "article changes on 2027-04-01, more than twelve months away; "),
        ("", date(2026, 4, 1), "article changes on 2027-04-01; "),
        ("2027-03-31", date(2026, 3, 1), ""),
        ("2027-03-31", date(2026, 4, 1), "; the item records it"),
        ("2027-03-31", date(2027, 4, 1), ""),
    ],
)
def test_a_change_within_twelve_months_is_a_note_even_where_the_item_records_it(
    tmp_path: Path, until: str, today: date, said: str
) -> None:
    coming = {
        "enforced_at": "2027-04-01",
        "date_fixed": True,
        "changed_articles": [{"number": "6", "text": "改めた。"}],
    }
    folder = lawforms.statutes(tmp_path / "s", lawforms.plain(day="2026-01-01", later_revisions=[coming]))
    report = verify_items(read_statutes(folder, today), items(tmp_path, lawforms.item(in_force_until=until)))
    assert [said in note.reason for note in report.notes] == ([True] if said else [])


def test_a_report_cites_document_clause_and_edition() -> None:
    doc: dict[str, object] = {
        "tier": "guidance",
        "law": "主要行監督指針",
        "article": "V-3-2-2",
        "paragraph": "",
        "edition": "令和8年4月",
    }
    assert cited(doc) == "主要行監督指針 V-3-2-2（令和8年4月）"
    assert cited({"law": "金商法", "article": "36の3", "paragraph": "2", "edition": ""}) == "金商法第36条の3第2項"
