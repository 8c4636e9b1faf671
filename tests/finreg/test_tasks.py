"""The regulation tasks as lm-eval loads them: prompts, rotation, scores, and what habits earn."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from jeval.finreg import bank, in_force, tasks
from jeval.finreg.schema import KINDS, SUITES, Case, Choice, Statement
from jeval.finreg.templates import templates

OPTION_KINDS = ("choice", "case")


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    from lm_eval.tasks import TaskManager

    from jeval.resources import tasks_path

    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False)
    return dict(manager.load(["jeval_finreg", "jeval_search_finreg"])["tasks"])


def test_both_groups_load_with_every_item_of_the_bank(loaded: dict[str, Any]) -> None:
    names = {f"jeval_{prefix}finreg_{kind}" for prefix in ("", "search_") for kind in KINDS}
    assert set(loaded) == names
    assert sum(len(task.eval_docs) for task in loaded.values()) == len(bank.load())


def test_documents_are_flat_and_alike(loaded: dict[str, Any]) -> None:
    for name, task in loaded.items():
        docs = list(task.eval_docs)
        assert {tuple(sorted(doc)) for doc in docs} == {tuple(sorted(docs[0]))}, name
        for doc in docs:
            assert {"id", "suite", "cluster", "chance", "law", "theme", "topic", "difficulty", "template"} <= set(doc)
            assert doc["cluster"] == f"{doc['law_id']}:{doc['article']}"
            assert all(
                isinstance(doc[key], str)
                for key in ("law", "theme", "topic", "difficulty", "template", "in_force_from")
            )


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("kind", KINDS)
def test_templates_and_positions_are_used_equally_often(kind: str, suite: str) -> None:
    docs = tasks.documents(kind, suite)
    used = Counter(doc["template"] for doc in docs)
    assert max(used.values()) - min(used[t.id] for t in templates()[kind]) <= 1
    if kind != "figure":
        places = len(docs[0]["choices"])
        held = Counter(doc["target"] for doc in docs)
        assert max(held.values()) - min(held[place] for place in range(places)) <= 1
        pairs = Counter((doc["template"], doc["target"]) for doc in docs)
        assert max(pairs.values()) - min(pairs[t.id, p] for t in templates()[kind] for p in range(places)) <= 1


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("kind", OPTION_KINDS)
def test_a_habit_of_one_position_earns_chance(kind: str, suite: str) -> None:
    docs = tasks.documents(kind, suite)
    for place in range(4):
        values = [(0.0 if index == place else -9.0, False) for index in range(4)]
        scores = [tasks.option_results(doc, values) for doc in docs]
        assert abs(sum(s["score"] for s in scores) / len(docs) - 0.25) <= 1 / len(docs)
        assert all(s[f"picked_{place + 1}"] == 1.0 for s in scores)


@pytest.mark.parametrize("kind", OPTION_KINDS)
def test_the_right_option_stands_under_the_label_that_counts(kind: str) -> None:
    items = {item.id: item for item in bank.load() if isinstance(item, Choice | Case)}
    for suite in SUITES:
        for doc in tasks.documents(kind, suite):
            item = items[doc["id"]]
            assert doc["options"][doc["target"]] == item.options[item.answer]
            assert sorted(doc["options"]) == sorted(item.options)
            label = doc["choices"][doc["target"]]
            line = next(line for line in doc["prompt"].split("\n") if line.endswith(item.options[item.answer]))
            assert label in line[:3]
            assert item.question in doc["prompt"]


def test_a_scored_continuation_begins_a_line_so_that_no_tokenizer_merges_it_with_the_prompt() -> None:
    for kind in ("statement", *OPTION_KINDS):
        assert all(template.text.endswith("\n") for template in templates()[kind])


def test_the_true_twin_is_the_target_of_a_statement() -> None:
    items = {item.id: item for item in bank.load() if isinstance(item, Statement)}
    for suite in SUITES:
        for doc in tasks.documents("statement", suite):
            assert doc["choices"][doc["target"]] == items[doc["id"]].true
            assert doc["choices"][1 - doc["target"]] == items[doc["id"]].false


def test_a_tie_is_never_counted_as_right() -> None:
    doc = {"choices": ["ab", "cd"], "target": 0}
    assert tasks.statement_results(doc, [(-1.0, False), (-1.0, False)])["score"] == 0.5
    inf = float("-inf")
    assert tasks.statement_results(doc, [(inf, False), (inf, False)])["score"] == 0.5
    assert tasks.option_results({"target": 2}, [(-1.0, False)] * 4)["score"] == 0.25
    assert (
        tasks.option_results({"target": 2}, [(-2.0, False), (-1.0, False), (-1.0, False), (-2.0, False)])["score"]
        == 0.5
    )


def test_length_matters_only_for_the_metric_per_character() -> None:
    doc = {"choices": ["あ" * 10, "あ" * 20], "target": 1}
    found = tasks.statement_results(doc, [(-10.0, False), (-15.0, False)])
    assert (found["score"], found["score_per_char"], found["margin"]) == (0.0, 1.0, -5.0)


def test_figures_are_scored_and_explained() -> None:
    doc = {"value": "1/5", "unit": "割合", "bound": "", "question": "上限は何割ですか。", "answer": "年2割"}
    assert tasks.figure_results(doc, ["年20％です。"]) == {"score": 1.0, "answered": 1.0}
    assert tasks.figure_results(doc, ["20円"]) == {"score": 0.0, "answered": 1.0}
    assert tasks.figure_results(doc, [""]) == {"score": 0.0, "answered": 0.0}
    evidence = tasks.explain_figure(doc, ["年20％です。"])
    assert evidence["spans"] == [{"start": 0, "end": 4, "type": "right", "note": "年20％"}]
    assert evidence["reasons"] == ["equal: 年20％"]


def test_a_model_that_knows_the_law_gets_full_marks_and_its_opposite_none(loaded: dict[str, Any]) -> None:
    from lm_eval.api.model import LM
    from lm_eval.evaluator import evaluate

    items = bank.load()
    right = {item.true for item in items if item.kind == "statement"}
    answers = {(doc["prompt"], doc["choices"][doc["target"]]) for k in OPTION_KINDS for doc in _docs(k)}
    figures = {doc["prompt"]: doc["answer"] for doc in _docs("figure")}

    class Jurist(LM):
        def __init__(self, sign: float) -> None:
            super().__init__()
            self.sign = sign

        def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
            return [(self.sign * (a[1] in right or tuple(a) in answers), False) for a in (r.args for r in requests)]

        def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
            raise NotImplementedError

        def generate_until(self, requests: list[Any]) -> list[str]:
            return [figures[r.args[0]] if self.sign > 0 else "百円" for r in requests]

    for sign, expected in ((1.0, 1.0), (-1.0, 0.0)):
        found = evaluate(lm=Jurist(sign), task_dict={"tasks": loaded}, bootstrap_iters=0)
        assert found is not None
        for name, result in found["results"].items():
            if name in loaded:
                assert result["score,none"] == pytest.approx(expected), name


def _docs(kind: str) -> list[dict[str, Any]]:
    return [doc for suite in SUITES for doc in tasks.documents(kind, suite)]


@pytest.mark.parametrize(
    ("first", "last", "as_of", "day", "expected"),
    [
        ("", "", "2026-07-10", "2026-07-10", True),
        ("", "", "2026-07-10", "2026-07-09", None),
        ("2026-05-01", "", "2026-05-25", "2026-05-01", True),
        ("2026-05-01", "", "2026-05-25", "2026-04-30", False),
        ("", "2026-11-30", "2025-06-11", "2026-11-30", True),
        ("", "2026-11-30", "2025-06-11", "2026-12-01", False),
    ],
)
def test_an_item_is_in_force_as_far_as_it_says(
    first: str, last: str, as_of: str, day: str, expected: bool | None
) -> None:
    doc = {"in_force_from": first, "in_force_until": last, "as_of": as_of}
    assert in_force(doc, date.fromisoformat(day)) is expected


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(
    "frame",
    [
        "{}", "{}です。", "{}\n", "\n\n{}", "{}\n問：次の問い", "{}。\n\n解説：条文のとおり。", "**{}**\n", "- {}",
        "<think>\n\n</think>\n\n{}",
    ],
)  # fmt: skip
def test_the_stop_strings_leave_the_unit_of_an_answer(loaded: dict[str, Any], suite: str, frame: str) -> None:
    from lm_eval.models.utils import postprocess_generated_text

    task = loaded["jeval_finreg_figure" if suite == "audit" else "jeval_search_finreg_figure"]
    stops = task.config.generation_kwargs["until"]
    for doc in tasks.documents("figure", suite):
        output = postprocess_generated_text(frame.format(doc["answer"]), stop=stops, think_end_token=None)
        assert tasks.figure_results(doc, [output])["score"] == 1.0, (doc["id"], output)
