"""Rules on runs of which every score is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from jeval.errors import InputError
from jeval.policy.apply import judge_run
from jeval.policy.read import read_policy, shipped
from jeval.record.compare import pairs
from jeval.record.samples import read_samples
from jeval.record.schema import RuleResult
from jeval.record.store import read_record
from jeval.statistics import mean_interval, paired_difference

Run = Callable[..., Path]
File = Callable[..., Path]
CORRECT = "jeval_keigo_correct"
PAIRS = "jeval_keigo_pairs"


def right(task: str, doc: Mapping[str, Any]) -> float:
    return 1.0


def wrong(task: str, doc: Mapping[str, Any]) -> float:
    return 0.0


def one_in(n: int) -> Callable[[str, Mapping[str, Any]], float]:
    """Every n-th item is a failure, whatever it is."""
    turn = iter(range(1 << 30))
    return lambda task, doc: float(next(turn) % n != 0)


def result(policy: Path, run: Path, **how: Any) -> RuleResult:
    _, verdict = judge_run(str(policy), run, **how)
    return verdict.rules[0]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_model_without_a_failure_passes_every_shipped_policy_and_one_without_a_success_none(
    name: str, scored_run: Run
) -> None:
    _, best = judge_run(name, scored_run(right, name="best"))
    assert best.outcome == "passed"
    assert {rule.outcome for rule in best.rules if rule.may is None} == {"pass"}
    _, worst = judge_run(name, scored_run(wrong, name="worst"))
    assert worst.outcome == "failed"
    assert {rule.outcome for rule in worst.rules if rule.may is None} == {"fail"}


def test_three_policies_are_shipped_and_their_thresholds_are_called_a_proposal() -> None:
    assert set(shipped()) == {"bank-desk", "securities-sales", "internal-assistant"}
    for name, path in shipped().items():
        assert "the project's proposal, not a regulator's numbers" in path.read_text(encoding="utf-8"), name


def test_a_rule_says_what_it_saw(scored_run: Run, policy_file: File) -> None:
    run = scored_run(one_in(4), tasks=["jeval_finreg_statement"])
    rule = {"subject": {"task": "jeval_finreg_statement"}, "lower_bound_at_least": 0.6}
    found, task = result(policy_file(rule), run), read_record(run).tasks["jeval_finreg_statement"]
    assert (found.value, found.interval, found.n, found.clusters) == (task.score, task.interval, task.n, task.clusters)
    assert (found.outcome, found.effect, found.n_needed, found.measure) == ("pass", "none", None, "score")


def test_a_failure_is_what_the_score_lacks(scored_run: Run, policy_file: File) -> None:
    run = scored_run(one_in(4), tasks=["jeval_finreg_statement"])
    rule = {"subject": {"task": "jeval_finreg_statement"}, "upper_bound_at_most": 0.34}
    found, task = result(policy_file(rule), run), read_record(run).tasks["jeval_finreg_statement"]
    assert task.score is not None and task.interval is not None and found.interval is not None
    assert found.value == pytest.approx(1 - task.score)
    assert found.interval == pytest.approx((1 - task.interval[1], 1 - task.interval[0]))
    assert (found.outcome, found.measure) == ("pass", "failure")


@pytest.mark.parametrize(
    ("severity", "threshold", "outcome", "effect", "verdict"),
    [
        ("major", 0.5, "pass", "none", "passed"),
        ("major", 0.74, "undecided", "undecided", "undecided"),
        ("critical", 0.74, "undecided", "undecided", "undecided"),
        ("minor", 0.74, "undecided", "warns", "passed"),
        ("major", 0.95, "fail", "fails", "failed"),
        ("minor", 0.95, "fail", "warns", "passed"),
    ],
)
def test_severity_decides_what_an_outcome_does(
    scored_run: Run, policy_file: File, severity: str, threshold: float, outcome: str, effect: str, verdict: str
) -> None:
    run = scored_run(one_in(4), tasks=["jeval_finreg_statement"])
    subject = {"task": "jeval_finreg_statement"}
    policy = policy_file({"subject": subject, "severity": severity, "lower_bound_at_least": threshold})
    found = judge_run(str(policy), run)[1]
    assert (found.rules[0].outcome, found.rules[0].effect, found.outcome) == (outcome, effect, verdict)
    assert (found.rules[0].n_needed is not None) == (outcome == "undecided")


def test_the_worst_of_the_outcomes_is_the_verdict(scored_run: Run, policy_file: File) -> None:
    run = scored_run(one_in(4), tasks=["jeval_finreg_statement"])
    subject = {"task": "jeval_finreg_statement"}
    undecided = {"id": "a", "subject": subject, "lower_bound_at_least": 0.74}
    failed = {"id": "b", "subject": subject, "lower_bound_at_least": 0.95}
    assert judge_run(str(policy_file(undecided, failed)), run)[1].outcome == "failed"


def test_items_are_selected_by_facets_across_the_tasks_of_a_domain(scored_run: Run, policy_file: File) -> None:
    run = scored_run(lambda task, doc: float(doc.get("law") == "銀行法"))
    rule = {"subject": {"domain": "finreg", "where": {"law": ["銀行法"]}}, "lower_bound_at_least": 0.9}
    found = result(policy_file(rule), run)
    assert (found.value, found.outcome, found.n) == (1.0, "pass", 59)
    assert found.subject == "domain=finreg law=銀行法"
    other = {"subject": {"domain": "finreg", "where": {"law": "金商法"}}, "lower_bound_at_least": 0.9}
    assert (result(policy_file(other), run).value, result(policy_file(other), run).outcome) == (0.0, "fail")


def test_numbers_of_articles_may_be_written_as_numbers(scored_run: Run, policy_file: File) -> None:
    rule = {"subject": {"domain": "finreg", "where": {"law": "金商法", "article": 38}}, "lower_bound_at_least": 0.1}
    assert result(policy_file(rule), scored_run(right)).value == 1.0


# Groups


def test_one_bad_group_is_named_and_fails(scored_run: Run, policy_file: File) -> None:
    bad = {"jeval_finreg_statement", "jeval_finreg_choice", "jeval_finreg_case", "jeval_finreg_figure"}
    run = scored_run(lambda task, doc: float(not (task in bad and doc.get("law") == "会社法")))
    rule = {"subject": {"domain": "finreg"}, "each": "law", "upper_bound_at_most": 0.55}
    found = result(policy_file(rule), run)
    assert (found.outcome, found.group, found.value) == ("fail", "会社法", 1.0)
    assert len(found.groups) == 52  # 46 statutes and orders, 6 guidelines
    assert [group.name for group in found.groups if group.outcome == "fail"] == ["会社法"]


def test_a_group_passes_by_its_own_interval_and_fails_by_that_of_all(scored_run: Run, policy_file: File) -> None:
    """15 of 50 right in one law of 23: its own interval [0.19, 0.44] lies below 0.45, the one that holds for all does not."""
    seen = iter(range(1000))
    run = scored_run(lambda task, doc: float(doc.get("law") != "会社法" or next(seen) % 10 < 3))
    rule = {"subject": {"domain": "finreg"}, "each": "law", "lower_bound_at_least": 0.48}
    every = result(policy_file(rule), run).groups
    some = [group.name for group in every if group.n > 10]
    assert len(some) == 23
    found = result(policy_file({**rule, "subject": {"domain": "finreg", "where": {"law": some}}}), run)
    worst = next(group for group in found.groups if group.name == "会社法")
    assert worst.interval[1] < 0.48 < worst.adjusted[1]
    assert (worst.outcome, found.outcome, found.group) == ("undecided", "undecided", "会社法")
    assert worst.n_needed is not None and worst.n_needed > worst.n
    assert {group.outcome for group in found.groups if group is not worst} == {"pass"}
    assert all(
        group.adjusted[0] <= group.interval[0] and group.adjusted[1] >= group.interval[1]
        for group in [*every, *found.groups]
    )


def test_a_group_of_one_item_is_undecided_though_it_is_right(scored_run: Run, policy_file: File) -> None:
    rule = {"subject": {"domain": "finreg"}, "each": "law", "lower_bound_at_least": 0.48}
    found = result(policy_file(rule), scored_run(right))
    small = [group for group in found.groups if group.n == 1]
    assert small and found.outcome == "undecided" and found.group in {group.name for group in small}
    assert all(group.outcome == "undecided" and (group.n_needed or 0) > 1 for group in small)


@pytest.mark.parametrize("threshold", [0.11, 0.16])
def test_failures_do_not_help_a_run_to_pass(scored_run: Run, policy_file: File, threshold: float) -> None:
    """Of 165 items over 30 frames none fails, and the bound is 11 %; or three here and there, and the bound is narrower."""
    turn = iter(range(1 << 20))
    rule = {"subject": {"task": CORRECT}, "upper_bound_at_most": threshold}
    some = scored_run(lambda task, doc: float(task != CORRECT or next(turn) % 55 != 7), name="some")
    best = scored_run(right, name="best")
    for run in (best, some):
        found = result(policy_file(rule), run)
        assert found.outcome == ("pass" if threshold == 0.16 else "undecided")
        assert (found.n_needed is None) == (threshold == 0.16)
    seen = result(policy_file(rule), some)
    assert seen.value is not None and seen.value > 0 and seen.interval is not None and seen.interval[1] < 0.11
    assert seen.why == ("" if threshold == 0.16 else "few_clusters")


def test_who_says_nothing_does_not_pass_for_giving_nothing_away(scored_run: Run, policy_file: File) -> None:
    rule = {"subject": {"domain": "leak", "side": "withheld"}, "upper_bound_at_most": 0.2}
    for share, outcome, why in ((0.0, "undecided", "silent"), (1 / 20, "undecided", "silent"), (1 / 5, "pass", "")):
        turn = iter(range(1 << 20))
        each = round(1 / share) if share else 0
        run = scored_run(
            lambda task, doc, turn=turn, each=each: float(
                doc.get("side") != "served" or (bool(each) and next(turn) % each == 0)
            ),
            name=f"run{share:.2f}",
        )
        found = result(policy_file(rule), run)
        assert (found.outcome, found.why, found.n_needed) == (outcome, why, None)
        served = result(
            policy_file({"subject": {"domain": "leak", "side": "served"}, "lower_bound_at_least": 0.01}), run
        )
        assert served.why != "silent"


# Not scored


def test_what_was_not_run_is_not_scored_and_fails(scored_run: Run, policy_file: File) -> None:
    run = scored_run(right, tasks=["jeval_keigo_choice", "jeval_leak_context"])
    for subject, gone in (
        ({"task": PAIRS}, PAIRS),
        ({"domain": "keigo"}, PAIRS),  # the record has a score of the domain: that of one task
        ({"domain": "leak", "side": "withheld"}, "jeval_leak_mnpi"),
        ({"domain": "finreg"}, "jeval_finreg_case"),
        ({"domain": "keigo", "where": {"error_type": "uchi_soto"}}, PAIRS),
    ):
        found = result(policy_file({"subject": subject, "lower_bound_at_least": 0.1}), run)
        assert (found.outcome, found.effect, found.why, found.value) == ("not_scored", "fails", "missing_tasks", None)
        assert f"{gone} (not run)" in found.detail
    assert read_record(run).domains["keigo"].score == 1.0


def test_a_policy_may_say_why_something_need_not_be_scored(scored_run: Run, policy_file: File) -> None:
    rule = {"subject": {"task": "jeval_leak_canary"}, "lower_bound_at_least": 0.5}
    run = scored_run(right)
    assert result(policy_file(rule), run).effect == "fails"
    found = result(policy_file({**rule, "may_be_not_scored": "no canaries were planted"}), run)
    assert (found.outcome, found.effect, found.may) == ("not_scored", "none", "no canaries were planted")
    assert "no canary file was given" in found.detail


def test_items_without_a_score_do_not_pass_a_rule_that_they_could_break(scored_run: Run, policy_file: File) -> None:
    turn = iter(range(1000))
    run = scored_run(lambda task, doc: None if next(turn) % 2 else 1.0, tasks=["jeval_finreg_statement"])
    rule = {"subject": {"task": "jeval_finreg_statement"}, "lower_bound_at_least": 0.6}
    found = result(policy_file(rule), run)
    assert (found.value, found.outcome, found.why) == (1.0, "undecided", "items_not_scored")
    assert found.detail == "91 of 183 items not scored"
    assert result(policy_file({**rule, "lower_bound_at_least": 0.5}), run).outcome == "pass"
    selected = {"subject": {"task": "jeval_finreg_statement", "where": {"law": "金商法"}}, "lower_bound_at_least": 0.6}
    assert result(policy_file(selected), run).why == "items_not_scored"


# Exceptions

EXCEPT = {"owner": "事務企画担当", "reason": "次の版で直す。", "expires": "2026-12-31"}


@pytest.mark.parametrize(
    ("day", "outcome", "effect"),
    [("2026-12-30", "excepted", "none"), ("2026-12-31", "excepted", "none"), ("2027-01-01", "fail", "fails")],
)
def test_an_exception_holds_to_its_last_day(
    scored_run: Run, policy_file: File, day: str, outcome: str, effect: str
) -> None:
    policy = policy_file({"subject": {"task": PAIRS}, "lower_bound_at_least": 0.9, "exception": EXCEPT})
    found = result(policy, scored_run(wrong), as_of=date.fromisoformat(day))
    assert (found.outcome, found.effect, found.without_exception) == (outcome, effect, "fail")
    assert found.exception is not None
    assert (found.exception.owner, found.exception.expired) == ("事務企画担当", outcome == "fail")
    assert (found.why == "exception_expired") == (outcome == "fail")


def test_an_expired_exception_fails_what_is_undecided_and_leaves_what_passes(
    scored_run: Run, policy_file: File
) -> None:
    def rule(threshold: float) -> Path:
        subject = {"task": "jeval_finreg_statement"}
        return policy_file({"subject": subject, "lower_bound_at_least": threshold, "exception": EXCEPT})

    run, late = scored_run(one_in(4), tasks=["jeval_finreg_statement"]), date(2027, 6, 1)
    assert (result(rule(0.74), run, as_of=late).outcome, result(rule(0.74), run).outcome) == ("fail", "excepted")
    assert result(rule(0.5), run, as_of=late).outcome == "pass"


def test_the_day_is_the_runs_own(scored_run: Run, policy_file: File) -> None:
    policy = policy_file({"subject": {"task": PAIRS}, "lower_bound_at_least": 0.9, "exception": EXCEPT})
    assert result(policy, scored_run(wrong, name="a", finished="2026-12-31")).outcome == "excepted"
    assert result(policy, scored_run(wrong, name="b", finished="2027-01-01")).outcome == "fail"
    with pytest.raises(InputError, match="does not say when it ended"):
        result(policy, scored_run(wrong, name="c", finished="some day"))


# Compared with another run


def paired(run: Path, by: float, subject: Any = None) -> dict[str, Any]:
    return {"subject": subject or {"domain": "finreg"}, "not_worse_than": {"run": run.name, "by": by}}


def test_a_run_is_not_worse_than_itself_and_much_worse_than_a_better_one(scored_run: Run, policy_file: File) -> None:
    best, worst = scored_run(right, name="best"), scored_run(wrong, name="worst")
    same = result(policy_file(paired(best, 0.02)), best)
    assert (same.outcome, same.value, same.n, same.measure, same.threshold) == ("pass", 0.0, 767, "difference", -0.02)
    assert same.reference is not None
    assert same.reference.model == "best"
    worse = result(policy_file(paired(best, 0.02)), worst)
    assert (worse.outcome, worse.value) == ("fail", -1.0)


def test_pairs_too_few_to_decide_say_how_many_would(scored_run: Run, policy_file: File) -> None:
    task = "jeval_finreg_figure"
    one, other = scored_run(one_in(5), name="one"), scored_run(one_in(6), name="other")
    for by in (0.03, 0.01):
        found = result(policy_file(paired(one, by, {"task": task})), other)
        assert (found.outcome, found.effect) == ("undecided", "undecided")
        assert found.n_needed is not None and found.value is not None
        seen = pairs(task, other, one)
        for share, decided in ((0.9, False), (1.1, True)):
            times = found.n_needed * share / found.n
            whole = [(a, b, f"{turn} {c}") for turn in range(100) for a, b, c in zip(seen.scores, seen.reference, seen.clusters, strict=True)]  # fmt: skip
            part = whole[: round(times * found.n)]
            drift = sum(a - b for a, b, _ in part) / len(part) - found.value
            _, low, high = paired_difference([a for a, _, _ in part], [b for _, b, _ in part], [c for *_, c in part])
            assert (low - drift >= -by or high - drift < -by) == decided, (by, share)


def test_other_versions_and_tasks_that_the_other_run_lacks_are_not_scored(scored_run: Run, policy_file: File) -> None:
    best = scored_run(right, name="best")
    other = scored_run(right, name="other", tasks=["jeval_finreg_case"])
    found = result(policy_file(paired(other, 0.02)), best)
    assert (found.outcome, found.why) == ("not_scored", "missing_tasks")
    assert "other: jeval_finreg_" in found.detail
    text = (other / "run.json").read_text(encoding="utf-8")
    version = read_record(other).tasks["jeval_finreg_case"].version
    (other / "run.json").write_text(text.replace(f'"version": "{version}"', '"version": "0.0.0"'), encoding="utf-8")
    found = result(policy_file(paired(other, 0.02, {"task": "jeval_finreg_case"})), best)
    assert (found.outcome, found.why, found.detail) == ("not_scored", "other_version", "jeval_finreg_case")


def test_the_reference_is_known_by_what_was_read_of_it(scored_run: Run, policy_file: File) -> None:
    best, other = scored_run(right, name="best"), scored_run(one_in(9), name="other")
    policy = policy_file(paired(other, 0.2))
    first = result(policy, best).reference
    assert first is not None
    assert first == result(policy, best).reference
    changed = scored_run(one_in(8), name="other")
    later = result(policy, best).reference
    assert changed == other and later is not None
    assert later.digest != first.digest


def test_a_policy_stands_in_its_verdict_whole(scored_run: Run, policy_file: File) -> None:
    rule = {"subject": {"task": PAIRS}, "lower_bound_at_least": 0.9, "exception": EXCEPT}
    path = policy_file(rule)
    path.write_text(
        path.read_text(encoding="utf-8").replace("'2026-12-31'", "2026-12-31"), encoding="utf-8"
    )  # a YAML date
    _, verdict = judge_run(str(path), scored_run(right))
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["rules"][0]["exception"]["expires"] == date(2026, 12, 31)
    assert verdict.policy["rules"][0]["exception"]["expires"] == "2026-12-31"
    assert verdict.digest == read_policy(str(path)).digest
    assert (verdict.name, verdict.title_ja, verdict.as_of) == ("mine", "試し", "2026-11-30")


def test_a_selection_is_the_mean_of_its_items_with_their_clusters(scored_run: Run, policy_file: File) -> None:
    run = scored_run(one_in(3), tasks=["jeval_leak_context"])
    rule = {"subject": {"task": "jeval_leak_context", "where": {"data_type": ["card"]}}, "upper_bound_at_most": 0.9}
    found = result(policy_file(rule), run)
    items = [one for one in read_samples(run, "jeval_leak_context") if one.doc["data_type"] == "card"]
    wanted = mean_interval([one.score or 0.0 for one in items], [one.cluster for one in items])
    assert found.interval == pytest.approx((1 - wanted.high, 1 - wanted.low))
    assert (found.n, found.clusters) == (wanted.n, wanted.clusters)
