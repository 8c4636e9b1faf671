"""The conversion judge: its label set, model noise, and properties that hold for any text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jeval.errors import InputError
from jeval.keigo import judge_conversion
from jeval.keigo.judge import TARGETS
from jeval.reading import read_jsonl
from jeval.resources import data_path

LABELS = read_jsonl(data_path("keigo", "labels", "conversion.jsonl"))


def context(row: dict) -> dict[str, str]:
    return {key: row[key] for key in ("speaker", "addressee", "referent") if row[key]}


def test_the_judge_agrees_with_at_least_ninety_seven_percent_of_its_label_set() -> None:
    assert sum(row["accepted"] for row in LABELS) >= 200
    assert sum(not row["accepted"] for row in LABELS) >= 200
    for kind in (True, False):
        rows = [row for row in LABELS if row["accepted"] == kind]
        hits = sum(
            judge_conversion(row["source"], row["target"], row["output"], context(row)).correct == kind for row in rows
        )
        assert hits / len(rows) >= 0.97


def test_on_first_sight_the_judge_was_right_about_at_least_ninety_five_answers_in_a_hundred() -> None:
    """The recorded verdicts of each batch before anything was mended for it; the honest figure for unseen answers."""
    assert sum(row["agreed_at_first"] for row in LABELS) / len(LABELS) >= 0.95


def test_a_refusal_gives_a_reason_and_an_acceptance_none() -> None:
    for row in LABELS[::7]:
        verdict = judge_conversion(row["source"], row["target"], row["output"], context(row))
        assert bool(verdict.reasons) != verdict.correct


SOURCE = "社長が来る。"
RIGHT = "社長がいらっしゃいます。"


@pytest.mark.parametrize(
    "output",
    [
        RIGHT,
        f"「{RIGHT}」",
        f"尊敬語：{RIGHT}",
        f"書き換えた文：\n{RIGHT}\n\n「来る」の尊敬語は「いらっしゃる」です。",
        f"**{RIGHT}**",
        f"{RIGHT}（「来る」の尊敬語）",
        f"  {RIGHT}  \n",
        f"来る → {RIGHT}",
        f"答え: {RIGHT}",
    ],
)
def test_labels_quotes_and_explanations_around_an_answer_are_ignored(output: str) -> None:
    assert judge_conversion(SOURCE, "sonkeigo", output).correct


@pytest.mark.parametrize(
    "output",
    [
        "", "   \n", "The president will come.", "1234", "🙂", SOURCE, "はい。", "わかりました。", "社長。", "社長が召し上がります。",
        "社長がいらっしゃいます／社長がお越しになります", "社長がいらっしゃいません。", "社長がいらっしゃいました。", "社長がいらっしゃいますか。",
        "社長がいらっしゃいます。会場では拍手が起こりました。", "部長がいらっしゃいます。", "社長が明日いらっしゃいます。",
        "文を尊敬語に書き換え、書き換えた文だけを一行で答えてください。", "社長が参ります。", "社長がいらっしゃられます。",
    ],
)  # fmt: skip
def test_what_is_no_rendering_is_refused(output: str) -> None:
    verdict = judge_conversion(SOURCE, "sonkeigo", output)
    assert not verdict.correct
    assert verdict.reasons


def test_special_verbs_stand_for_the_plain_verbs_they_replace_and_for_no_other() -> None:
    assert judge_conversion("先生に聞く。", "kenjogo1", "先生に伺います。").correct
    assert judge_conversion("先生の家に行く。", "kenjogo1", "先生のお宅に伺います。").correct
    assert not judge_conversion("先生を待つ。", "kenjogo1", "先生に伺います。").correct


def test_the_part_of_each_person_is_kept() -> None:
    assert judge_conversion("私が先生に説明する。", "kenjogo1", "私が先生にご説明します。").correct
    assert not judge_conversion("私が先生に説明する。", "kenjogo1", "先生にご説明いただきます。").correct
    assert judge_conversion("先生が説明してくれた。", "kenjogo1", "先生にご説明いただきました。").correct
    assert not judge_conversion("先生が説明してくれた。", "kenjogo1", "先生にご説明しました。").correct


def test_from_and_to_are_not_particles_that_may_change() -> None:
    assert judge_conversion("お客様を駅まで送る。", "kenjogo1", "お客様を駅までお送りします。").correct
    assert not judge_conversion("お客様を駅まで送る。", "kenjogo1", "お客様を駅からお送りします。").correct


def test_the_same_sentence_is_right_for_one_target_and_wrong_for_another() -> None:
    source, output = "私が会場に行く。", "私が会場に参ります。"
    assert judge_conversion(source, "kenjogo2", output).correct
    assert not judge_conversion(source, "sonkeigo", output).correct
    assert not judge_conversion(source, "kenjogo1", output).correct
    assert not judge_conversion(source, "plain", output).correct


def test_context_decides_whether_ones_own_side_is_raised() -> None:
    context = {"speaker": "自社社員", "addressee": "顧客", "referent": "自社の部長"}
    assert judge_conversion("部長が説明する。", "kenjogo2", "部長が説明いたします。", context).correct
    assert not judge_conversion("部長が説明する。", "sonkeigo", "部長がご説明になります。", context).correct


def test_an_unknown_target_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="sonkeigo"):
        judge_conversion("行く。", "keigo", "参ります。")
    with pytest.raises(InputError, match="string"):
        judge_conversion("行く。", "sonkeigo", None)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.sampled_from(TARGETS))
def test_no_output_crashes_the_judge(output: str, target: str) -> None:
    assert judge_conversion("社長が本を読んだ。", target, output).correct in (True, False)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=[chr(c) for c in range(0x3041, 0x3094)] + list("先生読書本社長、。「」"), max_size=40))
def test_random_kana_is_never_a_rendering(output: str) -> None:
    assert not judge_conversion("監督が契約書にサインした。", "sonkeigo", output).correct
