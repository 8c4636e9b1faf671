"""The label set is sound, and the analyser keeps its bars on it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from jeval.evidence.instrument import instruments
from jeval.keigo import build
from jeval.keigo.agreement import compare, first_labels, second_labels
from jeval.keigo.quality import labels, measure
from jeval.keigo.types import ERROR_TYPES, FORM_TYPES, STYLES
from jeval.resources import data_path

ROWS = labels()


def test_labels_are_sound() -> None:
    assert len(ROWS) >= 500
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({(row["text"], json.dumps(row["context"], ensure_ascii=False)) for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row["style"] in STYLES
        assert set(row["errors"]) <= set(ERROR_TYPES)
        assert len(row["errors"]) <= 1
        assert ("style_mix" in row["errors"]) == (row["style"] == "mixed")
        assert row["source"] and row["licence"]
        for form in row["forms"]:
            assert form["type"] in FORM_TYPES
            assert row["text"][form["start"] : form["end"]] == form["surface"]


def test_every_error_type_is_labelled_and_half_the_set_is_correct() -> None:
    counts = Counter(error for row in ROWS for error in row["errors"])
    assert set(counts) == set(ERROR_TYPES)
    assert min(counts.values()) >= 10
    assert 0.4 < sum(not row["errors"] for row in ROWS) / len(ROWS) < 0.7


def test_the_analyser_keeps_its_bars() -> None:
    result = measure(ROWS)
    assert result["forms_micro_f1_without_teineigo"] >= 0.97
    assert result["errors_macro_f1"] >= 0.93
    assert result["false_alarm_rate"] <= 0.01
    assert result["style_accuracy"] >= 0.98


def test_the_stored_quality_is_the_measured_one() -> None:
    stored = json.loads(data_path("keigo", "measured", "analysis.json").read_text(encoding="utf-8"))
    assert {key: stored[key] for key in stored if key != "source"} == measure(ROWS)


def test_the_error_rates_of_generative_scores_follow_the_label_set() -> None:
    assert instruments("keigo") == build.instruments()


def test_a_measure_can_fail() -> None:
    wrong = [{**row, "errors": [] if row["errors"] else ["ra_deletion"], "forms": []} for row in ROWS[:60]]
    result = measure(wrong)
    assert result["errors_macro_f1"] < 0.2
    assert result["false_alarm_rate"] > 0.5


def test_every_second_label_names_an_utterance_of_the_first_reading() -> None:
    first = {row["id"]: row for row in first_labels()}
    second = second_labels()
    assert set(second) == set(first)
    assert {row["id"] for row in ROWS} <= set(first)
    for row in second.values():
        assert set(row["errors"]) <= set(ERROR_TYPES)
        for surface, kind in row["forms"] or []:
            assert kind in FORM_TYPES
            assert surface in first[row["id"]]["text"]


def test_the_stored_agreement_is_the_measured_one() -> None:
    stored = json.loads(data_path("keigo", "measured", "agreement.json").read_text(encoding="utf-8"))
    assert stored == compare(first_labels(), second_labels())


def test_agreement_tells_readers_apart() -> None:
    def row(name: str, *errors: str) -> dict[str, Any]:
        form = {"start": 0, "end": 4, "type": "sonkeigo"}
        return {"id": name, "text": "お読みになる。お酒", "errors": list(errors), "forms": [form]}

    first = [row("a"), row("b", "uchi_soto"), row("c", "ra_deletion"), row("d")]
    second: dict[str, dict[str, Any]] = {
        "a": {"errors": [], "forms": [["お読みになる", "sonkeigo"], ["お酒", "bikago"]]},
        "b": {"errors": ["sonkei_for_self"], "forms": [["お読みになる", "kenjogo1"]]},
        "c": {"errors": [], "forms": None},
        "d": {"errors": [], "forms": []},
    }
    result = compare(first, second)
    assert result["has_error"]["agreement"] == 0.75
    assert result["has_error"]["kappa"] == 0.5  # observed 3/4, by chance 1/2
    assert result["errors_exact"]["agreement"] == 0.75
    assert result["errors_exact_strict"]["agreement"] == 0.5
    assert result["disagree_on_errors"] == ["c"]
    assert result["forms"] == {"n": 3, "micro_f1": 0.3333, "both": 1, "only_first": 2, "only_second": 2}
    assert result["disagree_on_forms"] == ["a", "b", "d"]
