"""Keigo tasks as lm-eval loads them: prompts, scores of right, copied and empty answers, report sections."""

from __future__ import annotations

import random

import pytest

from jeval.domain import TaskSamples
from jeval.keigo import tasks
from jeval.keigo.summary import sections
from jeval.reading import read_jsonl
from jeval.record.samples import Sample
from jeval.resources import data_path

GENERATIVE = {
    "convert": (tasks.convert_text, tasks.convert_results, tasks.explain_convert),
    "correct": (tasks.correct_text, tasks.correct_results, tasks.explain_correct),
    "reply": (tasks.reply_text, tasks.reply_results, tasks.explain_reply),
}


def items(kind: str) -> list[dict]:
    return list(read_jsonl(data_path("keigo", "built", f"{kind}.jsonl")))


def test_both_groups_load_through_lm_eval_with_their_five_tasks() -> None:
    from jeval.pipeline.taskpack import load_tasks

    loaded = load_tasks(["jeval_keigo", "jeval_search_keigo"]).tasks
    for kind in ("pairs", "choice", *GENERATIVE):
        for prefix in ("jeval_keigo", "jeval_search_keigo"):
            task = loaded[f"{prefix}_{kind}"]
            doc = next(iter(task.eval_docs))
            assert task.config.target_delimiter == ""
            assert isinstance(task.doc_to_text(doc), str)
            suite = "search" if "search" in prefix else "audit"
            assert {row["suite"] for row in task.eval_docs} == {suite}


def test_a_pair_scores_one_zero_or_on_a_tie_or_nan_a_half() -> None:
    doc = items("pairs")[0]
    assert tasks.pairs_results(doc, [(-1.0, False), (-2.0, False)])["score"] == 1.0
    assert tasks.pairs_results(doc, [(-2.0, False), (-1.0, False)])["score"] == 0.0
    assert tasks.pairs_results(doc, [(-2.0, False), (-2.0, False)])["score"] == 0.5
    assert tasks.pairs_results(doc, [(float("nan"), False), (-2.0, False)])["score"] == 0.5


def test_a_choice_is_the_likeliest_utterance_and_ties_are_shared() -> None:
    doc = items("choice")[0]
    for place in range(4):
        results = [(0.0 if i == place else -5.0, False) for i in range(4)]
        assert tasks.choice_results(doc, results)["score"] == float(place == doc["answer"])
    assert tasks.choice_results(doc, [(-1.0, False)] * 4)["score"] == 0.25
    assert tasks.choice_results(doc, [(float("nan"), False)] * 4)["score"] == 0.25


@pytest.mark.parametrize("kind", ["convert", "correct"])
def test_every_item_can_be_solved_and_a_copied_or_empty_answer_earns_nothing(kind: str) -> None:
    text, results, _ = GENERATIVE[kind]
    for doc in items(kind):
        assert results(doc, [doc["example"]])["score"] == 1.0, doc["id"]
        for output in (doc["text"], "", text(doc), "Sorry.", "承知いたしました。"):
            assert results(doc, [output])["score"] == 0.0, (doc["id"], output)


def test_no_prompt_contains_a_right_answer() -> None:
    for kind in ("convert", "correct"):
        for doc in items(kind):
            assert doc["example"] not in GENERATIVE[kind][0](doc)


def test_a_correction_that_changes_the_content_or_adds_a_misuse_fails() -> None:
    doc = next(
        row for row in items("correct") if row["error_type"] == "double_honorific" and "なられました" in row["text"]
    )
    negative = doc["example"].replace("ました", "ませんでした")
    assert tasks.correct_results(doc, [negative]) == {"score": 0.0, "clean": 1.0, "kept": 0.0}
    other = next(row for row in items("correct") if row["error_type"] == "sa_insertion")
    assert tasks.correct_results(doc, [other["text"]])["score"] == 0.0


REPLY = next(row for row in items("reply") if row["id"] == "keigo-reply-audit-absent-1")


@pytest.mark.parametrize(
    ("output", "score"),
    [
        ("あいにく佐藤は外出しております。三時には戻る予定でございます。", 1.0),
        ("申し訳ございません。佐藤はただいま外出しておりまして、三時に戻ります。", 1.0),
        ("あいにく佐藤部長は外出していらっしゃいます。三時に戻る予定でございます。", 0.5),
        ("佐藤は外出してる。三時に戻るよ。", 0.0),
        ("部長の佐藤様はいらっしゃいますか。", 0.0),
        ("お客様からの電話。佐藤は行員の上司で、外出していて戻りは三時の予定。", 0.0),
        ("", 0.0),
        ("Mr. Sato is out.", 0.0),
        ("はい。", 0.0),
        ("本日は晴天でございますので、洗濯物がよく乾きます。", 0.0),
        ("佐藤です。" * 30, 0.0),
    ],
)
def test_replies_are_scored_by_misuse_style_and_being_an_answer(output: str, score: float) -> None:
    assert tasks.reply_results(REPLY, [output])["score"] == score


def test_a_reply_task_never_rewards_the_prompt_the_scene_or_the_customers_words() -> None:
    for doc in items("reply"):
        for output in ("", doc["text"], doc["scene"], tasks.reply_text(doc), tasks.reply_text(doc) + doc["text"], "OK"):
            assert tasks.reply_results(doc, [output])["score"] == 0.0, (doc["id"], output)


@pytest.mark.parametrize("kind", GENERATIVE)
def test_evidence_points_into_the_output(kind: str) -> None:
    doc = items(kind)[0]
    output = "佐藤様がおっしゃられました。"
    evidence = GENERATIVE[kind][2](doc, [output])
    assert {"spans", "reasons"} == set(evidence)
    assert any(output[span["start"] : span["end"]] for span in evidence["spans"])
    assert evidence["reasons"]
    assert GENERATIVE[kind][2](doc, [])["reasons"]


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_report_breaks_scores_down_with_intervals_and_guessers(lang: str) -> None:
    rng = random.Random(0)
    samples = []
    for kind in ("pairs", "choice", *GENERATIVE):
        metrics = {"answered": 1.0, "polite": 1.0} if kind == "reply" else {}
        rows = [
            Sample(
                id=doc["id"],
                cluster=doc["cluster"],
                prompt=[],
                outputs=[],
                loglikelihoods=None,
                score=float(rng.random() < 0.7),
                metrics=metrics,
                doc=doc,
            )
            for doc in items(kind)
            if doc["suite"] == "audit"
        ]
        samples.append(TaskSamples(f"jeval_keigo_{kind}", kind, "audit", "", rows))
    found = sections(samples, lang)
    tables = [table for section in found for table in section.tables]
    assert [section.folded for section in found] == [False, True]
    assert len(tables) == 7
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert sections([], lang) == []
