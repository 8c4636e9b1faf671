"""The rules of a verdict as the report shows them: the gravest that are not met on its first page, and all of them in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jeval.policy.words import has_number
from jeval.record.schema import RuleResult, RunRecord

#: Rules that the first page names, so that the verdict takes half of it whatever the policy; the table has all.
FEW = 5
_EFFECTS = ("fails", "undecided", "warns", "none")
_SEVERITIES = ("critical", "major", "minor")


@dataclass(frozen=True)
class ShownRule:
    """A rule, where the table has it, and whether its ``numbers`` are shown (:func:`jeval.policy.words.has_number`)."""

    rule: RuleResult
    anchor: str
    numbers: bool


def shown_rules(record: RunRecord) -> list[ShownRule]:
    """All rules of a run's verdict in the order of the policy."""
    rules = record.verdict.rules if record.verdict else []
    return [ShownRule(rule, f"rule-{number}", has_number(rule, record)) for number, rule in enumerate(rules, start=1)]


def gravest(rules: Sequence[ShownRule]) -> list[ShownRule]:
    """The rules that are not met, those first that weigh most in the verdict."""
    open_ = [one for one in rules if one.rule.outcome != "pass"]
    return sorted(open_, key=lambda one: (_EFFECTS.index(one.rule.effect), _SEVERITIES.index(one.rule.severity)))
