"""The verdict of a record, reached again: the policy that stands in it, applied to the record and samples beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jeval.digests import value_digest
from jeval.errors import InputError
from jeval.output import one_line
from jeval.policy.bound import decide
from jeval.policy.judge import measured, run_day, verdict_of, weighed
from jeval.policy.known import known_tasks
from jeval.policy.read import Given, parse_policy
from jeval.policy.schema import Rule
from jeval.record.samples import Sample
from jeval.record.schema import RuleResult, RunRecord, Verdict


def verdict_problems(record: RunRecord, samples: Mapping[str, Sequence[Sample]]) -> Iterator[str]:
    """What is otherwise in the verdict of the record than it comes out now. Runs that it names are not opened: of rules that compare
    with one the numbers are taken as they stand (:func:`compared_rules`).

    Args:
        samples: of each task, as the folder has them.
    """
    told = record.verdict
    if told is None:
        return
    try:
        given = parse_policy(told.policy, name=told.name, where="verdict.policy", folder=Path())
        now = _again(given, told, record, samples)
    except (InputError, ValueError, KeyError, RecursionError) as err:
        yield f"run.json: the verdict cannot be reached again ({one_line(str(err), 200)})"
        return
    if value_digest(told.policy) != told.digest:
        yield "run.json: the digest of the policy is not that of the policy in the verdict"
    if [rule.id for rule in now.rules] != [rule.id for rule in told.rules]:
        yield "run.json: the rules of the verdict are not those of its policy"
        return
    for mine, theirs in zip(now.rules, told.rules, strict=True):
        if differs := _differences(mine.model_dump(), theirs.model_dump()):
            yield one_line(f"run.json: rule {mine.id} of the verdict: {differs}", 300)
    if differs := _differences(now.model_dump(exclude={"rules"}), told.model_dump(exclude={"rules"})):
        yield one_line(f"run.json: the verdict: {differs}", 300)


def compared_rules(record: RunRecord) -> list[str]:
    """Rules of the verdict that rest on another run, which is not at hand."""
    return [rule.id for rule in record.verdict.rules if rule.measure == "difference"] if record.verdict else []


def _again(given: Given, told: Verdict, record: RunRecord, samples: Mapping[str, Sequence[Sample]]) -> Verdict:
    known, day, former = known_tasks(record), run_day(record), {rule.id: rule for rule in told.rules}
    rules = []
    for rule in given.policy.rules:
        if rule.not_worse_than is None:
            found = measured(rule, record, lambda task: samples.get(task, ()), known)
        elif rule.id in former:
            found = _as_told(rule, former[rule.id])
        else:
            continue
        rules.append(weighed(rule, found, day))
    return verdict_of(given, rules, day)


def _as_told(rule: Rule, told: RuleResult) -> RuleResult:
    """A comparison by the numbers in the record: what they decide, before exception and severity."""
    assert rule.not_worse_than is not None
    threshold = -rule.not_worse_than.by
    outcome = decide(*told.interval, threshold, at_least=True) if told.interval else "not_scored"
    fixed = {
        "ja": rule.ja,
        "en": rule.en,
        "severity": rule.severity,
        "subject": rule.subject.words(),
        "measure": "difference",
    }
    may = {"may": rule.may_be_not_scored, "may_en": rule.may_be_not_scored_en}
    lost = {"exception": None, "without_exception": None, "threshold": threshold, **may}
    if told.why == "exception_expired":
        lost["why"] = ""
    return told.model_copy(update={**fixed, **lost, "outcome": outcome})


def _differences(now: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    found = [name for name in now if _rounded(now[name]) != _rounded(told[name])]
    return "; ".join(f"{name} is {told[name]}, and comes out as {now[name]}" for name in found)


def _rounded(value: Any) -> Any:
    """Numbers but for the last bits of a sum."""
    if isinstance(value, float):
        return float(f"{value:.9g}") if abs(value) > 1e-12 else 0.0
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, (list, tuple)) else value
