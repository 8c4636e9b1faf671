"""What the schema refuses and what the lint names, each with the item's id."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from jeval.errors import InputError
from jeval.finreg import lint
from jeval.finreg.changes import known_changes
from jeval.finreg.schema import parse_item
from tests.finreg.finreg_forms import item


def choice(**changes: Any) -> dict[str, Any]:
    row = item(id="choice-hansyu-6-01", kind="choice", why_wrong=["五年ではない", "三年ではない", "十年ではない"])
    del row["quantity"], row["answer"]
    return row | {"question": "保存期間はどれか。", "options": ["5年", "3年", "7年", "10年"], "answer": 2} | changes


def statement(**changes: Any) -> dict[str, Any]:
    row = item(id="statement-hansyu-6-01", kind="statement", why_wrong=["七年である"])
    del row["quantity"], row["answer"], row["question"]
    return (
        row | {"true": "犯収法上、確認記録は7年間保存する。", "false": "犯収法上、確認記録は5年間保存する。"} | changes
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (choice(answer=[0, 2]), "two right answers: answer is the list"),
        (choice(options=["5年", "3年", "7年", "7 年"]), "two right answers: options 2 and 3 read the same"),
        (choice(options=["5年", "84か月", "7年", "10年"]), "two right answers: options 2 and 1 name the same quantity"),
        (choice(options=["5年", "5年。", "7年", "10年"]), "two equal options"),
        (choice(options=["5年", "7年", "10年"]), "options"),
        (choice(answer=4), "answer"),
        (statement(false="犯収法上、確認記録は７年間保存する"), "two right answers: the true and the false statement"),
        (item(quantity={"value": "1/0", "unit": "年"}), "neither a number nor a fraction"),
        (item(quantity={"value": 7, "unit": "年", "bound": "ごろ"}), "bound"),
        (item(law_id="犯収法"), "law_id"),
        (item(article_sha256="abc"), "article_sha256"),
        (item(as_of="2026年"), "as_of"),
        (item(in_force_from="2026-12-01", in_force_until="2026-11-30"), "in_force_from lies after"),
        (item(difficulty=4), "difficulty"),
        (item(kind="essay"), "kind"),
    ],
)
def test_a_broken_item_is_refused_with_id_place_and_reason(row: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_item(row, "x.jsonl:3")
    assert row["id"] in str(refused.value) and "x.jsonl:3" in str(refused.value)
    assert words in str(refused.value)


def test_sound_items_of_every_kind_are_read() -> None:
    rows = [choice(), statement(), item(), choice(id="case-hansyu-6-01", kind="case")]
    items = [parse_item(row, "x") for row in rows]
    assert lint.problems(items[:3]) == []
    assert {i.cluster for i in items} == {"419AC0000000022:6"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (item(answer="5年間"), "its own answer '5年間' is not accepted (another value: 5年間)"),
        (item(answer="7"), "no quantity"),
        (item(question="確認記録を7年間保存する義務は何年か。"), "the question names the quantity it asks for"),
        (item(quantity={"value": 7, "unit": "年", "bound": "以上"}), "wrong bound"),
        (item(law="銀行法"), "law is called '銀行法'"),
        (item(law_id="999AC0000000001"), "not in data/finreg/knowledge/laws.tsv"),
        (choice(why_wrong=["五年ではない"]), "why_wrong has 1 reasons; expected 3"),
        (statement(false="犯収法上、確認記録は5年間又は主務大臣が定める期間保存する。"), "the twins differ by"),
        (statement(false="貸金業者は主任者を置くことを要しない。"), "the twins share only"),
    ],
)
def test_the_lint_names_what_breaks_a_rule(row: dict[str, Any], words: str) -> None:
    (first, *_) = lint.problems([parse_item(row, "x")])
    assert first.startswith(row["id"]) and words in first


def test_an_article_in_both_suites_and_a_question_asked_twice_are_named() -> None:
    rows = [item(), item(id="figure-hansyu-6-02", suite="search")]
    found = lint.problems([parse_item(row, "x") for row in rows])
    assert any("in both suites" in line for line in found)
    assert any("asks the same as figure-hansyu-6-01" in line for line in found)


def test_known_changes_date_the_items_they_concern() -> None:
    penal = parse_item(item(basis="三年以下の拘禁刑"), "x")
    assert [change.since for change in known_changes() if change.concerns(penal)] == [date(2025, 6, 1)]
    assert not any(change.concerns(parse_item(item(), "x")) for change in known_changes())
