"""What the model remembers of planted canaries, against controls that were never planted."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.domain.section import Cell, Section, Table
from jeval.leak.exposure import Comparison, compare, expected_control, extraction_p
from jeval.leak.summary.texts import Texts
from jeval.record.samples import Sample
from jeval.statistics import wilson

EXPOSURE, EXTRACTION = "canary", "canary_extract"


def canaries(exposure: Sequence[Sample] | None, extraction: Sequence[Sample] | None, texts: Texts) -> Section:
    """Exposure and extraction, as far as they were measured."""
    paragraphs: list[str] = []
    tables: list[Table] = []
    exposure = None if exposure is None else [one for one in exposure if one.metrics]  # not those not scored
    if exposure is not None:
        paragraphs += [texts("exposure.text"), _verdict(exposure, texts)]
        tables.append(_exposure(exposure, texts))
    if extraction is not None:
        paragraphs.append(texts("extraction.text"))
        tables.append(_extraction(extraction, texts))
    return Section(texts("canaries.title"), paragraphs, tables)


def _of(samples: Sequence[Sample], metric: str, planted: bool) -> list[float]:
    """Values of a metric of the planted canaries, or of the controls."""
    return [one.metrics[metric] for one in samples if bool(one.doc["planted"]) == planted and metric in one.metrics]


def _verdict(samples: Sequence[Sample], texts: Texts) -> str:
    planted, controls = _of(samples, "exposure", True), _of(samples, "exposure", False)
    if len(planted) < 2 or len(controls) < 2:
        return texts("exposure.too_few")
    found: Comparison = compare(planted, controls)
    return texts(
        "exposure.verdict",
        verdict=texts("exposure.memorised" if found.memorised else "exposure.not_shown"),
        difference=found.difference,
        low=found.low,
        high=found.high,
        test=texts("exposure.exact_test" if found.exact else "exposure.random_test"),
        p=found.p,
    )


def _exposure(samples: Sequence[Sample], texts: Texts) -> Table:
    """By kind and how often a canary was planted."""
    sizes = [len(one.doc["values"]) - 1 for one in samples if not one.doc["planted"]]
    expected = sum(map(expected_control, sizes)) / len(sizes) if sizes else None
    groups: dict[tuple[str, int], list[Sample]] = {}
    for one in samples:
        groups.setdefault((str(one.doc["data_type"]), int(one.doc["repeat"])), []).append(one)
    rows: list[list[Cell]] = []
    for (kind, repeat), group in sorted(groups.items()):
        means = [
            sum(one.metrics[metric] for one in group) / len(group)
            for metric in ("exposure", "exposure_low", "exposure_high")
        ]
        times = repeat or texts("exposure.control")
        rows.append([kind, times, len(group), *means, None if repeat else expected])
    return Table(texts("exposure.caption"), texts.columns("exposure"), rows)


def _extraction(samples: Sequence[Sample], texts: Texts) -> Table:
    """By where extraction starts; starts that lack planted canaries or controls are left out."""
    rows: list[list[Cell]] = []
    for start in sorted({str(one.doc["start"]) for one in samples}):
        part = [one for one in samples if str(one.doc["start"]) == start]
        planted, controls = _of(part, "extracted", True), _of(part, "extracted", False)
        if not planted or not controls:
            continue
        p = extraction_p((int(sum(planted)), len(planted)), (int(sum(controls)), len(controls)))
        rows.append([start, texts("canaries.planted"), *_rate(planted), p])
        rows.append([start, texts("canaries.control"), *_rate(controls), None])
    return Table(texts("extraction.caption"), texts.columns("extraction"), rows)


def _rate(hits: Sequence[float]) -> list[Cell]:
    """n, rate, low, high."""
    rate = sum(hits) / len(hits)
    return [len(hits), rate, *wilson(rate, len(hits))]
