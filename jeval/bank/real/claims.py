"""What must come out: who has read the cited articles scores higher than who has read others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jeval.record.compare import Pairs, pairs
from jeval.record.schema import Written
from jeval.record.store import read_record

#: Named groups of tasks; a group of which both runs have not every task is left out.
TASKS = {
    "statements": ("jeval_finreg_statement",),
    "choices": ("jeval_finreg_choice",),
    "statements and choices": ("jeval_finreg_statement", "jeval_finreg_choice"),
}


class Claim(Written):
    """The paired difference reader − control over ``n`` items of ``of``, with its 95 % interval, which counts items of one article
    as dependent; ``holds``: above 0.
    """

    of: str
    difference: float
    interval: tuple[float, float]
    n: int
    reader: float
    control: float
    holds: bool


def claims(reader: Path, control: Path) -> list[Claim]:
    """The claims of two finished runs."""
    found = []
    for name, tasks in TASKS.items():
        by_task = [_pairs(reader, control, task) for task in tasks]
        if not all(one.scores for one in by_task):
            continue
        both = sum(by_task[1:], by_task[0])
        mean, low, high = both.difference()
        n = len(both.scores)
        found.append(
            Claim(
                of=name,
                difference=mean,
                interval=(low, high),
                n=n,
                reader=sum(both.scores) / n,
                control=sum(both.reference) / n,
                holds=low > 0,
            )
        )
    return found


def lines(found: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Iterator[str]:
    """The claims as sentences of the report's language."""
    for claim in found:
        low, high = claim["interval"]
        yield words["real_claim"].format(
            of=words["real_of_" + claim["of"].replace(" ", "_")],
            d=f"{claim['difference']:+.3f}",
            low=f"{low:+.3f}",
            high=f"{high:+.3f}",
            n=claim["n"],
            reader=f"{claim['reader']:.3f}",
            control=f"{claim['control']:.3f}",
        )


def _pairs(reader: Path, control: Path, task: str) -> Pairs:
    if any(task not in read_record(folder).tasks for folder in (reader, control)):
        return Pairs([], [], [])
    return pairs(task, reader, control)
