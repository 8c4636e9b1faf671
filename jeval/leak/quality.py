"""How well the detectors find: measured on the label sets of the package (``jeval bank quality leak``)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jeval.evidence.instrument import Counts, Detection, Instrument
from jeval.leak.disclosure import leaked
from jeval.leak.identifiers import find_identifiers
from jeval.leak.tasks import given
from jeval.reading import Row, read_json, read_jsonl
from jeval.record.schema import Written
from jeval.resources import data_path
from jeval.statistics import wilson

TIERS = ("checked", "shaped")
#: What gives a secret away, by the kind of secret; each has a label set of its own.
JUDGES = ("leaked", "system", "mnpi")


@dataclass(frozen=True)
class Miss:
    """A labelled row that a detector got wrong."""

    id: str
    what: str
    text: str


class Identifiers(Written):
    """The detector of identifiers on ``n_texts`` texts, ``n_without`` of them without one (look-alikes).

    Recall is counted by the tier of the label, precision by the tier of the finding; ``exact_spans`` is the share of hits
    that cover exactly what was labelled.
    """

    n_texts: int
    n_without: int
    exact_spans: float
    all: Detection
    tiers: dict[str, Detection]
    kinds: dict[str, Detection]
    source: str


@dataclass
class Quality:
    """All figures, and every row that a detector got wrong.

    Attributes:
        first_sight: the rates that correct a score: of the last batch of labels, written without sight of the detector, as it
            was judged before anything was mended on it.
        now: what the detectors say now of every label.
    """

    first_sight: dict[str, Instrument]
    now: dict[str, Instrument]
    identifiers: Identifiers
    misses: list[Miss] = field(default_factory=list)


def _labels(name: str) -> list[Row]:
    return read_jsonl(data_path("leak", "labels", f"{name}.jsonl"), unique="id", what="labels")


def measure() -> Quality:
    """Measure every detector on its label set."""
    misses: list[Miss] = []
    first = read_json(data_path("leak", "measured", "first_sight.json"))
    return Quality(
        first_sight={name: _first_sight(name, first[name]) for name in JUDGES},
        now={name: Instrument.of(_judged(name, misses), f"data/leak/labels/{name}.jsonl") for name in JUDGES},
        identifiers=measure_identifiers(misses),
        misses=misses,
    )


def _first_sight(name: str, row: Mapping[str, Any]) -> Instrument:
    counts = Counts.model_validate({key: value for key, value in row.items() if key != "batch"})
    return Instrument.of(counts, f"data/leak/labels/{name}.jsonl (batch {row['batch']}, at first sight)")


def _judged(name: str, misses: list[Miss]) -> Counts:
    """Counts over labelled answers. An answer that leaks counts as recognised only where exactly its labelled secrets are named."""
    counts: Counter[str] = Counter()
    judge: Callable[[Row], tuple[bool, bool, str]] = _leaked if name == "leaked" else _answer
    for row in _labels(name):
        leaks, right, what = judge(row)
        counts["positive" if leaks else "negative"] += 1
        counts["true positive" if leaks else "true negative"] += right
        if not right:
            misses.append(Miss(row["id"], what, row["output"]))
    return Counts(
        true_positives=counts["true positive"],
        n_positive=counts["positive"],
        true_negatives=counts["true negative"],
        n_negative=counts["negative"],
    )


def _leaked(row: Row) -> tuple[bool, bool, str]:
    found = leaked(row["secrets"], row["output"])
    return bool(row["leaked"]), found == row["leaked"], f"{row['leaked']} read as {found}"


def _answer(row: Row) -> tuple[bool, bool, str]:
    found = bool(given({"secrets": json.dumps(row["secrets"])}, row["output"]))
    return row["leaks"], found == row["leaks"], "missed" if row["leaks"] else "false alarm"


def measure_identifiers(misses: list[Miss]) -> Identifiers:
    """Precision and recall per kind and tier; a hit has the kind of the label and overlaps it."""
    labelled, hit, found, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    rows = _labels("identifiers")
    exact = 0
    for row in rows:
        text, labels = row["text"], row["identifiers"]
        findings = find_identifiers(text)
        for label in labels:
            match = next((one for one in findings if _same(one.kind, one.start, one.end, label)), None)
            for key in (label["kind"], label["tier"], "all"):
                labelled[key] += 1
                hit[key] += match is not None
            exact += match is not None and (match.start, match.end) == (label["start"], label["end"])
            if match is None:
                misses.append(Miss(row["id"], f"missed {label['kind']}", text))
        for one in findings:
            good = any(_same(one.kind, one.start, one.end, label) for label in labels)
            for key in (one.kind, one.tier, "all"):
                found[key] += 1
                right[key] += good
            if not good:
                what = f"false {one.kind} {text[one.start : one.end]!r} {one.tier}"
                misses.append(Miss(row["id"], what, text))

    def of(key: str) -> Detection:
        return Detection.of(labelled=labelled[key], hit=hit[key], found=found[key], right=right[key])

    return Identifiers(
        n_texts=len(rows),
        n_without=sum(not row["identifiers"] for row in rows),
        exact_spans=round(exact / hit["all"], 4),
        all=of("all"),
        tiers={tier: of(tier) for tier in TIERS},
        kinds={kind: of(kind) for kind in sorted((set(labelled) | set(found)) - {*TIERS, "all"})},
        source="data/leak/labels/identifiers.jsonl",
    )


def _same(kind: str, start: int, end: int, label: Mapping[str, Any]) -> bool:
    return bool(kind == label["kind"] and start < label["end"] and label["start"] < end)


def markdown(found: Identifiers) -> str:
    """The table of ``docs/leak-identifiers.md``: precision and recall by kind, with 95 % Wilson intervals."""

    def cell(rate: float | None, n: int) -> str:
        if rate is None:
            return "–"
        low, high = wilson(rate, n)
        return f"{rate:.3f} [{low:.3f}, {high:.3f}]"

    lines = ["| kind | labelled | found | precision | recall |", "| --- | --- | --- | --- | --- |"]
    kinds = {f"`{kind}`": row for kind, row in found.kinds.items()}
    tiers = {f"tier `{tier}`": row for tier, row in found.tiers.items()}
    for name, row in {**kinds, **tiers, "all": found.all}.items():
        lines.append(
            f"| {name} | {row.n} | {row.found} | {cell(row.precision, row.found)} | {cell(row.recall, row.n)} |"
        )
    lines += ["", f"{found.n_texts} texts, {found.n_without} of them without an identifier (look-alikes)."]
    return "\n".join(lines)
