"""How good the analyser is on its label set, and what that makes it worth as an instrument.

``jeval bank quality keigo --write`` measures and writes ``data/keigo/measured/analysis.json``: precision, recall and F1 of every form and error
type, micro-F1 of forms without 丁寧語 (trivial), macro-F1 of errors, the false-alarm rate on correct utterances, and, for the scores of
generative tasks, sensitivity and specificity of "the utterance has an error".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jeval.evidence.instrument import Counts, Instrument
from jeval.keigo.analysis import analyze
from jeval.keigo.types import ERROR_TYPES, FORM_TYPES, Analysis
from jeval.reading import read_jsonl, read_yaml
from jeval.resources import data_path

SOURCE = "data/keigo/labels/analysis.jsonl, utterances written and labelled for jeval"
SIDES = frozenset({"sonkei_for_self", "uchi_soto"})
_HUMBLE = frozenset({"kenjogo1", "kenjogo2"})


@dataclass(frozen=True)
class _Comparison:
    """``data/keigo/knowledge/comparison.yaml``, which says what each of them is."""

    either: tuple[str, ...]
    two_kinds: tuple[str, ...]
    quotes: dict[str, str]


@lru_cache(maxsize=1)
def _comparison() -> _Comparison:
    found = read_yaml(data_path("keigo", "knowledge", "comparison.yaml"))
    return _Comparison(tuple(found["either"]), tuple(found["two_kinds"]), found["quotes"])


def labels(path: Path | None = None) -> list[dict[str, Any]]:
    """The rows of the label set (``data/keigo/labels/analysis.jsonl``), or of another file like it."""
    return read_jsonl(path or data_path("keigo", "labels", "analysis.jsonl"), what="label set")


def measure(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Compare the analyser with labelled rows: text, context, style, forms, errors.

    A form hits when its span overlaps a labelled span of the same type (お〜いたす is 謙譲語I and II at once: either). Errors
    are sets of types per utterance; where a third person of one's own side gets 尊敬語, ``sonkei_for_self`` and
    ``uchi_soto`` are one.
    """
    forms: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    errors: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    flagged = {True: [0, 0], False: [0, 0]}  # has an error -> [flagged, all]
    styles = count = 0
    for row in rows:
        analysis = analyze(row["text"], row.get("context"))
        count += 1
        styles += analysis.style == row["style"]
        _count_forms(row, analysis, forms)
        wanted, found = set(row["errors"]), {error.type for error in analysis.errors}
        if wanted & SIDES and found & SIDES:
            found = (found - SIDES) | (wanted & SIDES)
        for kind in wanted | found:
            errors[kind][0] += kind in wanted and kind in found
            errors[kind][1] += kind not in wanted
            errors[kind][2] += kind not in found
        flagged[bool(wanted)][0] += bool(found)
        flagged[bool(wanted)][1] += 1
    form_rows = {kind: _scores(*forms[kind]) for kind in FORM_TYPES if kind in forms}
    error_rows = {kind: _scores(*errors[kind]) for kind in ERROR_TYPES if kind in errors}
    total = [sum(forms[kind][i] for kind in forms if kind != "teineigo") for i in range(3)]
    wrong, right = flagged[True], flagged[False]
    return {
        "n": count,
        "forms": form_rows,
        "forms_micro_f1_without_teineigo": _scores(*total)["f1"],
        "errors": error_rows,
        "errors_macro_f1": round(sum(row["f1"] for row in error_rows.values()) / max(1, len(error_rows)), 4),
        "false_alarm_rate": round(right[0] / right[1], 4) if right[1] else None,
        "correct_utterances": right[1],
        "style_accuracy": round(styles / count, 4) if count else None,
        "sensitivity": round(wrong[0] / wrong[1], 4) if wrong[1] else None,
        "specificity": round(1 - right[0] / right[1], 4) if right[1] else None,
        "n_positive": wrong[1],
        "n_negative": right[1],
    }


def _count_forms(row: Mapping[str, Any], analysis: Analysis, counts: dict[str, list[int]]) -> None:
    text = row["text"]
    wanted = [(form["start"], form["end"], form["type"]) for form in row["forms"]]
    found = [(form.start, form.end, form.type) for form in analysis.forms if form.type != "teineigo"]
    quoted = quoted_positions(text)
    for one in wanted:
        hit = any(spans_agree(text, one, other) for other in found)
        counts[one[2]][0 if hit else 2] += 1
    for one in found:
        if any(spans_agree(text, one, other) for other in wanted) or free_span(text, one, quoted):
            continue
        counts[one[2]][1] += 1


def free_span(text: str, one: tuple[int, int, str], quoted: set[int]) -> bool:
    """Whether analysts differ on the span, so that nothing is lost by leaving it out."""
    surface = text[one[0] : one[1]]
    either = _comparison().either
    return surface.startswith(either) or surface.endswith(either) or one[0] in quoted


def spans_agree(text: str, one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    """Whether two (start, end, type) hit each other: they overlap and have one type; お〜いたす is 謙譲語I and II at once."""
    if one[0] >= other[1] or other[0] >= one[1]:
        return False
    if one[2] == other[2]:
        return True
    return {one[2], other[2]} == _HUMBLE and any(
        word in text[start:end] for start, end, _ in (one, other) for word in _comparison().two_kinds
    )


def quoted_positions(text: str) -> set[int]:
    """The positions inside 「」 and 『』."""
    inside: set[int] = set()
    for opening, closing in _comparison().quotes.items():
        start = text.find(opening)
        while start >= 0:
            end = text.find(closing, start)
            if end < 0:
                break
            inside.update(range(start, end))
            start = text.find(opening, end)
    return inside


def _scores(hits: int, extra: int, missed: int) -> dict[str, Any]:
    precision = hits / (hits + extra) if hits + extra else 0.0
    recall = hits / (hits + missed) if hits + missed else 0.0
    f1 = 2 * hits / (2 * hits + extra + missed) if hits + extra + missed else 0.0
    return {
        "precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4), "n": hits + missed,
        "found_too_much": extra,
    }  # fmt: skip


def analyser() -> Instrument:
    """The analyser as an instrument: how often an utterance with an error is flagged, and one without is not."""
    found = measure(labels())
    counts = Counts(
        true_positives=round(found["sensitivity"] * found["n_positive"]), n_positive=found["n_positive"],
        true_negatives=round(found["specificity"] * found["n_negative"]), n_negative=found["n_negative"],
    )  # fmt: skip
    return Instrument.of(counts, SOURCE)
