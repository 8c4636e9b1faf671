"""How good the detectors are."""

from __future__ import annotations

from jeval.domain.section import Cell, Section, Table
from jeval.evidence.instrument import instruments
from jeval.leak.summary.texts import Texts
from jeval.leak.system import threshold_measured


def detectors(texts: Texts) -> Section:
    """Sensitivity and specificity of each detector at first sight, and what the threshold for instructions rests on."""
    measured = threshold_measured()
    text = texts(
        "detectors.text",
        threshold=measured.threshold,
        answers=measured.answers,
        instructions=measured.instructions,
        n=measured.n,
        maximum=measured.maximum,
    )
    rows: list[list[Cell]] = [
        [one.source.split()[0].rstrip(":"), one.sensitivity, one.n_positive, one.specificity, one.n_negative]
        for one in instruments("leak").values()
    ]
    table = Table(texts("detectors.caption"), texts.columns("detectors"), rows)
    return Section(texts("detectors.title"), [text], [table], folded=True)
