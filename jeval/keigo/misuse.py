"""Misuses of one sentence: the rules of ``data/keigo/knowledge/rules.yaml``, and the ones that depend on who is who.

The rules that depend on persons have their entries (id, section, examples) in the same file; the conditions are here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import attrgetter, or_

from jeval.errors import InputError
from jeval.keigo.clause import Clause
from jeval.keigo.emptiness import empty_hou, empty_naru
from jeval.keigo.forms import Found
from jeval.keigo.knowledge import Knowledge, Rule
from jeval.keigo.persons import Scene
from jeval.keigo.relations import Relations
from jeval.keigo.text import MASK
from jeval.keigo.tokens import Token

Hit = tuple[Rule, int, int]  # rule, characters of the sentence

_TESTS = attrgetter("tests")
_WORDS = {"inappropriate_word", "baito_keigo"}


class MisuseFinder:
    """Finds misuses; one instance per knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.rule = knowledge.by_id
        self.mention = knowledge.expressions["mention"]
        self.said = knowledge.expressions["said"]
        self.raised = knowledge.bit("sonkei_verb") | knowledge.bit("goran")
        self.active = {rule.id for rule in knowledge.rules if rule.fields.get("tier") == "norm"}
        self.texts = [r for r in knowledge.rules if r.regex is not None and r.id in self.active]
        self.keys = [(key, rule) for rule in self.texts for key in rule.fields.get("keys") or ("",)]
        self.relations = Relations(knowledge)

    def __call__(
        self, text: str, masked: str, tokens: list[Token], starts: list[int], clause: Clause, found: Sequence[Found],
        scene: Scene, question: bool,
    ) -> Iterator[Hit]:  # fmt: skip
        """Hits in the order of the rules; the caller keeps one of those that overlap."""
        for hit in self._all(masked, tokens, starts, clause, found, scene, question):
            rule, start, end = hit
            if MASK in masked[start:end] or self.mention.match(masked[end:]):
                continue
            if rule.type in _WORDS and self.said.match(masked[end:]):
                continue
            yield hit

    def _all(
        self, masked: str, tokens: list[Token], starts: list[int], clause: Clause, found: Sequence[Found],
        scene: Scene, question: bool,
    ) -> Iterator[Hit]:  # fmt: skip
        present = reduce(or_, map(_TESTS, tokens), 0)
        late: list[Hit] = []
        for i, token in [(i, token) for i, token in enumerate(tokens) if token.rules]:
            following = tokens[i + 1].tests if i + 1 < len(tokens) else 0
            for rule in token.rules:
                pattern = rule.pattern
                if (pattern.second and not following & pattern.second) or present & pattern.needs != pattern.needs:
                    continue
                hit = pattern.match(tokens, i)
                if hit and rule.holds(masked) and self._when(rule, tokens, hit, masked, clause, scene, question):
                    found_at = (rule, starts[hit[2]], starts[hit[3] - 1] + len(tokens[hit[3] - 1].surface))
                    if rule.fields.get("late"):  # what a relation between persons says comes first
                        late.append(found_at)
                    else:
                        yield found_at
        for rule in dict.fromkeys([rule for key, rule in self.keys if key in masked]):
            if rule.regex is None:
                continue
            for match in rule.regex.finditer(masked):
                if rule.holds(masked) and self._when(rule, tokens, None, masked, clause, scene, question):
                    yield rule, match.start(), match.end()
                    break
        for rule_id, start, end in self.relations(tokens, clause, found, scene, question, masked, present):
            if rule_id in self.active:
                yield self.rule[rule_id], starts[start], starts[end - 1] + len(tokens[end - 1].surface)
        yield from late

    def _when(
        self, rule: Rule, tokens: list[Token], hit: tuple[int, int, int, int] | None, masked: str, clause: Clause,
        scene: Scene, question: bool,
    ) -> bool:  # fmt: skip
        condition = rule.fields.get("when")
        if condition is None:
            return True
        if condition == "superior":
            return addressee_raised(clause, scene, masked)
        if condition == "superior_or_raised":
            raised = hit is not None and any(t.mask & self.raised for t in tokens[max(0, hit[0] - 4) : hit[0]])
            return raised or addressee_raised(clause, scene, masked)
        if condition == "empty_hou":
            return hit is not None and empty_hou(tokens, hit, masked, self.knowledge)
        if condition == "empty_naru":
            return hit is not None and empty_naru(tokens, hit, masked, self.knowledge)
        raise InputError(f"rule {rule.id}: unknown condition {condition!r}")


def addressee_raised(clause: Clause, scene: Scene, masked: str) -> bool:
    """Whether the sentence is said to somebody to be raised: by the context, or addressed by name or title."""
    if scene.given and scene.addressee:
        return scene.addressee_raised
    if scene.called:
        return True
    vocative = clause.vocative()
    return vocative is not None and vocative.role in {"out", "teacher", "superior"}
