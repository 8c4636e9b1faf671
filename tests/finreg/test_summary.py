"""The report's regulation part: breakdowns with intervals, template spread, position preference, guessers."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pandas as pd
import pytest

from jeval.domain.section import Table
from jeval.finreg import tasks
from jeval.finreg.summary import sections

SCORERS = {"statement": tasks.statement_results, "choice": tasks.option_results, "case": tasks.option_results}


def frame(kind: str, habit: int | None = None) -> pd.DataFrame:
    rng = random.Random(1)
    rows: list[dict[str, Any]] = []
    for doc in tasks.documents(kind, "audit"):
        if kind == "figure":
            outputs: list[Any] = [rng.choice([doc["answer"], "5年か7年", "分かりません", "3ポイント"])]
            metrics = tasks.figure_results(doc, outputs)
        else:
            places = range(len(doc["choices"]))
            outputs = [[0.0 if place == habit else -1.0 - rng.random(), False] for place in places]
            metrics = SCORERS[kind](doc, outputs)
        rows.append({"id": doc["id"], "doc": doc, "outputs": outputs, **metrics})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module", params=["ja", "en"])
def tables(request: pytest.FixtureRequest) -> dict[str, Table]:
    samples = {f"jeval_finreg_{kind}": frame(kind, habit=2) for kind in ("statement", "choice", "figure", "case")}
    found = sections(samples, request.param)
    return {table.caption: table for section in found for table in section.tables}


def one(tables: dict[str, Table], *captions: str) -> Table:
    return next(tables[caption] for caption in captions if caption in tables)


def test_laws_and_themes_have_counts_and_intervals(tables: dict[str, Table]) -> None:
    for captions in (("法令別", "By law"), ("分野別", "By theme")):
        table = one(tables, *captions)
        total = sum(len(tasks.documents(kind, "audit")) for kind in ("statement", "choice", "figure", "case"))
        assert sum(row[1] for row in table.rows) == total
        assert all(row[4] <= row[3] <= row[5] for row in table.rows)


def test_every_table_has_as_many_cells_as_columns(tables: dict[str, Table]) -> None:
    for table in tables.values():
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_the_template_spread_is_best_minus_worst(tables: dict[str, Table]) -> None:
    table = one(tables, "書式別の得点", "Score by template")
    rows = [row for row in table.rows if row[0] in ("四択", "choices")]
    scores = [row[3] for row in rows if row[3] is not None]
    assert len(scores) == 3
    assert rows[-1][6] == pytest.approx(max(scores) - min(scores))


def test_a_position_habit_shows_and_earns_chance(tables: dict[str, Table]) -> None:
    table = one(tables, "選んだ位置", "Positions chosen")
    rows = [row for row in table.rows if row[0] in ("四択", "choices")]
    assert [row[3] for row in rows] == [0.0, 0.0, 1.0, 0.0]
    assert [row[7] for row in rows if row[7] is not None] == [row[3] for row in rows if row[7] is not None]


def test_figure_verdicts_cover_every_answer(tables: dict[str, Table]) -> None:
    table = one(tables, "判定の内訳", "Verdicts")
    assert sum(row[2] for row in table.rows) == len(tasks.documents("figure", "audit"))


def test_wordings_with_a_known_first_or_last_day_are_shown_by_it(tables: dict[str, Table]) -> None:
    table = one(tables, "施行日別", "By date of the wording")
    dated = {row[0]: row[2] for row in table.rows if str(row[0]).startswith("20")}
    docs = [doc for kind in ("statement", "choice", "figure", "case") for doc in tasks.documents(kind, "audit")]
    assert dated == {day: n for day, n in Counter(doc["in_force_from"] for doc in docs).items() if day}
    assert sum(row[2] for row in table.rows) == len(docs)


def test_items_not_scored_are_left_out_and_an_empty_domain_has_no_sections() -> None:
    data = frame("choice")
    data.loc[0, "score"] = float("nan")
    (first, *_) = sections({"jeval_finreg_choice": data}, "en")
    assert sum(row[1] for row in first.tables[0].rows) == len(data) - 1
    data["score"] = float("nan")
    assert sections({"jeval_finreg_choice": data}, "ja") == []
    assert sections({"jeval_keigo_pairs": data}, "ja") == []
