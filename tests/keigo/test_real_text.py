"""Kinds of text that people write and that the analyser once misread: each a row of ``real_text.tsv``, right and wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from jeval.keigo import analyze
from jeval.keigo.knowledge import knowledge
from jeval.keigo.types import ERROR_TYPES
from jeval.reading import read_tsv


class Case(NamedTuple):
    cause: str
    want: str
    context: str
    text: str

    def found(self) -> tuple[set[str], set[str]]:
        """Rules and types of the findings."""
        persons = zip(("speaker", "addressee", "referent"), self.context.split("|"), strict=False)
        context = None if self.context == "-" else {name: who for name, who in persons if who}
        errors = analyze(self.text.replace("\\n", "\n"), context).errors
        return {error.rule for error in errors}, {error.type for error in errors}


CASES = [Case(*row[:4]) for row in read_tsv(Path(__file__).with_name("real_text.tsv"), 4)]
RIGHT = [case for case in CASES if case.want.startswith("-")]
WRONG = [case for case in CASES if not case.want.startswith("-")]


def test_the_cases_are_right_and_wrong_ones_and_name_what_there_is() -> None:
    assert len(RIGHT) >= 140 and len(WRONG) >= 80
    assert {case.want for case in WRONG} <= set(ERROR_TYPES)
    rules = {rule for case in RIGHT if case.want != "-" for rule in case.want.removeprefix("-").split(",-")}
    assert rules <= set(knowledge().by_id)


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: f"{case.cause}-{case.text[:12]}")
def test_text_of_this_kind_is_not_accused(case: Case) -> None:
    rules, _ = case.found()
    assert not (rules if case.want == "-" else rules & set(case.want.removeprefix("-").split(",-")))


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case.cause}-{case.text[:12]}")
def test_an_error_of_this_kind_is_found(case: Case) -> None:
    assert case.want in case.found()[1]


def test_a_remark_in_brackets_does_not_make_a_polite_sentence_plain() -> None:
    assert analyze("受付時間は以下のとおりです（祝日を除く）。").style == "polite"
    assert analyze("受付時間は以下のとおりである（祝日は休みます）。").style == "plain"
    assert analyze("在庫はございません（入荷は来週だ。お急ぎの場合を除く）。").style == "formal"


def test_what_is_said_to_oneself_leaves_the_style_to_the_statements() -> None:
    assert analyze("手続きは終わりました。よかったなあ。").style == "polite"
    assert analyze("手続きは終わった。よかったなあ。").style == "plain"
    assert analyze("よかったなあ。").style == "plain"
