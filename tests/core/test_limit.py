"""``--limit``: every beginning of a task's items is a fair sample of it, with stock as with jeval."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jeval.domain.dataset import balanced
from jeval.finreg import tasks as finreg
from jeval.keigo import tasks as keigo
from jeval.leak import tasks as leak
from jeval.pipeline.taskpack import load_tasks

SUITES = load_tasks(["jeval", "jeval_search"])


def strata(name: str) -> tuple[str, ...]:
    meta = SUITES.meta(name)
    return leak.STRATA if meta.domain == "leak" else {"keigo": keigo, "finreg": finreg}[meta.domain].STRATA[meta.kind]


@pytest.mark.parametrize("name", sorted(SUITES.tasks))
def test_every_beginning_holds_every_stratum_within_two_items_of_its_share(name: str) -> None:
    docs = list(SUITES.tasks[name].eval_docs)  # what stock's --limit cuts too
    for field in strata(name):
        values = [str(doc.get(field, "")) for doc in docs]
        whole, seen = Counter(values), Counter[str]()
        for number, value in enumerate(values, 1):
            seen[value] += 1
            for other, count in whole.items():
                assert abs(seen[other] - number * count / len(docs)) < 2, (field, other, number)


def test_no_shortcut_pays_at_the_beginning_more_than_in_the_whole() -> None:
    """Choosing the shorter member of a pair got 0.85 of the first twenty when all of them were of one error type."""
    docs = list(SUITES.tasks["jeval_keigo_pairs"].eval_docs)

    def shorter(some: list[Any]) -> float:
        return sum({"wrong": 1.0, "equal": 0.5, "right": 0.0}[doc["longer"]] for doc in some) / len(some)

    assert abs(shorter(docs[:20]) - shorter(docs)) < 0.1
    assert len({doc["error_type"] for doc in docs[:20]}) == 11


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=40), st.randoms())
def test_the_order_is_a_permutation_that_hangs_on_no_other_order(pairs: list[tuple[str, str]], random: Any) -> None:
    rows = [{"id": str(number), "one": a, "two": b} for number, (a, b) in enumerate(pairs)]
    ordered = balanced(rows, ("one", "two"))
    assert sorted(row["id"] for row in ordered) == sorted(row["id"] for row in rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert balanced(shuffled, ("one", "two")) == ordered
