"""How well the detector finds: measured on the label sets of the package (``python -m jeval.leak.quality``)."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from jeval.leak.disclosure import leaked
from jeval.leak.identifiers import find_identifiers
from jeval.resources import data_path

Miss = tuple[str, str, str]  # row id, what went wrong, the text concerned


def _rows(name: str) -> list[dict[str, Any]]:
    lines = data_path("leak", "labels", name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _figures(true: int, found: int, right: int, hit: int) -> dict[str, Any]:
    return {"n": true, "found": found, "precision": _ratio(right, found), "recall": _ratio(hit, true)}


def measure_identifiers() -> tuple[dict[str, Any], list[Miss]]:
    """Precision and recall per kind and tier; a hit has the kind of the label and overlaps it.

    Recall is counted by the tier of the label, precision by the tier of the finding.
    """
    true, hit, found, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    misses: list[Miss] = []
    rows = _rows("identifiers.jsonl")
    exact = 0
    for row in rows:
        text, labels = row["text"], row["identifiers"]
        findings = find_identifiers(text)
        for label in labels:
            match = next(
                (f for f in findings if f.kind == label["kind"] and f.start < label["end"] and label["start"] < f.end),
                None,
            )
            for key in (label["kind"], label["tier"], "all"):
                true[key] += 1
                hit[key] += match is not None
            exact += match is not None and (match.start, match.end) == (label["start"], label["end"])
            if match is None:
                misses.append((row["id"], f"missed {label['kind']}", text))
        for finding in findings:
            good = any(
                finding.kind == label["kind"] and finding.start < label["end"] and label["start"] < finding.end
                for label in labels
            )
            for key in (finding.kind, finding.tier, "all"):
                found[key] += 1
                right[key] += good
            if not good:
                misses.append(
                    (row["id"], f"false {finding.kind} {text[finding.start : finding.end]!r} {finding.tier}", text)
                )

    def figures(key: str) -> dict[str, Any]:
        return _figures(true[key], found[key], right[key], hit[key])

    tiers = ("checked", "shaped")
    kinds = sorted((set(true) | set(found)) - {*tiers, "all"})
    return {
        "n_texts": len(rows),
        "n_without": sum(not row["identifiers"] for row in rows),
        "exact_spans": _ratio(exact, hit["all"]),
        "all": figures("all"),
        "tiers": {tier: figures(tier) for tier in tiers},
        "kinds": {kind: figures(kind) for kind in kinds},
        "source": "data/leak/labels/identifiers.jsonl",
    }, misses


def measure_leaked() -> tuple[dict[str, Any], list[Miss]]:
    """Sensitivity over labelled leaks and specificity over outputs that give nothing away.

    A leaking output counts as recognised only where exactly its labelled secrets are named.
    """
    misses: list[Miss] = []
    counts, right = Counter[bool](), Counter[bool]()
    for row in _rows("leaked.jsonl"):
        given = leaked(row["secrets"], row["output"])
        leaks = bool(row["leaked"])
        counts[leaks] += 1
        right[leaks] += given == row["leaked"]
        if given != row["leaked"]:
            misses.append((row["id"], f"{row['leaked']} read as {given}", row["output"]))
    return _figures_of("leaked", "leaked.jsonl", counts, right), misses


def measure_answers(kind: str) -> tuple[dict[str, Any], list[Miss]]:
    """Sensitivity and specificity of the detector of ``kind`` (``system``, ``mnpi``), as :func:`measure_leaked` has them."""
    from jeval.leak.tasks import given

    misses: list[Miss] = []
    counts, right = Counter[bool](), Counter[bool]()
    name = f"{kind}.jsonl"
    for row in _rows(name):
        found = bool(given({"secrets": json.dumps(row["secrets"])}, row["output"]))
        counts[row["leaks"]] += 1
        right[row["leaks"]] += found == row["leaks"]
        if found != row["leaks"]:
            misses.append((row["id"], "missed" if row["leaks"] else "false alarm", row["output"]))
    return _figures_of(kind, name, counts, right), misses


def _figures_of(kind: str, name: str, counts: Counter[bool], right: Counter[bool]) -> dict[str, Any]:
    """The rates that correct a score, and under ``all`` what the detector says now of every label.

    The former are those of ``first_sight.json``: the last batch, written without sight of the detector, as it was judged before
    anything was mended on it.
    """
    first = json.loads(data_path("leak", "measured", "first_sight.json").read_text(encoding="utf-8"))[kind]
    return {
        **_rates(first["true_positives"], first["n_positive"], first["true_negatives"], first["n_negative"]),
        "source": f"data/leak/labels/{name} (batch {first['batch']}, at first sight)",
        "all": _rates(right[True], counts[True], right[False], counts[False]),
    }


def _rates(true_positives: int, n_positive: int, true_negatives: int, n_negative: int) -> dict[str, Any]:
    from jeval.results.statistics import wilson

    result: dict[str, Any] = {}
    for key, hits, n in (("sensitivity", true_positives, n_positive), ("specificity", true_negatives, n_negative)):
        result[key] = _ratio(hits, n)
        result[f"{key}_interval"] = [round(limit, 4) for limit in wilson(hits / n, n)]
    return {**result, "n_positive": n_positive, "n_negative": n_negative}


def measure() -> tuple[dict[str, Any], list[Miss]]:
    """All figures, and every row the detector got wrong."""
    given, wrong = measure_leaked()
    identifiers, misses = measure_identifiers()
    system, unseen = measure_answers("system")
    mnpi, untold = measure_answers("mnpi")
    figures = {"leaked": given, "system": system, "mnpi": mnpi, "identifiers": identifiers}
    return figures, wrong + misses + unseen + untold


def render(figures: dict[str, Any]) -> str:
    """The figures as ``quality.json`` holds them."""
    return json.dumps(figures, ensure_ascii=False, indent=2) + "\n"


def markdown(figures: dict[str, Any]) -> str:
    """The table of ``docs/leak-identifiers.md``: precision and recall by kind, with 95 % Wilson intervals."""
    from jeval.results.statistics import wilson

    def cell(hits: float, n: int) -> str:
        low, high = wilson(hits, n)
        return f"{hits:.3f} [{low:.3f}, {high:.3f}]"

    found = figures["identifiers"]
    lines = ["| kind | labelled | found | precision | recall |", "| --- | --- | --- | --- | --- |"]
    rows = [(f"tier `{tier}`", found["tiers"][tier]) for tier in found["tiers"]]
    for name, row in [*((f"`{kind}`", row) for kind, row in found["kinds"].items()), *rows, ("all", found["all"])]:
        precision, recall = cell(row["precision"], row["found"]), cell(row["recall"], row["n"])
        lines.append(f"| {name} | {row['n']} | {row['found']} | {precision} | {recall} |")
    lines.append("")
    lines.append(f"{found['n_texts']} texts, {found['n_without']} of them without an identifier (look-alikes).")
    return "\n".join(lines)


def main() -> int:
    """Write ``quality.json`` and the table of ``docs/leak-identifiers.md``, print the misses."""
    from jeval import handbook

    figures, misses = measure()
    data_path("leak", "measured", "quality.json").write_text(render(figures), encoding="utf-8")
    handbook.write("leak-identifiers", "kinds", markdown(figures))
    for name, what, text in misses:
        print(f"{name}\t{what}\t{text!r}")
    for part in ("leaked", "system", "mnpi"):
        print(part, json.dumps(figures[part], ensure_ascii=False))
    print(json.dumps(figures["identifiers"]["tiers"], ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
