"""From a generated answer to a decision: the first asserted quantity counts, hedges and wrong units do not."""

from __future__ import annotations

import pytest

from jeval.finreg import matches
from jeval.finreg.answer import judge, judge_text
from jeval.finreg.quantity import canonical

TWENTY = canonical("20", "%")
SEVEN = canonical("7", "年")


@pytest.mark.parametrize(
    "text",
    [
        "20%",
        "年20％です。",
        "年二割",
        "百分の二十",
        "\n年20％",
        "はい、年20パーセントです。",
        "年20％（元本10万円未満の場合）",
        "15%ではなく20%です。",
        "20％。ただし、元本100万円以上の場合は15％です。",
        "答え：年20％\n解説：元本が10万円以上の場合は18％です。",
        "20％\n\n問：次の利率は5％ですか",
        "20%（二割）",
    ],
)
def test_the_right_rate_is_accepted_however_it_is_said(text: str) -> None:
    assert matches(TWENTY, text)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", "no quantity"),
        ("わかりません。", "no quantity"),
        ("20", "no quantity"),
        ("0.2", "no quantity"),
        ("20円", "wrong unit"),
        ("20ポイント", "wrong unit"),
        ("月20％", "another value"),
        ("15％", "another value"),
        ("20%ではなく15%です。", "another value"),
        ("15%か20%", "several values"),
        ("20～30％", "several values"),
        ("20％です。または15％です。", "several values"),
        ("10万円未満は20%、100万円未満は18%、それ以上は15%", "several values"),
        ("20%ではありません。", "only repeated"),
    ],
)
def test_wrong_units_other_values_and_hedges_are_refused_with_the_reason(text: str, outcome: str) -> None:
    assert judge_text(TWENTY, text).outcome == outcome


def test_periods_compete_with_each_other_but_not_with_amounts() -> None:
    assert matches(SEVEN, "84か月")
    assert matches(SEVEN, "第6条第2項により、2026年の取引は7年間保存します。")
    assert matches(SEVEN, "7年以下の拘禁刑又は500万円以下の罰金")
    assert not matches(SEVEN, "7日")
    assert not matches(SEVEN, "5年又は7年")
    assert not matches(canonical("6", "月"), "180日")


@pytest.mark.parametrize(
    "text",
    [
        "**7**年", "**7年**", "- 7年", "* 7年", "1. 7年", "`7年`", "| 7年 |", "$7$年", r"\(7\)年", r"\boxed{7\text{年}}", "7　年",
        "<think>5年かもしれない。いや7年だ。</think>7年", "<think>\n\n</think>\n\n7年", "\n\n7年",
        "7年でなくてはなりません", "7年でなければならない。", "7年でないといけません", "7年ではないでしょうか", "7年ではないかと思います",
        "犯収法第7条の7年間です", "第3号の7年",
    ],
)  # fmt: skip
def test_the_way_models_write_does_not_hide_the_answer(text: str) -> None:
    assert judge_text(SEVEN, text).outcome == "equal"


def test_fractions_and_percent_signs_of_latex_are_read() -> None:
    half = canonical("1/2", "割合")
    assert all(matches(half, text) for text in (r"\frac{1}{2}", r"$\dfrac{1}{2}$です", r"\boxed{50\%}"))
    assert matches(TWENTY, r"\(20\%\)")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("<think>7年だったと思う", "no quantity"),
        ("5,7年", "several values"),
        ("5や7年", "several values"),
        ("7年は誤りです", "only repeated"),
        ("7年とは言えません", "only repeated"),
        ("7年ではありません", "only repeated"),
    ],
)
def test_thoughts_alternatives_and_denials_assert_nothing(text: str, outcome: str) -> None:
    assert judge_text(SEVEN, text).outcome == outcome


def test_a_thought_that_does_not_end_is_named_in_the_reason() -> None:
    assert judge_text(SEVEN, "<think>確認記録の保存期間は").reasons == ("no quantity: the thought does not end",)


def test_a_full_width_point_between_digits_ends_no_sentence() -> None:
    assert judge_text(canonical("14.6", "%"), "１４．６％または１５％").outcome == "several values"


def test_the_unit_beside_a_fraction_counts() -> None:
    half = canonical("1/2", "割合")
    assert not any(matches(half, text) for text in ("1/2円", "1/2か月", "2分の1回"))


def test_the_evidence_points_into_the_text_as_given() -> None:
    text = "<think>何年だろう</think>答えは**7**年です。"
    verdict = judge_text(SEVEN, text)
    assert verdict.found is not None
    assert text[verdict.found.start : verdict.found.end] == verdict.found.text == "7**年"


def test_a_bound_counts_only_where_the_item_asks_for_it() -> None:
    over_five = canonical("5", "%", "超")
    assert matches(over_five, "5％を超える場合")
    assert not matches(over_five, "5％以上")
    assert not matches(over_five, "5％")
    assert matches(canonical("5", "%"), "5％以上")
    assert matches(canonical("3", "年", "以内"), "3年以下")


def test_figures_of_the_question_said_again_do_not_count() -> None:
    verdict = judge_text(
        canonical("1000", "万円"), "元本50万円の場合、1,000万円です。", question="元本50万円の場合の上限は何円ですか。"
    )
    assert verdict.correct
    assert not judge_text(
        canonical("1000", "万円"), "50万円です。", question="元本50万円の場合の上限は何円ですか。"
    ).correct


def test_a_rate_per_day_is_not_a_rate_per_year() -> None:
    doc = {
        "value": "3/10",
        "unit": "%",
        "bound": "",
        "question": "一日当たりの上限は何パーセントか。",
        "answer": "一日当たり0.3％",
    }
    assert judge(doc, "1日当たり0.3％").correct
    assert not judge(doc, "年0.3％").correct


def test_the_evidence_names_the_span_that_was_read() -> None:
    text = "犯収法第6条第2項により、七年間保存します。"
    verdict = judge_text(SEVEN, text)
    assert verdict.found is not None
    assert text[verdict.found.start : verdict.found.end] == "七年間"
    assert verdict.reasons == ("equal: 七年間",)


def test_the_expected_quantity_may_be_text_or_an_items_object() -> None:
    assert matches("20%", "年二割です。")
    assert matches({"value": 7, "unit": "年", "bound": "以上"}, "7年以上")
    assert not matches({"value": 7, "unit": "年", "bound": "以上"}, "7年")
    assert matches({"value": 3, "unit": "冊"}, "3冊です")
    with pytest.raises(ValueError, match="not one quantity"):
        matches("5年か7年", "5年")
