"""Misuses of one sentence: the rules of ``data/keigo/knowledge/rules.yaml``, and the ones that depend on who is who.

A rule finds by a pattern of morphemes, by a regular expression, or by a module of :mod:`jeval.keigo.rules`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from jeval.errors import InputError
from jeval.keigo import rules
from jeval.keigo.knowledge import Knowledge, Rule
from jeval.keigo.patterns import Match
from jeval.keigo.sentence import Form, Sentence, Span
from jeval.keigo.text import MASK

_OF_WORDS = frozenset({"inappropriate_word", "baito_keigo"})  # types that a reported utterance is not blamed for


class Hit(NamedTuple):
    """A rule, and the characters of the sentence that it found."""

    rule: Rule
    start: int
    end: int


class MisuseFinder:
    """Finds misuses; one instance per knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._by_id = knowledge.by_id
        self._person_test = knowledge.person_test
        self._active = {rule.id for rule in knowledge.active}
        self._keys = [(key, rule) for rule in knowledge.active if rule.regex is not None for key in rule.keys]
        self._any_key = re.compile("|".join(re.escape(key) for key, _ in self._keys))
        for rule in knowledge.rules:
            if rule.when and rule.when not in rules.CONDITIONS:
                raise InputError(
                    f"rule {rule.id}: unknown condition {rule.when!r}; expected {', '.join(rules.CONDITIONS)}"
                )

    def __call__(self, sentence: Sentence) -> Iterator[Hit]:
        """Hits in the order of the rules; the caller keeps one of those that overlap."""
        for hit in self._all(sentence):
            rest = sentence.masked[hit.end :]
            if MASK in sentence.masked[hit.start : hit.end] or sentence.matches("mention", rest):
                continue
            if hit.rule.type in _OF_WORDS and sentence.matches("said", rest):
                continue
            yield hit

    def _all(self, sentence: Sentence) -> Iterator[Hit]:
        late = []  # what a relation between persons says comes first
        for hit in self._by_pattern(sentence):
            if hit.rule.late:
                late.append(hit)
            else:
                yield hit
        yield from self._by_expression(sentence)
        yield from self._by_persons(sentence)
        yield from late

    def _by_pattern(self, sentence: Sentence) -> Iterator[Hit]:
        for i, token in enumerate(sentence.tokens):
            if token.rules:
                for rule, match in sentence.matching(token.rules, i):
                    if _holds(rule, sentence, match):
                        yield Hit(rule, *sentence.characters(match[2], match[3]))

    def _by_expression(self, sentence: Sentence) -> Iterator[Hit]:
        masked = sentence.masked
        if not self._any_key.search(masked):
            return
        for rule in dict.fromkeys([rule for key, rule in self._keys if key in masked]):
            found = rule.regex.search(masked) if rule.regex is not None else None
            if found and _holds(rule, sentence, None):
                yield Hit(rule, found.start(), found.end())

    def _by_persons(self, sentence: Sentence) -> Iterator[Hit]:
        for rule_id, (start, end) in self._person_spans(sentence):
            if rule_id in self._active:
                yield Hit(self._by_id[rule_id], *sentence.characters(start, end))

    def _person_spans(self, sentence: Sentence) -> Iterator[tuple[str, Span]]:
        somebody = sentence.scene.given or bool(sentence.present & self._person_test)
        if somebody:
            for rule_id, find_all in rules.OF_WORDS:
                for span in find_all(sentence):
                    yield rule_id, span
        quotes = MASK in sentence.masked
        for form in sentence.forms:
            if (quotes and sentence.quoted(form.start)) or not (somebody or _may_lower_addressee(sentence, form)):
                continue
            for rule_id, find in rules.of_form(sentence, form):
                if (wrong := find(sentence, form)) is not None:
                    yield rule_id, wrong
                    break


def _may_lower_addressee(sentence: Sentence, form: Form) -> bool:
    """Whether a form can be wrong where nobody is named: a humble one with れる, or before て (ご確認してください)."""
    if not form.agent or form.type not in rules.HUMBLE_TYPES or form.end + 1 >= len(sentence.tokens):
        return False
    return bool(sentence.mask(form.end) & sentence.bits.te or sentence.mask(form.end - 1) & sentence.bits.reru)


def _holds(rule: Rule, sentence: Sentence, match: Match | None) -> bool:
    """Whether the rule's conditions on the sentence are met."""
    return rule.holds(sentence.masked) and (not rule.when or rules.CONDITIONS[rule.when](sentence, match))
