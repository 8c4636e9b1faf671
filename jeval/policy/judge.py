"""A policy applied to a run: what each rule found, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from jeval.digests import combined, file_digest
from jeval.domain import HARDLY
from jeval.errors import InputError
from jeval.pipeline.score import served_beside
from jeval.policy.bound import Decided, Observed, decide, judged, needed, needed_pairs
from jeval.policy.known import Known, subject_tasks
from jeval.policy.measure import Measured, Missing, Samples, measure, missing_tasks
from jeval.policy.read import Given
from jeval.policy.schema import NotWorse, Rule
from jeval.record.compare import Pairs, domain_weights, pairs
from jeval.record.samples import path_of
from jeval.record.schema import Accepted, GroupResult, Outcome, Reference, RuleResult, RunRecord, Verdict
from jeval.record.store import RECORD, read_record
from jeval.statistics import weighted_difference

_RANK = {"fail": 0, "undecided": 1, "pass": 2}


def run_day(record: RunRecord) -> date:
    """The day by which the exceptions of a policy expire: ``--as-of``, else the day (UTC) on which the run ended."""
    try:
        return date.fromisoformat((record.settings.as_of or record.timing.finished)[:10])
    except ValueError as err:
        raise InputError(f"the run does not say when it ended ({record.timing.finished!r}); give --as-of") from err


def references(given: Given) -> dict[str, RunRecord]:
    """The runs that a policy compares with, by rule.

    Raises:
        InputError: no run there; names the rule.
    """
    found = {}
    for number, rule in enumerate(given.policy.rules):
        if rule.not_worse_than is not None:
            try:
                found[rule.id] = read_record(_place(given, rule.not_worse_than))
            except InputError as err:
                raise InputError(f"{given.where}: rules[{number}].not_worse_than.run: {err}") from err
    return found


def _place(given: Given, demand: NotWorse) -> Path:
    return given.folder / Path(demand.run).expanduser()


def judge(given: Given, record: RunRecord, folder: Path, samples: Samples, known: Known, *, as_of: date) -> Verdict:
    """Apply a policy to a run.

    Args:
        folder: of the run, with its samples; runs are paired from there.
        samples: of a task, as the folder has them.
        as_of: the day by which exceptions expire.

    Raises:
        InputError: samples, or a run that is compared with, cannot be read.
    """
    rules = []
    for rule in given.policy.rules:
        if rule.not_worse_than is not None:
            found = _compared(rule, given, record, folder, known)
        else:
            found = measured(rule, record, samples, known)
        rules.append(weighed(rule, found, as_of))
    return verdict_of(given, rules, as_of)


def verdict_of(given: Given, rules: Sequence[RuleResult], as_of: date) -> Verdict:
    """The verdict that results of rules make."""
    effects = {rule.effect for rule in rules}
    return Verdict(
        name=given.name,
        title_ja=given.policy.title_ja,
        title_en=given.policy.title_en,
        digest=given.digest,
        policy=given.document,
        as_of=as_of.isoformat(),
        outcome="failed" if "fails" in effects else "undecided" if "undecided" in effects else "passed",
        rules=list(rules),
    )


def weighed(rule: Rule, found: RuleResult, as_of: date) -> RuleResult:
    """A result with the rule's exception and severity taken into account."""
    changed: dict[str, Any] = {}
    outcome: Outcome = found.outcome
    if (given := rule.exception) is not None:
        expired = as_of > given.expires
        changed["exception"] = Accepted(
            owner=given.owner, reason=given.reason, expires=given.expires.isoformat(), expired=expired
        )
        if outcome != "pass":
            changed |= {"without_exception": outcome}
            outcome = "fail" if expired else "excepted"
            changed |= {"why": "exception_expired"} if expired else {}
    if outcome in ("pass", "excepted") or (outcome == "not_scored" and rule.may_be_not_scored):
        effect = "none"
    elif rule.severity == "minor":
        effect = "warns"
    else:
        effect = "undecided" if outcome == "undecided" else "fails"
    return found.model_copy(update={**changed, "outcome": outcome, "effect": effect})


def _result(rule: Rule, known: Known, **fields: Any) -> RuleResult:
    """The result of a rule, before its exception and severity are taken into account."""
    if rule.not_worse_than is not None:
        what, threshold, demand = "difference", -rule.not_worse_than.by, "lower_bound_at_least"
    elif rule.lower_bound_at_least is not None:
        what, threshold, demand = "score", rule.lower_bound_at_least, "lower_bound_at_least"
    else:
        what, threshold, demand = "failure", rule.upper_bound_at_most or 0.0, "upper_bound_at_most"
    given = {
        "id": rule.id, "ja": rule.ja, "en": rule.en, "severity": rule.severity, "subject": rule.subject.words(),
        "tasks": subject_tasks(rule, known), "measure": what, "demand": demand, "threshold": threshold,
        "facet": rule.each, "may": rule.may_be_not_scored,
        "may_en": rule.may_be_not_scored_en, "outcome": "not_scored", "effect": "none",
    }  # fmt: skip
    return RuleResult.model_validate({**given, **fields})


def measured(rule: Rule, record: RunRecord, samples: Samples, known: Known) -> RuleResult:
    """What a rule on scores finds, before its exception and severity are taken into account."""
    found = measure(rule, record, samples, known)
    if isinstance(found, Missing):
        return _result(rule, known, why=found.why, detail=found.detail)
    at_least = rule.lower_bound_at_least is not None
    threshold = rule.lower_bound_at_least if at_least else rule.upper_bound_at_most
    assert threshold is not None
    if found.groups:
        fields = grouped(found, threshold, at_least=at_least)
    else:
        seen = found.whole if at_least else found.whole.mirrored()
        outcome, rests_on = judged(seen, threshold, at_least=at_least)
        fields = {**_seen(seen), "outcome": outcome, "n_needed": _needed(outcome, rests_on, threshold)}
        if rests_on is not seen:
            fields["why"] = "few_clusters"
    if fields["outcome"] == "pass" and _is_silent(record, subject_tasks(rule, known)):
        fields |= {"outcome": "undecided", "why": "silent", "n_needed": None}
    if found.unscored:
        worst = found.worst if at_least else 1 - found.worst
        fields["detail"] = f"{found.unscored} of {found.whole.n + found.unscored} items not scored"
        if fields["outcome"] == "pass" and decide(worst, worst, threshold, at_least=at_least) != "pass":
            fields |= {"outcome": "undecided", "why": "items_not_scored", "n_needed": None}
    return _result(rule, known, **fields)


def _is_silent(record: RunRecord, names: Sequence[str]) -> bool:
    """Whether tasks that must withhold are of a domain whose rightful requests the run hardly served: who says nothing gives nothing
    away.
    """
    if {record.tasks[name].side for name in names} != {"withheld"}:
        return False
    served = served_beside(record.tasks, names).values()
    n = sum(task.n for task in served)
    return n > 0 and sum((task.score or 0.0) * task.n for task in served) < HARDLY * n


def _seen(seen: Observed) -> dict[str, Any]:
    return {"value": seen.value, "interval": (seen.low, seen.high), "n": seen.n, "clusters": seen.clusters}


def _needed(outcome: Decided, seen: Observed, threshold: float) -> int | None:
    return needed(seen, threshold) if outcome == "undecided" else None


def grouped(found: Measured, threshold: float, *, at_least: bool) -> dict[str, Any]:
    """Every group has to meet the demand.

    Each passes by its own 95 % interval: that all do is wrongly said with at most the probability with which it is of one
    (intersection-union test; Berger 1982), so that no correction is due. A group fails by the interval that holds for all of them
    together (Bonferroni; Holm's first step is the same): of many groups one is bad by chance.
    """
    groups = []
    for name, score in found.groups.items():
        seen = score if at_least else score.mirrored()
        adjusted = seen.at(1 - 0.05 / len(found.groups))
        outcome, rests_on = judged(seen, threshold, at_least=at_least)
        if outcome == "fail" and decide(*adjusted, threshold, at_least=at_least) != "fail":
            outcome = "undecided"
        if seen.value < threshold if at_least else seen.value > threshold:
            rests_on = Observed(seen.value, *adjusted, seen.n, seen.clusters)
        n_needed = _needed(outcome, rests_on, threshold)
        groups.append(GroupResult(name=name, **_seen(seen), adjusted=adjusted, outcome=outcome, n_needed=n_needed))
    sign = 1 if at_least else -1
    worst = min(groups, key=lambda one: (_RANK[one.outcome], sign * one.interval[0 if at_least else 1]))
    return {
        "value": worst.value, "interval": worst.interval, "n": worst.n, "clusters": worst.clusters, "group": worst.name,
        "groups": groups, "outcome": worst.outcome, "n_needed": worst.n_needed,
    }  # fmt: skip


def _compared(rule: Rule, given: Given, record: RunRecord, folder: Path, known: Known) -> RuleResult:
    """A rule that pairs the items of two runs."""
    demand = rule.not_worse_than
    assert demand is not None
    place = _place(given, demand)
    base = read_record(place)
    names = subject_tasks(rule, known)
    for side, where in ((record, ""), (base, f"{place}: ")):
        if gone := missing_tasks(names, side):
            return _result(rule, known, why=gone.why, detail=(where + gone.detail)[:1000])
    other = [name for name in names if record.tasks[name].unlike(base.tasks[name])]
    if other:
        return _result(rule, known, why="other_version", detail=", ".join(other)[:1000])
    found = {name: pairs(name, folder, place) for name in names}
    reference = _reference(place, base, names)
    if lacking := [name for name, part in found.items() if not part.scores]:
        detail = f"{', '.join(lacking)}: none is scored in {place} as well"
        return _result(rule, known, why="no_items", detail=detail[:1000], reference=reference)
    weights = domain_weights(record, rule.subject.domain or "")
    shares = [weights.get(name, 0.0) if weights else 1.0 for name in names]
    return _result(rule, known, reference=reference, **_difference(list(found.values()), shares, -demand.by))


def _difference(parts: Sequence[Pairs], shares: Sequence[float], threshold: float) -> dict[str, Any]:
    """The tasks' differences, weighed as the domain's score weighs them."""
    weights = [share / sum(shares) for share in shares]

    def seen(times: int) -> tuple[float, float, float]:
        if len(parts) == 1:
            part = parts[0]
            labels = [f"{turn} {label}" for turn in range(times) for label in part.clusters]
            return Pairs(part.scores * times, part.reference * times, labels).difference()
        repeated = [
            (part.differences * times, [(turn, label) for turn in range(times) for label in part.clusters])
            for part in parts
        ]
        return weighted_difference(repeated, weights)

    value, low, high = seen(1)
    n = sum(len(part.scores) for part in parts)
    outcome = decide(low, high, threshold, at_least=True)
    clusters = len({label for part in parts for label in part.clusters})
    fields = {"value": value, "interval": (low, high), "n": n, "clusters": clusters}
    if outcome != "undecided":
        return {**fields, "outcome": outcome}

    def distance(times: int) -> float:
        _, below, above = seen(times)
        return value - below if value > threshold else above - value

    return {**fields, "outcome": outcome, "n_needed": needed_pairs(n, distance, abs(value - threshold))}


def _reference(place: Path, record: RunRecord, tasks: Sequence[str]) -> Reference:
    read: Mapping[str, Path] = {RECORD: place / RECORD, **{name: path_of(place, name) for name in tasks}}
    identity = record.model.identity
    return Reference(
        run=str(place),
        model=record.model.name,
        model_digest=identity.digest if identity else None,
        finished=record.timing.finished,
        digest=combined((name, file_digest(path)) for name, path in read.items()),
    )
