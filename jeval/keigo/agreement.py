"""How far two readers of the keigo label set agree, before anything was mended.

``jeval bank agreement`` prints one JSON object; with ``--write`` it also goes to ``data/keigo/measured/agreement.json``. The second reader saw
id, text and context only (``analysis_second.jsonl``; ``forms`` is null where the second reader labelled errors alone). Labels that were mended or
dropped after the comparison are kept as they were in ``analysis_first.jsonl``, so that the figure stays the one before adjudication.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jeval.keigo.quality import SIDES, free_span, labels, quoted_positions, spans_agree
from jeval.keigo.types import ERROR_TYPES
from jeval.resources import data_path
from jeval.statistics import wilson

Span = tuple[int, int, str]


def first_labels() -> list[dict[str, Any]]:
    """The first reader's rows as they were when the second reader's were compared with them."""
    rows = {row["id"]: row for row in labels()}
    for row in labels(data_path("keigo", "labels", "analysis_first.jsonl")):
        rows[row["id"]] = {**rows.get(row["id"], {}), **row}
    return list(rows.values())


def second_labels() -> dict[str, dict[str, Any]]:
    """The second reader's rows by id."""
    return {row["id"]: row for row in labels(data_path("keigo", "labels", "analysis_second.jsonl"))}


def compare(first: Iterable[Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Agreement of two readers on the utterances that both labelled.

    As in the quality of the analyser, ``sonkei_for_self`` and ``uchi_soto`` are one where both readers name one of the
    two; ``errors_exact_strict`` keeps them apart.
    """
    pairs = [(row, second[row["id"]]) for row in first if row["id"] in second]
    one, two = [set(row["errors"]) for row, _ in pairs], [set(row["errors"]) for _, row in pairs]
    merged = [
        (two[i] - SIDES) | (one[i] & SIDES) if one[i] & SIDES and two[i] & SIDES else two[i] for i in range(len(pairs))
    ]
    has_error = [(bool(a), bool(b)) for a, b in zip(one, merged, strict=True)]
    exact = [a == b for a, b in zip(one, merged, strict=True)]
    types = {
        kind: _agreement([(kind in a, kind in b) for a, b in zip(one, merged, strict=True)]) for kind in ERROR_TYPES
    }
    forms, differing = _forms(pairs)
    return {
        "n": len(pairs),
        "has_error": _share([a == b for a, b in has_error]) | _agreement(has_error),
        "errors_exact": _share(exact),
        "errors_exact_strict": _share([a == b for a, b in zip(one, two, strict=True)]),
        "errors": types,
        "forms": forms,
        "disagree_on_errors": [row["id"] for (row, _), same in zip(pairs, exact, strict=True) if not same],
        "disagree_on_forms": differing,
    }


def _share(same: list[bool]) -> dict[str, Any]:
    share = sum(same) / len(same)
    low, high = wilson(share, len(same))
    return {"agreement": round(share, 4), "interval": [round(low, 4), round(high, 4)]}


def _agreement(pairs: list[tuple[bool, bool]]) -> dict[str, Any]:
    """Cohen's kappa and positive agreement 2a / (2a + b + c); None where neither reader says yes."""
    both = sum(a and b for a, b in pairs)
    left, right = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    chance = left / n * right / n + (1 - left / n) * (1 - right / n)
    return {
        "kappa": round((observed - chance) / (1 - chance), 4) if chance < 1 else None,
        "positive_agreement": round(2 * both / (left + right), 4) if left + right else None,
        "first": left, "second": right, "both": both,
    }  # fmt: skip


def _forms(pairs: list[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> tuple[dict[str, Any], list[str]]:
    read, hits, only_first, only_second = 0, 0, 0, 0
    differing = []
    for row, other in pairs:
        if other["forms"] is None:
            continue
        read += 1
        text = row["text"]
        quoted = quoted_positions(text)
        left: list[Span] = [
            (form["start"], form["end"], form["type"]) for form in row["forms"] if form["type"] != "teineigo"
        ]
        right = _spans(text, other["forms"])
        missed = [a for a in left if not any(spans_agree(text, a, b) for b in right)]
        extra = [b for b in right if not any(spans_agree(text, b, a) for a in left)]
        hits += len(left) - len(missed)
        missed, extra = ([span for span in side if not free_span(text, span, quoted)] for side in (missed, extra))
        only_first += len(missed)
        only_second += len(extra)
        if missed or extra:
            differing.append(row["id"])
    total = 2 * hits + only_first + only_second
    f1 = round(2 * hits / total, 4) if total else None
    return {"n": read, "micro_f1": f1, "both": hits, "only_first": only_first, "only_second": only_second}, differing


def _spans(text: str, forms: Iterable[tuple[str, str]]) -> list[Span]:
    """Where the second reader's surfaces stand: in order, a repeated one at its next place."""
    spans: list[Span] = []
    last: dict[str, int] = {}
    for surface, kind in forms:
        start = text.find(surface, last.get(surface, 0))
        if start < 0:
            raise ValueError(f"{surface!r} is not in {text!r}")
        last[surface] = start + len(surface)
        spans.append((start, start + len(surface), kind))
    return spans
