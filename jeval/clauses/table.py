"""The frameworks as a table of the handbook."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.clauses.schema import Framework


def markdown(maps: Sequence[Framework]) -> str:
    """Per framework its edition, the day of the check, and how many of its clauses the items bear on at best."""
    lines = [
        "| framework | edition | checked | clauses | direct | partial | not tested |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in maps:
        counts = [sum(clause.coverage == kind for clause in one.clauses) for kind in ("direct", "partial", "none")]
        cells = [f"{one.title.ja} (`{one.id}`)", one.edition.ja, str(one.checked), len(one.clauses), *counts]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)
