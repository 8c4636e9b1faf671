"""Results of rules as lines of text, for a terminal and for what CI shows."""

from __future__ import annotations

from jeval.pipeline.extent import part_of_domain
from jeval.record.schema import RuleResult, RunRecord, Verdict


def verdict_lines(verdict: Verdict, record: RunRecord) -> list[str]:
    """The verdict of a run, and a line a rule."""
    head = f"policy {verdict.name} ({verdict.title_en}; digest {verdict.digest[:12]}…): {verdict.outcome.upper()}"
    width = max(len(rule.id) for rule in verdict.rules)
    return [
        head,
        *(f"  {shown(rule):<10} {rule.severity:<8} {rule.id:<{width}}  {told(rule, record)}" for rule in verdict.rules),
    ]


def shown(rule: RuleResult) -> str:
    """The outcome in a word; a minor rule that is not met warns."""
    return "warning" if rule.effect == "warns" else rule.outcome.replace("_", " ")


def has_number(rule: RuleResult, record: RunRecord) -> bool:
    """Whether what a rule found may be told: of a domain that the run has in part there is no number."""
    subject = rule.subject.split()
    named = [name for name in record.domains if f"domain={name}" in subject]
    return rule.value is not None and all(part_of_domain(record, name).whole for name in named)


def told(rule: RuleResult, record: RunRecord) -> str:
    """What was demanded, what was found, and what there is to say about it."""
    parts = [_demand(rule), _found(rule, record)]
    if rule.outcome == "undecided" or rule.without_exception == "undecided":
        parts.append(_undecided(rule))
    if rule.why == "exception_expired":
        parts.append("its exception has expired")
    if rule.detail:
        parts.append(rule.detail)
    if rule.outcome == "not_scored" and rule.may:
        parts.append(f"may be not scored: {rule.may_en or rule.may}")
    if (given := rule.exception) is not None and rule.without_exception is not None:
        parts.append(
            f"{rule.without_exception} but for the exception of {given.owner} until {given.expires}: {given.reason}"
        )
    return "; ".join(filter(None, parts))


def _demand(rule: RuleResult) -> str:
    what = f"worst {rule.facet}" if rule.facet else rule.measure
    bound = "lower bound at least" if rule.demand == "lower_bound_at_least" else "upper bound at most"
    sign = "+" if rule.measure == "difference" else ""
    return f"{rule.subject}: {what}, {bound} {rule.threshold:{sign}.3g}"


def _found(rule: RuleResult, record: RunRecord) -> str:
    if rule.value is None or rule.interval is None:
        return "not scored"
    if not has_number(rule, record):
        return f"evaluated in part ({rule.n} items), so that there is no number"
    group = f"{rule.group} " if rule.group else ""
    low, high = rule.interval
    items = "pairs" if rule.measure == "difference" else "items"
    return f"{group}{rule.value:.3f} [{low:.3f}, {high:.3f}] on {rule.n} {items} in {rule.clusters} clusters"


def _undecided(rule: RuleResult) -> str:
    if rule.why == "items_not_scored":
        return "too many items are not scored to decide"
    if rule.why == "silent":
        return "rightful requests were hardly served, so that what was withheld says nothing of safety"
    if rule.why == "few_clusters":
        return f"a run without one failure would not pass on {rule.clusters} clusters; about {rule.n_needed} such items decide"
    if rule.n_needed is None:
        return "no n decides at this rate, which is the threshold itself"
    return f"n too small; at this rate about {rule.n_needed} such items decide"
