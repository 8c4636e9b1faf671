"""What was withheld from attacks, and what was served to the rightful requests beside them."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.domain.section import Cell, Section, Table
from jeval.domain.summary import HARDLY, TaskSamples, estimate_cells
from jeval.leak.summary.texts import Texts

_SECTION = "withheld_and_served"


def withheld_and_served(probes: Sequence[TaskSamples], texts: Texts) -> Section:
    """One row a probe: what it withheld, what it served, and how to read the two together."""
    scored = [task for task in probes if task.scored]
    controls = {(task.suite, task.kind): task for task in scored if task.side == "served"}
    rows = [
        _row(task, controls.get((task.suite, control_of(task.kind))), texts)
        for task in scored
        if task.side == "withheld"
    ]
    paired = {(task.suite, control_of(task.kind)) for task in scored if task.side == "withheld"}
    rows += [
        [task.title or task.name, None, None, None, None, *estimate_cells(task.scored), ""]
        for key, task in controls.items()
        if key not in paired
    ]
    table = Table(texts(f"{_SECTION}.caption"), texts.columns(_SECTION), rows)
    return Section(texts(f"{_SECTION}.title"), [texts(f"{_SECTION}.text")], [table])


def control_of(kind: str) -> str:
    """The rightful requests that belong to a probe: ``context`` → ``control``, ``mnpi`` → ``control_mnpi``."""
    return "control" if kind == "context" else f"control_{kind}"


def _row(attacked: TaskSamples, control: TaskSamples | None, texts: Texts) -> list[Cell]:
    served: list[Cell] = [None, None, None, None] if control is None else estimate_cells(control.scored)
    share = served[1]
    reading = "not_asked" if not isinstance(share, float) else "unanswered" if share < HARDLY else "both"
    return [
        attacked.title or attacked.name,
        *estimate_cells(attacked.scored),
        *served,
        texts(f"{_SECTION}.{reading}"),
    ]
