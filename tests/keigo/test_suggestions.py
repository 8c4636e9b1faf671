"""A suggestion is right or absent: with it the sentence holds no misuse more, and its words are kept."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import pytest

from jeval.keigo import analyze
from jeval.keigo.cues import unnamed
from jeval.keigo.knowledge import knowledge
from jeval.keigo.mend import is_safe, mended
from jeval.keigo.quality import labels
from jeval.keigo.types import Misuse
from jeval.reading import read_jsonl
from jeval.resources import data_path

KANJI = re.compile("[一-鿿々]")
#: Kanji of special verbs, for which another verb of the same meaning stands (拝見 → ご覧), and of お/ご.
EXCHANGED = set("拝見聴読借覧様方申参頂戴受伺致存居御")


def texts() -> list[tuple[str, dict[str, str] | None]]:
    """Every wrong text of the label sets and the items, with its context."""
    rows: list[tuple[str, dict[str, str] | None]] = [
        (row["text"], row["context"]) for row in [*labels(), *unnamed()] if row["errors"]
    ]
    for name, key in (("pairs", "wrong"), ("correct", "text")):
        for row in read_jsonl(data_path("keigo", "built", f"{name}.jsonl")):
            rows.append((row[key], {who: row[who] for who in ("speaker", "addressee", "referent") if row[who]} or None))
    return list({json.dumps(row, ensure_ascii=False): row for row in rows}.values())


FOUND = [(text, context, error) for text, context in texts() for error in analyze(text, context).errors]
SUGGESTED = [(text, context, error) for text, context, error in FOUND if error.suggestion is not None]


def applied(text: str, error: Misuse) -> str:
    return text[: error.start] + str(error.suggestion) + text[error.end :]


def test_most_misuses_that_follow_a_rule_come_with_a_suggestion() -> None:
    assert len(SUGGESTED) >= 500
    assert len(SUGGESTED) / len(FOUND) >= 0.45


def test_every_suggestion_mends_the_text_and_adds_no_misuse() -> None:
    for text, context, error in SUGGESTED:
        before, after = analyze(text, context).errors, analyze(applied(text, error), context).errors
        assert len(after) < len(before), (text, error.suggestion)
        assert {one.rule for one in after} <= {one.rule for one in before}, (text, error.suggestion)


def test_every_suggestion_keeps_the_words() -> None:
    for text, _, error in SUGGESTED:
        if not knowledge().by_id[error.rule].fields.get("rewords"):
            lost = set(KANJI.findall(error.surface)) - set(KANJI.findall(str(error.suggestion))) - EXCHANGED
            assert not lost - set("方"), (text, error.suggestion)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("展示をご自由に拝見していただけます。", "展示をご自由にご覧いただけます。"),
        ("資料を拝見してください。", "資料をご覧ください。"),
        ("会場はどちらになりますでしょうか。", "会場はどちらでしょうか。"),
        ("この字は書けれる。", "この字は書ける。"),
        ("課長、OKです。", "課長、承知いたしました。"),
        ("もう一度申していただけますか。", "もう一度おっしゃっていただけますか。"),
        ("お会計のほう、失礼いたします。", "お会計、失礼いたします。"),
        ("図をご覧になれば分かられます。", "図をご覧になればお分かりになります。"),
    ],
)
def test_the_suggested_text_is_this(text: str, right: str) -> None:
    error = analyze(text).errors[0]
    assert applied(text, error) == right


@pytest.mark.parametrize("text", ["私が明日お伺いになられます。", "受付で伺ってください。"])
def test_where_no_form_follows_by_rule_nothing_is_suggested(text: str) -> None:
    errors = analyze(text).errors
    assert errors and all(error.suggestion is None for error in errors)


def test_safe_suggestions_are_applied_until_none_is_left() -> None:
    text = "内容をご確認してください。先生がおっしゃられました。お会計のほう、失礼いたします。"
    assert mended(text) == "内容をご確認ください。先生がおっしゃいました。お会計のほう、失礼いたします。"
    assert not any(is_safe(error) for error in analyze(mended(text)).errors)


def test_mending_leaves_right_text_and_its_own_result_alone() -> None:
    for row in [*labels(), *unnamed()]:
        once: Any = mended(row["text"], row["context"])
        assert mended(once, row["context"]) == once
        if not row["errors"]:
            assert once == row["text"]


def test_a_finding_goes_to_another_process_with_its_suggestion() -> None:
    (error,) = analyze("先生がおっしゃられました。").errors
    copy = pickle.loads(pickle.dumps(error))
    assert copy == error and copy.suggestion == error.suggestion == "おっしゃい"
