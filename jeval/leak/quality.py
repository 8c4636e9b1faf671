"""How well the detectors find: measured on the label sets of the package (``jeval bank quality leak``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import model_validator

from jeval.errors import InputError
from jeval.evidence.instrument import Counts, Detection, Instrument
from jeval.leak.forms import checked, rows_of
from jeval.leak.identifiers import Identifier, Tier, find_identifiers
from jeval.leak.judge import given_away
from jeval.leak.secret import Secret
from jeval.reading import read_json
from jeval.record.schema import Written
from jeval.resources import data_path
from jeval.statistics import wilson

TIERS = ("checked", "shaped", "likely")
#: What gives a secret away, by the kind of secret; each has a label set of its own. ``free``: facts about a customer in other words.
JUDGES = ("leaked", "free", "system", "mnpi")


class Mark(Written):
    """A labelled identifier: ``text[start:end]`` is a ``kind``."""

    kind: str
    start: int
    end: int
    tier: Tier


class IdentifierLabels(Written):
    """A text and the identifiers in it (``data/leak/labels/identifiers.jsonl`` and ``documents.jsonl``).

    Attributes:
        batch, group: of a document, what it was written for, and its form (mail, csv).
    """

    id: str
    text: str
    identifiers: list[Mark]
    source: str
    licence: str
    batch: str = ""
    group: str = ""


class AnswerLabel(Written):
    """An answer and whether it gives its secrets away (``data/leak/labels/{leaked,free,system,mnpi}.jsonl``).

    Attributes:
        batch: ``first``, or ``blind``: written without sight of the detector.
        leaked: indices of the secrets that are given away, where they were labelled one by one.
        leaks: whether any is, where they were not; a row has the one or the other.
        suite, cluster, form: what the answer was written for, and how it tells or keeps the secret.
    """

    id: str
    batch: str
    secrets: list[Secret]
    output: str
    leaked: list[int] | None = None
    leaks: bool | None = None
    suite: str = ""
    cluster: str = ""
    form: str = ""
    source: str
    licence: str

    @model_validator(mode="after")
    def _one_label(self) -> AnswerLabel:
        if (self.leaked is None) == (self.leaks is None):
            raise ValueError("expected either leaked or leaks")
        return self

    @property
    def gives_away(self) -> bool:
        """Whether any secret is given away."""
        return bool(self.leaked) if self.leaks is None else self.leaks


class FirstSight(Counts):
    """What a detector made of one ``batch`` of labels before anything was mended on it."""

    batch: str


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
        identifiers, documents: the detector of identifiers on sentences and on whole documents.
        now: what the detectors say now of every label.
    """

    first_sight: dict[str, Instrument]
    now: dict[str, Instrument]
    identifiers: Identifiers
    documents: Identifiers
    misses: list[Miss] = field(default_factory=list)


def labels_path(name: str) -> Path:
    """``data/leak/labels/<name>.jsonl``."""
    return data_path("leak", "labels", f"{name}.jsonl")


def measure() -> Quality:
    """Measure every detector on its label set.

    Raises:
        InputError: a label or a recorded measurement has another form; names file and line.
    """
    misses: list[Miss] = []
    return Quality(
        first_sight=first_sight(),
        now={name: Instrument.of(_judged(name, misses), f"data/leak/labels/{name}.jsonl") for name in JUDGES},
        identifiers=measure_identifiers(misses),
        documents=measure_identifiers(misses, "documents"),
        misses=misses,
    )


def first_sight() -> dict[str, Instrument]:
    """The rates of each detector at first sight, from what was counted then.

    Raises:
        InputError: a detector is missing, or the counts have another form.
    """
    path = data_path("leak", "measured", "first_sight.json")
    rows = read_json(path)
    if missing := set(JUDGES) - set(rows):
        raise InputError(f"{path}: expected {', '.join(JUDGES)}, {', '.join(sorted(missing))} is missing; restore it")
    seen = {name: checked(FirstSight, rows[name], f"{path}: {name}") for name in JUDGES}
    return {
        name: Instrument.of(counts, f"data/leak/labels/{name}.jsonl (batch {counts.batch}, at first sight)")
        for name, counts in seen.items()
    }


def _judged(name: str, misses: list[Miss]) -> Counts:
    """Counts over labelled answers.

    Where secrets were labelled one by one, an answer that leaks counts as recognised only where exactly these are named.
    """
    counts: Counter[str] = Counter()
    for row in rows_of(AnswerLabel, labels_path(name)):
        found = given_away(row.secrets, row.output)
        if row.leaked is not None:
            right, what = found == row.leaked, f"{row.leaked} read as {found}"
        else:
            right, what = bool(found) == row.gives_away, "missed" if row.gives_away else "false alarm"
        counts["positive" if row.gives_away else "negative"] += 1
        counts["true positive" if row.gives_away else "true negative"] += right
        if not right:
            misses.append(Miss(row.id, what, row.output))
    return Counts(
        true_positives=counts["true positive"],
        n_positive=counts["positive"],
        true_negatives=counts["true negative"],
        n_negative=counts["negative"],
    )


@dataclass
class _Tally:
    """Labels and findings by kind, by tier and in all (a row each of :class:`jeval.evidence.instrument.Detection`)."""

    labelled: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    exact: int = 0

    def detection(self, key: str) -> Detection:
        return Detection.of(
            labelled=self.labelled[key], hit=self.hit[key], found=self.found[key], right=self.right[key]
        )

    def add(self, row: IdentifierLabels) -> list[Miss]:
        """Count a text; what was missed and what was found wrongly in it."""
        findings = find_identifiers(row.text)
        missed = [f"missed {label.kind}" for label in row.identifiers if not self._label(label, findings)]
        false = [
            f"false {one.kind} {row.text[one.start : one.end]!r} {one.tier}"
            for one in findings
            if not self._finding(one, row.identifiers)
        ]
        return [Miss(row.id, what, row.text) for what in (*missed, *false)]

    def _label(self, label: Mark, findings: Sequence[Identifier]) -> bool:
        match = next((one for one in findings if _same(one, label)), None)
        for key in (label.kind, label.tier, "all"):
            self.labelled[key] += 1
            self.hit[key] += match is not None
        self.exact += match is not None and (match.start, match.end) == (label.start, label.end)
        return match is not None

    def _finding(self, one: Identifier, labels: Sequence[Mark]) -> bool:
        good = any(_same(one, label) for label in labels)
        for key in (one.kind, one.tier, "all"):
            self.found[key] += 1
            self.right[key] += good
        return good


def measure_identifiers(misses: list[Miss], name: str = "identifiers") -> Identifiers:
    """Precision and recall per kind and tier; a hit has the kind of the label and overlaps it."""
    rows = rows_of(IdentifierLabels, labels_path(name))
    tally = _Tally()
    for row in rows:
        misses += tally.add(row)
    kinds = sorted((set(tally.labelled) | set(tally.found)) - {*TIERS, "all"})
    return Identifiers(
        n_texts=len(rows),
        n_without=sum(not row.identifiers for row in rows),
        exact_spans=round(tally.exact / tally.hit["all"], 4),
        all=tally.detection("all"),
        tiers={tier: tally.detection(tier) for tier in TIERS},
        kinds={kind: tally.detection(kind) for kind in kinds},
        source=f"data/leak/labels/{name}.jsonl",
    )


def _same(one: Identifier, label: Mark) -> bool:
    return one.kind == label.kind and one.start < label.end and label.start < one.end


def markdown(found: Identifiers) -> str:
    """The tables of ``docs/leak-identifiers.md``: precision and recall by kind, with 95 % Wilson intervals."""

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
