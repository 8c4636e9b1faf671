"""The analyser says what docs/keigo.md promises: offsets of the text as given, rules that their own examples prove."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import yaml

from jeval.errors import InputError
from jeval.keigo import analyze
from jeval.keigo.knowledge import knowledge
from jeval.keigo.types import ERROR_TYPES, FORM_TYPES, HonorificForm, Misuse
from jeval.resources import data_path

RULES = yaml.safe_load(data_path("keigo", "knowledge", "rules.yaml").read_text(encoding="utf-8"))["rules"]
FRAMES = yaml.safe_load(data_path("keigo", "knowledge", "form_frames.yaml").read_text(encoding="utf-8"))["frames"]
NORM = [rule for rule in RULES if rule["tier"] == "norm"]


def forms(text: str, context: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(form.surface, form.type) for form in analyze(text, context).forms if form.type != "teineigo"]


def errors(text: str, context: dict[str, str] | None = None) -> list[str]:
    return sorted({error.type for error in analyze(text, context).errors})


@pytest.mark.parametrize("rule", NORM, ids=lambda rule: rule["id"])
def test_a_rule_finds_its_wrong_example_and_leaves_its_right_one(rule: dict[str, Any]) -> None:
    context = rule.get("context")
    wrong = analyze(rule["wrong"], context)
    assert rule["id"] in [error.rule for error in wrong.errors]
    assert {error.type for error in wrong.errors} == {rule["type"]}
    assert analyze(rule["right"], context).errors == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["id"])
def test_a_rule_states_where_it_comes_from(rule: dict[str, Any]) -> None:
    assert rule["type"] in ERROR_TYPES
    assert rule["tier"] in {"norm", "contested"}
    assert rule["section"] and rule["message"]


@pytest.mark.parametrize("rule", [r for r in RULES if r["tier"] == "contested"], ids=lambda rule: rule["id"])
def test_contested_rules_are_off(rule: dict[str, Any]) -> None:
    assert analyze(rule["wrong"]).errors == ()


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame["id"])
def test_a_frame_finds_its_example(frame: dict[str, str]) -> None:
    assert frame["type"] in FORM_TYPES
    assert frame["type"] in [kind for _, kind in forms(f"{frame['example']}。")]


@pytest.mark.parametrize("rule", [r for r in NORM if "suggest" in r], ids=lambda rule: rule["id"])
def test_a_suggestion_mends_the_wrong_example(rule: dict[str, Any]) -> None:
    text = str(rule["wrong"])
    error = next(error for error in analyze(text, rule.get("context")).errors if error.rule == rule["id"])
    assert error.suggestion is not None
    mended = text[: error.start] + error.suggestion + text[error.end :]
    assert mended == rule["right"]


def test_every_error_type_has_a_rule() -> None:
    assert {rule["type"] for rule in NORM} == set(ERROR_TYPES)


def test_offsets_count_characters_of_the_text_as_given() -> None:
    text = "😀 ｺﾞ確認して下さい。㈱みらいへお越しになられました"
    result = analyze(text)
    assert [error.type for error in result.errors] == ["kenjo_for_superior", "double_honorific"]
    found: list[HonorificForm | Misuse] = [*result.forms, *result.errors]
    for one in found:
        assert text[one.start : one.end] == one.surface
    assert result.errors[0].surface == "ｺﾞ確認して下さい"
    assert result.errors[1].surface == "お越しになられ"


def test_kana_spellings_that_the_dictionary_breaks_are_read() -> None:
    assert ("おまちし", "kenjogo1") in forms("窓口でおまちしております。")
    assert ("もうしあげ", "kenjogo1") in forms("私からもうしあげます。")
    assert ("貴行", "sonkeigo") in forms("貴行の方針を伺います。")
    assert ("弊行", "kenjogo2") in forms("弊行では扱っておりません。")


def test_a_long_vowel_of_verbs_is_covered_by_frames_not_by_lists() -> None:
    stems = [
        "お待ち",
        "お使い",
        "お選び",
        "お申し込み",
        "ご利用",
        "ご契約",
        "ご解約",
        "お調べ",
        "お受け取り",
        "お見せ",
        "お聞き",
    ]
    for stem in stems:
        assert forms(f"お客様が{stem}になりました。")[-1] == (f"{stem}になり", "sonkeigo")
        assert errors(f"お客様が{stem}になられました。") == ["double_honorific"]
        assert forms(f"{stem}ください。") == [(f"{stem}ください", "sonkeigo")]
        assert forms(f"{stem}いただけますか。") == [(f"{stem}いただけ", "kenjogo1")]


@pytest.mark.parametrize(
    "text",
    [
        "会議は来週開かれます。", "この席からは山が見られます。", "部長に褒められました。", "財布を盗まれました。", "景気は回復すると思われます。",
        "書類は全員に配布されました。", "電車をおりました。", "お茶をどうぞ。", "駅のほうへ歩きました。", "来月から有料になります。", "早く帰れます。",
        "書類を直させていただきます。", "どうぞお召し上がりになってください。", "お伺いいたします。", "とんでもございません。", "ご持参ください。",
        "佐藤に申し伝えます。", "ご乗車はできません。", "「了解です」と部長に言った。", "ご利用される場合はお知らせください。", "部長はおられますか。",
        "お求めやすい価格です。", "お名前を頂戴できますか。", "部長、了解いたしました。", "資料を拝見させていただきます。", "ご注文をお承りします。",
    ],
)  # fmt: skip
def test_correct_and_contested_text_is_not_accused(text: str) -> None:
    assert errors(text) == []


def test_the_context_decides_who_is_inside() -> None:
    text = "佐藤部長はお出かけです。"
    assert errors(text) == []
    assert errors(text, {"speaker": "自社社員", "addressee": "顧客", "referent": "自社の部長"}) == ["uchi_soto"]
    assert errors(text, {"speaker": "自社社員", "addressee": "自社の同僚", "referent": "自社の部長"}) == []


def test_without_context_and_subject_it_abstains() -> None:
    for text in (
        "明日いらっしゃいます。",
        "後ほど参ります。",
        "ご利用できません。",
        "もうお帰りになりました。",
        "ご苦労様です。",
        "了解です。",
    ):
        assert errors(text) == []


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("審査は終わった。", "plain"), ("審査は終わりました。", "polite"), ("お待ちください。", "polite"), ("窓口は二階でございます。", "formal"),
        ("私が議長であります。", "formal"), ("ありがとうございます。", "polite"), ("審査は終わった。結果は届きます。", "mixed"),
        ("「行く。」と言いました。", "polite"), ("値上げは避けられないと思います。", "polite"), ("以上、報告まで。", "plain"),
    ],
)  # fmt: skip
def test_style_is_that_of_the_sentence_ends(text: str, style: str) -> None:
    assert analyze(text).style == style


def test_text_without_japanese_has_nothing_to_score() -> None:
    for text in ("", "   ", "Hello.", "12,345", "\x00\x01", "😀"):
        assert analyze(text).to_dict() == {"text": text, "style": None, "forms": [], "errors": []}


def test_the_result_is_frozen_and_a_wrong_argument_named() -> None:
    result = analyze("お待ちください。")
    with pytest.raises(AttributeError):
        result.style = "plain"  # type: ignore[misc]
    with pytest.raises(InputError, match="must be a string"):
        analyze(None)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="context"):
        analyze("お待ちください。", "顧客")  # type: ignore[arg-type]


def test_odd_contexts_are_read_as_no_context() -> None:
    for context in ({}, {"speaker": None}, {"addressee": 3, "x": []}, {"referent": ""}):
        assert errors("佐藤部長はお出かけです。", context) == []  # type: ignore[arg-type]


def test_a_word_class_needs_no_code() -> None:
    assert "伺う" in knowledge().words["kenjo1_verb"]
    assert forms("御社へ伺う。") == [("御社", "sonkeigo"), ("伺う", "kenjogo1")]


def test_importing_the_package_brings_nothing_heavy() -> None:
    code = "import sys, jeval.keigo, jeval.keigo.command; print([m for m in ('fugashi','torch','pandas','yaml') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
