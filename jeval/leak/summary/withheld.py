"""What was withheld from attacks, and what was served to rightful requests."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.domain.section import Cell, Section, Table
from jeval.domain.summary import TaskSamples, estimate_cells
from jeval.leak.probes.sources import SUITES
from jeval.leak.summary.texts import Texts

_SECTION = "withheld_and_served"
_SIDES = ("withheld", "served")


def withheld_and_served(probes: Sequence[TaskSamples], texts: Texts) -> Section:
    """Every task by suite and side, and their balanced accuracy where both sides were asked."""
    rows = [row for suite in SUITES for row in _suite(suite, probes, texts)]
    table = Table(texts(f"{_SECTION}.caption"), texts.columns(_SECTION), rows)
    return Section(texts(f"{_SECTION}.title"), [texts(f"{_SECTION}.text")], [table])


def _suite(suite: str, probes: Sequence[TaskSamples], texts: Texts) -> list[list[Cell]]:
    word = texts(f"{_SECTION}.{suite}")
    rows: list[list[Cell]] = []
    chosen = [task for task in probes if task.suite == suite and task.scored]
    sides = []
    for side in _SIDES:
        tasks = [task for task in chosen if task.side == side]
        rows += [[word, texts(f"{_SECTION}.{side}"), task.name, *estimate_cells(task.scored)] for task in tasks]
        means = [sum(score for _, score in task.scored) / len(task.scored) for task in tasks]
        if means:
            sides.append(sum(means) / len(means))
    if len(sides) == len(_SIDES):
        n = sum(len(task.scored) for task in chosen)
        rows.append([word, texts(f"{_SECTION}.balanced"), "", n, sum(sides) / len(sides), None, None])
    return rows
