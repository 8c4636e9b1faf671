"""How good the analyser is where nobody is named, and how far each cue to the one who acts can be trusted.

Both are measured on ``data/keigo/labels/unnamed.jsonl``: sentences with a speaker and an addressee and without a subject, right and
wrong, written in batches of which each but the first was judged before anything was mended for it (``agreed_at_first``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jeval.keigo.actors import Cue
from jeval.keigo.analysis import Analyser, analyze
from jeval.keigo.knowledge import knowledge
from jeval.keigo.normalise import normalise
from jeval.keigo.predicates import is_favour
from jeval.keigo.quality import SIDES, labels
from jeval.keigo.rules import kenjo_unnamed, sonkei_unnamed
from jeval.keigo.sentence import Form, Sentence
from jeval.keigo.unnamed import may_be_unnamed, setting_of
from jeval.reading import read_jsonl
from jeval.resources import data_path

SOURCE = "data/keigo/labels/unnamed.jsonl, sentences written and labelled for jeval"
_THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)

Row = Mapping[str, Any]


def unnamed() -> list[dict[str, Any]]:
    """The labelled sentences."""
    return read_jsonl(data_path("keigo", "labels", "unnamed.jsonl"), what="label set")


def measure_unnamed() -> dict[str, Any]:
    """Shares of wrong sentences flagged and right ones accused, now and at first sight; the cues; what other thresholds would do."""
    rows = unnamed()
    flagged = {row["id"]: bool(analyze(row["text"], row["context"]).errors) for row in rows}
    batches = sorted({row["batch"] for row in rows})
    return {
        "now": _shares(rows, flagged),
        "batches": {str(batch): _shares([row for row in rows if row["batch"] == batch], flagged) for batch in batches},
        "first_sight": {
            str(batch): _shares(mine, {row["id"]: bool(row["errors"]) == row["agreed_at_first"] for row in mine})
            for batch in batches
            if (mine := [row for row in rows if row["batch"] == batch and row["agreed_at_first"] is not None])
        },
        "cues": {
            name: {"right": right, "n": n, "sure": sureness(right, n)} for name, (right, n) in cue_counts().items()
        },
        "thresholds": _thresholds(rows),
    }


def _shares(rows: Iterable[Row], flagged: Mapping[str, bool]) -> dict[str, Any]:
    counts = {True: [0, 0], False: [0, 0]}
    for row in rows:
        side = counts[bool(row["errors"])]
        side[0] += flagged[row["id"]]
        side[1] += 1
    (hits, wrong), (alarms, right) = counts[True], counts[False]
    return {
        "wrong": wrong, "flagged": hits, "flagged_share": round(hits / wrong, 4) if wrong else None,
        "right": right, "accused": alarms, "accused_share": round(alarms / right, 4) if right else None,
    }  # fmt: skip


def sureness(right: int, n: int) -> float:
    """The share of a cue's uses that were right, after Laplace: one more of each kind than was seen."""
    return round((right + 1) / (n + 2), 2)


def cue_counts() -> dict[str, tuple[int, int]]:
    """For every cue how often it named the one who acts, and how often it was there."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in [*unnamed(), *(row for row in labels() if row["context"])]:
        for cue, form in _uses(row):
            counts[cue.id][0] += (cue.who == "speaker") == _is_speakers(form, row["errors"])
            counts[cue.id][1] += 1
    return {cue.id: (counts[cue.id][0], counts[cue.id][1]) for cue in knowledge().actors.cues}


def _uses(row: Row) -> Iterator[tuple[Cue, Form]]:
    for _, sentence in Analyser(knowledge()).read(normalise(row["text"]), row["context"]):
        for form in sentence.forms:
            if (
                form.agent
                and not is_favour(sentence, form)
                and may_be_unnamed(sentence, form)
                and _asked(sentence, form)
            ):
                for cue in knowledge().actors.shown(setting_of(sentence, form)):
                    yield cue, form


def _asked(sentence: Sentence, form: Form) -> bool:
    """Whether the rules ask the cues about the form."""
    return sonkei_unnamed.asks(sentence, form) if form.type == "sonkeigo" else kenjo_unnamed.asks(sentence, form)


def _is_speakers(form: Form, errors: Iterable[str]) -> bool:
    """Whose act it is: in a right sentence the form says it, in a wrong one the kind of error does."""
    if not errors:
        return form.type != "sonkeigo"
    return bool(set(errors) & SIDES)


def _thresholds(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """What the analyser would do if it believed cues from this sureness on."""
    actors = knowledge().actors
    kept = actors.threshold
    found = {}
    try:
        for actors.threshold in _THRESHOLDS:
            flagged = {row["id"]: bool(analyze(row["text"], row["context"]).errors) for row in rows}
            found[str(actors.threshold)] = _shares(rows, flagged)
    finally:
        actors.threshold = kept
    return found
