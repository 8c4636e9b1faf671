"""The rules of a verdict as the report shows them: the gravest that are not met on its first page, and all of them in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jeval.record.schema import RuleResult, Verdict
from jeval.report.results import Card

#: Rules that the first page names, so that the verdict takes half of it whatever the policy; the table has all.
FEW = 5
_EFFECTS = ("fails", "undecided", "warns", "none")
_SEVERITIES = ("critical", "major", "minor")


@dataclass(frozen=True)
class ShownRule:
    """A rule, where the table has it, and whether its ``numbers`` are shown: those of a domain only where the run has it whole."""

    rule: RuleResult
    anchor: str
    numbers: bool


def shown_rules(verdict: Verdict | None, cards: Sequence[Card]) -> list[ShownRule]:
    """All rules in the order of the policy."""
    part = {f"domain={card.name}" for card in cards if not card.complete}
    rules = verdict.rules if verdict else []
    return [
        ShownRule(rule, f"rule-{number}", not part.intersection(rule.subject.split()))
        for number, rule in enumerate(rules, start=1)
    ]


def gravest(rules: Sequence[ShownRule]) -> list[ShownRule]:
    """The rules that are not met, those first that weigh most in the verdict."""
    open_ = [one for one in rules if one.rule.outcome != "pass"]
    return sorted(open_, key=lambda one: (_EFFECTS.index(one.rule.effect), _SEVERITIES.index(one.rule.severity)))
