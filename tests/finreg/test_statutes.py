"""The statute check: one digest in every form of a statute, and a finding for every way an item can lose its ground."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from jeval.errors import InputError
from jeval.finreg.check import verify_items
from jeval.finreg.digest import stamp_all
from jeval.finreg.lawfile import read_law
from jeval.finreg.statutes import read_statutes
from jeval.finreg.wording import digest, normalised
from tests.finreg import finreg_forms as lawforms
from tests.finreg.finreg_forms import ARTICLES, LAW_ID, item, statutes, write_items

FORMS = {
    f"{LAW_ID}_20260710_508AC0000000034.xml": lawforms.law_xml,
    "v1.xml": lawforms.v1_xml,
    "v2.xml": lawforms.v2_xml,
    "v2.json": lawforms.v2_json,
    "v2b.json": lambda: lawforms.v2_json(encoded=True),
    "plain.json": lawforms.plain,
    "number-only.xml": lawforms.law_xml,
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_statute_gives_the_same_digests(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FORMS[name](), encoding="utf-8")
    law = read_law(path)
    assert law is not None
    assert law.law_id == LAW_ID
    assert set(law.articles) == set(ARTICLES)
    assert {n: digest(a.text) for n, a in law.articles.items()} == {n: digest(t) for n, t in ARTICLES.items()}
    assert law.as_of == (date(2026, 7, 10) if name not in {"v1.xml", "number-only.xml"} else None)


def test_the_digest_ignores_layout_and_minds_every_word() -> None:
    assert digest("一　元本の額が十万円未満の場合　年二割") == digest("一　元本の額が十万円未満の場合年二割\n")
    assert digest("銀行｜預金\n〃｜為替") == digest("銀行 預金 為替")
    assert digest("年二割") != digest("年二割五分")
    assert normalised("２　ＡＢ") == "2AB"


def test_paragraphs_are_told_apart(tmp_path: Path) -> None:
    law = read_statutes(statutes(tmp_path)).laws[LAW_ID]
    assert law.articles["6"].part("2") == ARTICLES["6"].split("\n")[1]
    assert law.articles["6"].part("3") is None
    assert "七年間" not in str(law.articles["6"].part("1"))
    assert law.articles["9の2"].part("1") == ARTICLES["9の2"]


def test_an_item_that_still_stands_passes(tmp_path: Path) -> None:
    report = verify_items(statutes(tmp_path / "s"), write_items(tmp_path / "i", item()))
    assert (report.checked, report.failures, report.errors, report.exit_code) == (1, [], [], 0)


def test_an_amended_article_is_reported_with_the_old_and_the_new_date(tmp_path: Path) -> None:
    changed = ARTICLES | {"6": ARTICLES["6"].replace("七年間", "十年間")}
    for name, text in (
        ("a.json", lawforms.plain(changed, "2027-04-01")),
        ("a.xml", lawforms.v2_xml(changed, "2027-04-01")),
    ):
        folder = statutes(tmp_path / name, text, name)
        report = verify_items(folder, write_items(tmp_path / "i", item()))
        (failure,) = report.failures
        assert (failure.kind, failure.old, failure.new) == ("amended", "2026-07-10", "2027-04-01")
        assert "amended since the item was written (from 2026-07-10 to 2027-04-01)" in failure.line()
        assert "gone: 七年間保存しなければならない" in failure.line()
        assert report.exit_code == 1


def test_an_amendment_beside_the_point_is_reported_too(tmp_path: Path) -> None:
    changed = ARTICLES | {"6": ARTICLES["6"].replace("直ちに", "速やかに")}
    report = verify_items(
        statutes(tmp_path / "s", lawforms.plain(changed, "2027-04-01")), write_items(tmp_path / "i", item())
    )
    assert "still there" in report.failures[0].reason


def test_statutes_older_than_the_item_are_named_as_such(tmp_path: Path) -> None:
    changed = ARTICLES | {"6": ARTICLES["6"].replace("七年間", "五年間")}
    report = verify_items(
        statutes(tmp_path / "s", lawforms.plain(changed, "2020-04-01")), write_items(tmp_path / "i", item())
    )
    assert "is older than the item's" in report.failures[0].reason


def test_words_that_are_not_in_the_cited_paragraph_fail(tmp_path: Path) -> None:
    for changes in ({"basis": "五年間保存"}, {"paragraph": "1"}, {"paragraph": "9"}):
        report = verify_items(statutes(tmp_path / "s"), write_items(tmp_path / "i", item(**changes)))
        assert [f.kind for f in report.failures] == ["words missing"], changes


@pytest.mark.parametrize(
    ("named", "there"),
    [
        ("第6条第2項", True),
        ("第6条第3項", False),
        ("第6条第2項第1号", False),
        ("第6条第1項ただし書", False),
        ("第6条第2項後段", False),
        ("会社法第6条第9項", True),  # another law is not ours to check
        ("第5条第9項", True),
        ("同法第6条第9項", False),
    ],
)
def test_a_place_of_the_article_that_an_item_names_must_exist(tmp_path: Path, named: str, there: bool) -> None:
    for changes in (
        {"why": f"{named}による。"},
        {"question": f"犯収法に関し、{named}で、確認記録の保存期間は何年ですか。"},
    ):
        report = verify_items(statutes(tmp_path / "s"), write_items(tmp_path / "i", item(**changes)))
        assert [f.kind for f in report.failures] == ([] if there else ["no such place"]), changes
        assert there or report.failures[0].reason == f"the article has no {named.removeprefix('同法')}"


def test_rows_are_found_by_their_number(tmp_path: Path) -> None:
    base = {"article": "9の2", "paragraph": "", "basis": "年一割五分", "article_sha256": digest(ARTICLES["9の2"])}
    for named, there in (("第9条の2第2号", True), ("第9条の2第3号", False), ("第9条の2第2号の2", False)):
        row = item(**base, why=f"{named}。")
        report = verify_items(statutes(tmp_path / "s"), write_items(tmp_path / "i", row))
        assert [f.kind for f in report.failures] == ([] if there else ["no such place"]), named


def test_an_item_without_a_digest_fails(tmp_path: Path) -> None:
    report = verify_items(statutes(tmp_path / "s"), write_items(tmp_path / "i", item(article_sha256="")))
    assert [f.kind for f in report.failures] == ["no digest"]


def test_an_unknown_law_and_a_missing_article_cannot_be_checked(tmp_path: Path) -> None:
    rows = [item(law_id="999AC0000000001"), item(id="figure-hansyu-99-01", article="99")]
    report = verify_items(statutes(tmp_path / "s"), write_items(tmp_path / "i", *rows))
    assert [e.kind for e in report.errors] == ["unknown law", "missing article"]
    assert report.exit_code == 2


def test_an_unreadable_statute_is_named_with_the_items_that_need_it(tmp_path: Path) -> None:
    folder = statutes(tmp_path / "s", "<Law><broken", f"{LAW_ID}.xml")
    report = verify_items(folder, write_items(tmp_path / "i", item()))
    assert report.exit_code == 2
    assert "cannot be read: not well-formed XML" in report.errors[0].reason


def test_other_json_in_the_folder_is_passed_over(tmp_path: Path) -> None:
    folder = statutes(tmp_path / "s")
    (folder / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    assert set(read_statutes(folder).laws) == {LAW_ID}


def test_a_folder_without_statutes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_statutes(tmp_path / "none")
    with pytest.raises(InputError, match="no statute found"):
        read_statutes(tmp_path)


def test_the_newest_revision_in_force_counts_and_older_ones_date_the_change(tmp_path: Path) -> None:
    changed = ARTICLES | {"6": ARTICLES["6"].replace("七年間", "十年間")}
    folder = statutes(tmp_path / "s", lawforms.v2_xml(day="2026-01-01"), "oldest.xml")
    statutes(folder, lawforms.v2_xml(), "old.xml")
    statutes(folder, lawforms.v2_xml(changed, "2028-04-01"), "new.xml")
    items = write_items(tmp_path / "i", item())
    after = verify_items(read_statutes(folder, today=date(2028, 4, 1)), items)
    assert [(f.old, f.new) for f in after.failures] == [("2026-07-10", "2028-04-01")]
    before = verify_items(read_statutes(folder, today=date(2028, 3, 31)), items)
    assert (before.failures, [note.new for note in before.notes]) == ([], ["2028-04-01"])


def test_an_item_whose_last_day_has_passed_is_said_to_know_it(tmp_path: Path) -> None:
    changed = ARTICLES | {"6": ARTICLES["6"].replace("七年間", "十年間")}
    folder = statutes(tmp_path / "s", lawforms.v2_xml(changed, "2026-08-01"), "new.xml")
    (failure,) = verify_items(folder, write_items(tmp_path / "i", item(in_force_until="2026-07-31"))).failures
    assert failure.reason.endswith("the item records 2026-07-31 as the last day of its wording")
    (failure,) = verify_items(folder, write_items(tmp_path / "i", item())).failures
    assert "last day" not in failure.reason


def test_an_article_that_a_coming_revision_drops_is_a_note(tmp_path: Path) -> None:
    folder = statutes(tmp_path / "s", lawforms.v2_xml(), "now.xml")
    statutes(folder, lawforms.v2_xml({n: t for n, t in ARTICLES.items() if n != "6"}, "2099-04-01"), "coming.xml")
    report = verify_items(folder, write_items(tmp_path / "i", item()))
    assert (report.failures, [note.new for note in report.notes]) == ([], ["2099-04-01"])


def test_a_newer_file_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    folder = statutes(tmp_path / "s", lawforms.v2_xml(), f"{LAW_ID}_20260710.xml")
    statutes(folder, "<Law", f"{LAW_ID}_20260901.xml")
    report = verify_items(folder, write_items(tmp_path / "i", item()))
    assert [e.kind for e in report.errors] == ["unreadable file"]
    assert f"{LAW_ID}_20260901.xml cannot be read" in report.errors[0].reason
    assert report.exit_code == 2


def test_two_texts_of_one_law_and_day_are_refused_unless_they_read_alike(tmp_path: Path) -> None:
    folder = statutes(tmp_path / "s", lawforms.v2_xml(), f"{LAW_ID}.xml")
    statutes(folder, lawforms.plain(), f"{LAW_ID}.json")
    assert verify_items(folder, write_items(tmp_path / "i", item())).exit_code == 0
    statutes(folder, lawforms.plain(ARTICLES | {"6": "別の文"}), f"{LAW_ID}_other.json")
    report = verify_items(folder, write_items(tmp_path / "i", item()))
    assert report.exit_code == 2
    assert "reads differently" in report.errors[0].reason


@pytest.mark.parametrize(
    "broken",
    [
        {"law_full_text": {"tag": "Law", "attr": {}, "children": []}, "law_info": "x"},
        {"law_full_text": {"tag": "Law", "attr": {}, "children": 5}},
        {"law_full_text": {"tag": "Law", "attr": [1], "children": []}},
        {"law_full_text": {"tag": "Law", "attr": {}, "children": []}, "revision_info": [1]},
    ],
)
def test_json_that_only_looks_like_the_api_cannot_be_read(tmp_path: Path, broken: dict[str, object]) -> None:
    folder = statutes(tmp_path / "s", json.dumps(broken), f"{LAW_ID}.json")
    report = verify_items(folder, write_items(tmp_path / "i", item()))
    assert report.exit_code == 2
    assert "cannot be read" in report.errors[0].reason


def test_a_tree_without_end_cannot_be_read(tmp_path: Path) -> None:
    deep = '{"law_full_text": ' + '{"tag": "Law", "children": [' * 5000 + "]}" * 5000 + "}"
    report = verify_items(statutes(tmp_path / "s", deep, f"{LAW_ID}.json"), write_items(tmp_path / "i", item()))
    assert report.exit_code == 2
    assert "cannot be read" in report.errors[0].reason


def test_an_item_about_former_wording_is_checked_against_it(tmp_path: Path) -> None:
    former = ARTICLES["6"].replace("七年間", "五年間")
    text = lawforms.plain(
        previous_articles={
            "in_force_before": "2026-07-10",
            "articles": [{"number": "6", "caption": "", "text": former}],
        }
    )
    row = item(in_force_until="2026-07-09", basis="五年間保存しなければならない", article_sha256=digest(former))
    assert verify_items(statutes(tmp_path / "s", text), write_items(tmp_path / "i", row)).exit_code == 0
    stale = item(basis="五年間保存しなければならない", article_sha256=digest(former), as_of="2020-01-01")
    report = verify_items(statutes(tmp_path / "s", text), write_items(tmp_path / "i", stale))
    assert (report.failures[0].old, report.failures[0].new) == ("2020-01-01", "2026-07-10")


def test_coming_changes_are_notes_not_failures(tmp_path: Path) -> None:
    coming = {"enforced_at": "2026-12-01", "date_fixed": True, "changed_articles": [
        {"number": "6", "caption": "", "text": ARTICLES["6"].replace("七年間", "十年間")}]}  # fmt: skip
    text = lawforms.plain(later_revisions=[coming])
    report = verify_items(statutes(tmp_path / "s", text), write_items(tmp_path / "i", item()))
    assert report.exit_code == 0
    assert report.notes[0].new == "2026-12-01"
    eve, day = (
        verify_items(read_statutes(tmp_path / "s", today=today), tmp_path / "i").notes[0].reason
        for today in (date(2026, 11, 30), date(2026, 12, 1))
    )
    assert eve == "article changes on 2026-12-01; the words it rests on go or move"
    assert day.startswith("article changed on 2026-12-01;") and "older" in day
    recorded = item(in_force_until="2026-11-30")
    assert verify_items(tmp_path / "s", write_items(tmp_path / "i", recorded)).notes == []


def test_stamping_writes_digest_date_and_last_day_in_place(tmp_path: Path) -> None:
    coming = {"enforced_at": "2026-12-01", "date_fixed": True, "changed_articles": [
        {"number": "6", "caption": "", "text": ARTICLES["6"].replace("七年間", "十年間")}]}  # fmt: skip
    folder = statutes(tmp_path / "s", lawforms.plain(later_revisions=[coming]))
    path = write_items(tmp_path / "i", item(article_sha256="", as_of="2020-01-01"))
    assert stamp_all(tmp_path / "i", read_statutes(folder)) == (1, 1, [])
    row = json.loads(path.read_text(encoding="utf-8"))
    assert row["article_sha256"] == digest(ARTICLES["6"])
    assert (row["as_of"], row["in_force_until"]) == ("2026-07-10", "2026-11-30")
    before = path.read_bytes()
    assert stamp_all(path, read_statutes(folder)) == (0, 1, [])
    assert path.read_bytes() == before


def test_stamping_names_items_whose_words_are_not_there(tmp_path: Path) -> None:
    path = write_items(tmp_path / "i", item(basis="百年間"))
    _, _, problems = stamp_all(tmp_path / "i", read_statutes(statutes(tmp_path / "s")))
    assert problems == [f"{path.name}: figure-hansyu-6-01: words not in 犯収法 6 2: 百年間"]
