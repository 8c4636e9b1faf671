"""The report's regulation part: breakdowns with intervals, template spread, position preference, guessers."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any, get_args

import pytest

from jeval.domain.section import Cell, Table
from jeval.domain.summary import TaskSamples
from jeval.finreg import tasks
from jeval.finreg.answer import Outcome
from jeval.finreg.phrases import Phrases
from jeval.finreg.summary import sections
from jeval.record.samples import Sample

SCORERS = {"statement": tasks.statement_results, "choice": tasks.option_results, "case": tasks.option_results}


def samples(kind: str, habit: int | None = None) -> TaskSamples:
    rng = random.Random(1)
    rows: list[Sample] = []
    for doc in tasks.documents(kind, "audit"):
        if kind == "figure":
            outputs: list[Any] = [rng.choice([doc["answer"], "5年か7年", "分かりません", "3ポイント"])]
            metrics = tasks.figure_results(doc, outputs)
        else:
            places = range(len(doc["choices"]))
            outputs = [[0.0 if place == habit else -1.0 - rng.random(), False] for place in places]
            metrics = SCORERS[kind](doc, outputs)
        score = metrics.pop("score")
        rows.append(
            Sample(
                id=doc["id"],
                cluster=doc["cluster"],
                prompt=[],
                outputs=outputs,
                loglikelihoods=None,
                score=score,
                metrics=metrics,
                doc=doc,
            )
        )
    return TaskSamples(f"jeval_finreg_{kind}", kind, "audit", "", rows)


@pytest.fixture(scope="module", params=["ja", "en"])
def tables(request: pytest.FixtureRequest) -> dict[str, Table]:
    found = sections([samples(kind, habit=2) for kind in ("statement", "choice", "figure", "case")], request.param)
    return {table.caption: table for section in found for table in section.tables}


def one(tables: dict[str, Table], *captions: str) -> Table:
    return next(tables[caption] for caption in captions if caption in tables)


def number(cell: Cell) -> float:
    """The number that a cell must hold."""
    assert isinstance(cell, int | float)
    return cell


def test_laws_and_themes_have_counts_and_intervals(tables: dict[str, Table]) -> None:
    for captions in (("法令別", "By law"), ("分野別", "By theme")):
        table = one(tables, *captions)
        total = sum(len(tasks.documents(kind, "audit")) for kind in ("statement", "choice", "figure", "case"))
        assert sum(number(row[1]) for row in table.rows) == total
        assert all(number(row[4]) <= number(row[3]) <= number(row[5]) for row in table.rows)


def test_every_table_has_as_many_cells_as_columns(tables: dict[str, Table]) -> None:
    for table in tables.values():
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_the_template_spread_is_best_minus_worst(tables: dict[str, Table]) -> None:
    table = one(tables, "書式別の得点", "Score by template")
    rows = [row for row in table.rows if row[0] in ("四択", "choices")]
    scores = [number(row[3]) for row in rows if row[3] is not None]
    assert len(scores) == 3
    assert rows[-1][6] == pytest.approx(max(scores) - min(scores))


def test_a_position_habit_shows_and_earns_chance(tables: dict[str, Table]) -> None:
    table = one(tables, "選んだ位置", "Positions chosen")
    rows = [row for row in table.rows if row[0] in ("四択", "choices")]
    assert [row[3] for row in rows] == [0.0, 0.0, 1.0, 0.0]
    assert [row[7] for row in rows if row[7] is not None] == [row[3] for row in rows if row[7] is not None]


def test_figure_verdicts_cover_every_answer(tables: dict[str, Table]) -> None:
    table = one(tables, "判定の内訳", "Verdicts")
    assert sum(number(row[2]) for row in table.rows) == len(tasks.documents("figure", "audit"))


def test_wordings_with_a_known_first_or_last_day_are_shown_by_it(tables: dict[str, Table]) -> None:
    table = one(tables, "施行日別", "By date of the wording")
    dated = {row[0]: row[2] for row in table.rows if str(row[0]).startswith("20")}
    docs = [doc for kind in ("statement", "choice", "figure", "case") for doc in tasks.documents(kind, "audit")]
    assert dated == {day: n for day, n in Counter(doc["in_force_from"] for doc in docs).items() if day}
    assert sum(number(row[2]) for row in table.rows) == len(docs)


def test_items_not_scored_are_left_out_and_an_empty_domain_has_no_sections() -> None:
    data = samples("choice")
    rows = [data.samples[0].model_copy(update={"score": None}), *data.samples[1:]]
    (first, *_) = sections([replace(data, samples=rows)], "en")
    assert sum(number(row[1]) for row in first.tables[0].rows) == len(rows) - 1
    unscored = replace(data, samples=[row.model_copy(update={"score": None}) for row in rows])
    assert sections([unscored], "ja") == []
    assert sections([replace(data, kind="pairs")], "ja") == []


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_verdict_has_a_name_in_both_languages(outcome: str) -> None:
    assert Phrases("ja").verdict(outcome) != Phrases("en").verdict(outcome) == outcome
