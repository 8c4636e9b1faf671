"""Persons nobody names: the analyser infers whose act it is, says how sure it is, and accuses hardly any right sentence."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from jeval.keigo import analyze
from jeval.keigo.cues import cue_counts, measure_unnamed, sureness, unnamed
from jeval.keigo.knowledge import knowledge
from jeval.keigo.types import ERROR_TYPES
from jeval.resources import data_path

ROWS = unnamed()
STAFF = {"speaker": "自社社員", "addressee": "顧客"}


def test_the_sentences_are_sound() -> None:
    assert len(ROWS) >= 600
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({(row["text"], json.dumps(row["context"])) for row in ROWS}) == len(ROWS)
    sides = Counter(bool(row["errors"]) for row in ROWS)
    assert min(sides.values()) >= 250
    for row in ROWS:
        assert set(row["errors"]) <= set(ERROR_TYPES) and len(row["errors"]) <= 1
        assert row["context"]["speaker"] and row["context"]["addressee"]


def test_the_stored_figures_are_the_measured_ones_and_keep_their_bars() -> None:
    stored = json.loads(data_path("keigo", "measured", "unnamed.json").read_text(encoding="utf-8"))
    measured = measure_unnamed()
    assert {key: stored[key] for key in stored if key != "source"} == measured
    assert measured["now"]["flagged_share"] >= 0.85
    assert measured["now"]["accused_share"] <= 0.01
    blind = [one for one in measured["first_sight"].values() if one["wrong"]]
    assert sum(one["flagged"] for one in blind) / sum(one["wrong"] for one in blind) >= 0.7
    assert sum(one["accused"] for one in blind) / sum(one["right"] for one in blind) <= 0.02


def test_the_figures_of_the_document_are_the_stored_ones() -> None:
    stored = json.loads(data_path("keigo", "measured", "unnamed.json").read_text(encoding="utf-8"))
    page = (Path(__file__).parents[2] / "docs" / "keigo.md").read_text(encoding="utf-8")
    for one in [stored["now"], *stored["first_sight"].values()]:
        flagged = f"{one['flagged']} of {one['wrong']}" if one["wrong"] else "–"
        assert f"| {flagged} | {one['accused']} of {one['right']} |" in page
    assert f"falls to {stored['thresholds']['0.9']['flagged_share']:.0%}" in page


def test_a_cue_is_as_sure_as_it_was_right() -> None:
    counts = cue_counts()
    for cue in knowledge().actors.cues:
        assert cue.sure == pytest.approx(sureness(*counts[cue.id]), abs=0.011), cue.id
        assert counts[cue.id][1] >= 3, f"{cue.id}: believed without having been seen"


def test_below_the_threshold_nothing_is_said() -> None:
    actors = knowledge().actors
    kept, text = actors.threshold, "お荷物をお持ちになりましょうか。"
    try:
        actors.threshold = 1.0
        assert analyze(text, STAFF).errors == ()
    finally:
        actors.threshold = kept
    (error,) = analyze(text, STAFF).errors
    assert error.sure is not None and error.sure >= kept
    assert error.to_dict()["sure"] == error.sure
    assert "sure" not in analyze("先生がおっしゃられました。").errors[0].to_dict()


@pytest.mark.parametrize("context", [None, {}, {"speaker": "自社社員"}, {"addressee": "顧客"}])
def test_without_a_speaker_and_an_addressee_it_abstains(context: dict[str, str] | None) -> None:
    for text in (
        "お荷物をお持ちになりましょうか。",
        "お引っ越しするそうですね。",
        "一度工場をご覧になりたいのですが。",
    ):
        assert analyze(text, context).errors == ()


def test_verbs_without_anybody_to_direct_them_at_are_wrong_whoever_speaks() -> None:
    for text in ("お急ぎしております。", "ご納得いたしました。", "大変お困りしています。"):
        assert [error.type for error in analyze(text).errors] == ["wrong_form"]
    for text in (
        "急いでおります。",
        "納得いたしました。",
        "大変困っています。",
        "お急ぎですか。",
        "お困りのときはお電話ください。",
    ):
        assert analyze(text).errors == ()


def test_a_named_subject_goes_before_every_cue() -> None:
    assert analyze("そのことは私が申しましたよね。", STAFF).errors == ()
    assert analyze("弊社の田中が参るそうですね。", STAFF).errors == ()
