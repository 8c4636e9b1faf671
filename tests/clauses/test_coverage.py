"""What a run shows of each clause: tested clauses carry their score, and everything else says why it shows nothing."""

from __future__ import annotations

from typing import Any

import pytest

from jeval.clauses import ClauseCoverage, TaskScore, coverage, frameworks
from jeval.record.samples import Sample
from jeval.statistics import mean_interval
from tests.clauses.clauses_made import CONTROL, FINREG, LEAK, clause, made, run, sample

CONTEXT = {"tasks": ["jeval_leak_context"]}


def of(
    one: dict[str, Any], tasks: dict[str, dict[str, str]], samples: dict[str, list[Sample]], **day: Any
) -> ClauseCoverage:
    (found,) = coverage(run(tasks, samples, **day), samples, [made(one)])
    return found.clauses[0]


def test_a_tested_clause_carries_n_score_interval_and_tasks_clustered() -> None:
    items = [sample(n, float(n % 3 > 0), cluster=str(n // 4), chance=0.5) for n in range(12)]
    found = of(
        clause(coverage="direct", evidence=[CONTEXT]), {"jeval_leak_context": LEAK}, {"jeval_leak_context": items}
    )
    assert found.status == "direct"
    assert not found.reasons
    expected = mean_interval([float(n % 3 > 0) for n in range(12)], [n // 4 for n in range(12)])
    assert found.estimate == expected
    assert found.estimate.clusters == 3
    assert found.tasks == (TaskScore("jeval_leak_context", 12, 8 / 12),)
    assert found.chance == 0.5


@pytest.mark.parametrize("chance", [None, "0.5", float("nan"), -1, 10**400])
def test_a_chance_that_is_none_is_not_known(chance: Any) -> None:
    items = {"jeval_leak_context": [sample(1, 1.0, chance=0.5), sample(2, 1.0, chance=chance)]}
    assert of(clause(evidence=[CONTEXT]), {"jeval_leak_context": LEAK}, items).chance is None


def test_where_selects_items_and_the_values_of_a_facet_are_alternatives() -> None:
    items = [sample(n, float(n == 0), law=law, article=str(n)) for n, law in enumerate(["銀行法", "金商法", "会社法"])]
    where = {"law": ["銀行法", "金商法"], "article": ["0", "2"]}
    found = of(clause(evidence=[{"domain": "finreg", "where": where}]), {"t": FINREG}, {"t": items})
    assert found.estimate is not None
    assert (found.estimate.n, found.estimate.score) == (1, 1.0)


def test_an_item_that_two_entries_name_counts_once() -> None:
    entries = [CONTEXT, {"tasks": ["jeval_leak_context"], "where": {"family": ["riddle"]}}]
    samples = {"jeval_leak_context": [sample(1, 0.0, family="riddle"), sample(2, 1.0, family="direct")]}
    found = of(clause(evidence=entries), {"jeval_leak_context": LEAK}, samples)
    assert found.estimate is not None
    assert found.estimate.n == 2


@pytest.mark.parametrize(
    ("tasks", "samples", "reason"),
    [
        ({}, {}, "did not evaluate the tasks that would give evidence (jeval_leak_context)"),
        ({"jeval_leak_context": LEAK}, {"jeval_leak_context": [sample(1, None)]}, "(jeval_leak_context) have no score"),
        ({"jeval_leak_context": LEAK}, {}, "(jeval_leak_context) have no score"),
        ({"jeval_leak_context": LEAK}, {"jeval_leak_context": [sample(1, 1.0, family="direct")]}, "No item"),
    ],
)
def test_a_run_without_scored_items_turns_a_clause_to_not_tested_with_the_reason(
    tasks: Any, samples: Any, reason: str
) -> None:
    evidence = [{"tasks": ["jeval_leak_context"], "where": {"family": ["riddle"]}}]
    found = of(clause(coverage="direct", evidence=evidence), tasks, samples)
    assert found.status == "not tested"
    assert found.estimate is None
    assert not found.tasks
    assert reason in found.reasons[-1].en


def test_a_clause_that_nothing_tests_stays_so_and_keeps_its_reason() -> None:
    items = {"jeval_leak_context": [sample(1, 1.0)]}
    found = of(clause(coverage="none"), {"jeval_leak_context": LEAK}, items)
    assert found.status == "not tested"
    assert [reason.en for reason in found.reasons] == ["stated reason"]


def test_a_missing_task_makes_direct_partial_and_is_named() -> None:
    evidence = [{"tasks": ["jeval_leak_context", "jeval_leak_isolation"]}]
    samples = {"jeval_leak_context": [sample(1, 1.0)]}
    found = of(clause(coverage="direct", evidence=evidence), {"jeval_leak_context": LEAK}, samples)
    assert found.status == "partial"
    assert found.missing == ("jeval_leak_isolation",)
    assert "jeval_leak_isolation" in found.reasons[-1].ja


def test_items_of_the_search_suite_are_no_evidence() -> None:
    search = FINREG | {"suite": "search"}
    found = of(clause(evidence=[{"domain": "finreg"}]), {"t": search}, {"t": [sample(1, 1.0)]})
    assert found.status == "not tested"
    assert "金融規制" in found.reasons[-1].ja


def test_who_serves_nobody_and_gives_nothing_away_has_shown_nothing() -> None:
    tasks = {"jeval_leak_context": LEAK, "jeval_leak_control": CONTROL}
    asked = clause(evidence=[CONTEXT])
    silent = of(asked, tasks, {"jeval_leak_context": [sample(1, 1.0)], "jeval_leak_control": [sample(2, 0.0)]})
    assert silent.status == "not tested"
    assert "安全性は判断できない" in silent.reasons[-1].ja
    leaks = of(asked, tasks, {"jeval_leak_context": [sample(1, 0.0)], "jeval_leak_control": [sample(2, 0.0)]})
    assert leaks.status == "partial"
    serves = of(asked, tasks, {"jeval_leak_context": [sample(1, 1.0)], "jeval_leak_control": [sample(2, 1.0)]})
    assert serves.status == "partial"
    assert serves.served is not None
    assert serves.served.score == 1.0


@pytest.mark.parametrize(
    ("finished", "as_of", "stale"),
    [
        ("2027-07-02T10:00:00+00:00", None, False),
        ("2027-07-03T10:00:00+00:00", None, True),
        ("2026-11-30T10:00:00+00:00", "2027-07-03", True),
        ("", None, True),
        ("\x1b[2Jnonsense", None, True),
    ],
)
def test_a_map_checked_more_than_a_year_before_the_run_says_so(finished: str, as_of: str | None, stale: bool) -> None:
    (found,) = coverage(run({}, {}, finished=finished, as_of=as_of), {}, [made(clause(coverage="none"))])
    assert found.stale is stale
    assert (found.warning is not None) is stale
    assert not found.warning or "2026-07-02" in found.warning.ja


def test_without_tasks_every_shipped_clause_is_not_tested_and_says_why() -> None:
    found = coverage(run({}, {}), {})
    assert [one.framework for one in found] == list(frameworks())
    for one in found:
        assert one.count("not tested") == len(one.framework.clauses)
        for each in one.clauses:
            assert each.reasons, (one.framework.id, each.clause.number)
            assert all(reason.ja.strip() and reason.en.strip() for reason in each.reasons)
