"""Who does it: the noun phrases of a sentence and the subject of a predicate, as far as the surface tells.

There is no parser here. A predicate's subject is the nearest person phrase before it marked が (in its own clause), else
a person phrase marked は or も anywhere before it. Where the surface does not tell, the answer is ``None`` and the rules
abstain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jeval.keigo.knowledge import Knowledge
from jeval.keigo.persons import RESPECTED, noun_role
from jeval.keigo.tokens import Token


class Phrase(NamedTuple):
    """A noun phrase.

    Attributes:
        start, end: its tokens.
        text: what it says.
        role: the person it names, see :mod:`jeval.keigo.persons`.
        particle: atoms of the particle or punctuation after it; 0 where neither follows.
    """

    start: int
    end: int
    text: str
    role: str
    particle: int


class Clause:
    """The noun phrases of one sentence, computed when first asked for."""

    def __init__(self, tokens: Sequence[Token], knowledge: Knowledge) -> None:
        self._tokens = tokens
        self._bits = knowledge.bits
        self._expressions = knowledge.expressions
        self._last_noun = knowledge.expressions["last_noun"]
        self._phrases: list[Phrase] | None = None
        self._subjects: dict[int, Phrase | None] = {}

    @property
    def phrases(self) -> list[Phrase]:
        """All noun phrases, in order; of 弊社の社長 there are two, 弊社 and 弊社の社長."""
        if self._phrases is None:
            self._phrases = self._find()
        return self._phrases

    def _find(self) -> list[Phrase]:
        tokens, bits = self._tokens, self._bits
        part = bits.phrase_part
        found = []
        start = -1
        for i, token in enumerate(tokens):
            mask = token.mask
            if mask & part:
                if start < 0:
                    start = i
            elif start >= 0:
                joins = mask & bits.no_particle and i + 1 < len(tokens) and tokens[i + 1].mask & bits.noun_start
                found.append(self._phrase(start, i, mask if joins else self._particle(i)))
                if not joins:
                    start = -1
        if start >= 0:
            found.append(self._phrase(start, len(tokens), 0))
        return found

    def _particle(self, at: int) -> int:
        """Atoms of the particle at ``at``; 部長におかれましては says what 部長は says."""
        bits = self._bits
        mask = self._tokens[at].mask
        if mask & bits.ni and at + 1 < len(self._tokens) and self._tokens[at + 1].mask & bits.oka:
            return bits.ha
        return mask if mask & bits.marker else 0

    def _phrase(self, start: int, end: int, particle: int) -> Phrase:
        tokens = self._tokens
        text = "".join(token.surface for token in tokens[start:end])
        role = noun_role(text, self._last_noun)
        if not role and end - start > 1 and tokens[start].mask & self._bits.adverbial:
            role = noun_role(text[len(tokens[start].surface) :], self._last_noun)  # 現在 弊社
        if tokens[end - 1].mask & self._bits.surname and (not role or role == "in"):
            owner = text[: -len(tokens[end - 1].surface)]
            role = "in" if self._says("own_name", owner) else "out" if self._says("their_name", owner) else "name"
        return Phrase(start, end, text, role, particle)

    def _says(self, name: str, text: str) -> bool:
        return self._expressions[name].search(text) is not None

    def subject(self, predicate: int) -> Phrase | None:
        """The person who does what token ``predicate`` says, when the sentence names one."""
        if predicate not in self._subjects:
            self._subjects[predicate] = self._owner(predicate) or self._nominative_or_topic(predicate)
        return self._subjects[predicate]

    def _owner(self, predicate: int) -> Phrase | None:
        """先生 in 先生の書かれた本."""
        if predicate < 2 or not self._tokens[predicate - 1].mask & self._bits.no:
            return None
        for phrase in reversed(self.phrases):
            if phrase.end == predicate - 1 and phrase.role and phrase.particle & self._bits.no:
                return phrase
        return None

    def _nominative_or_topic(self, predicate: int) -> Phrase | None:
        bits = self._bits
        clause_start = self._clause_start(predicate)
        topic = None
        for phrase in reversed(self.phrases):
            if phrase.end > predicate or not phrase.role:
                continue
            if phrase.particle & bits.ga and phrase.end > clause_start:
                return phrase
            if topic is None and phrase.particle & (bits.ha | bits.tte):
                topic = phrase
        if topic is not None and topic.role in RESPECTED:
            reported = self._is_of_hearing(predicate) or self._reports(topic.end, predicate)
            return None if reported else topic
        return topic

    def has_thing(self, predicate: int) -> bool:
        """Whether が marks no person in the clause of token ``predicate``."""
        start = self._clause_start(predicate)
        return any(
            phrase.particle & self._bits.ga and not phrase.role and start < phrase.end <= predicate
            for phrase in self.phrases
        )

    def _is_of_hearing(self, predicate: int) -> bool:
        """Whether と + a verb of thinking or hearing stands here: a topic before it is that of what is thought (先生も…と存じます)."""
        tokens, bits = self._tokens, self._bits
        at = predicate
        while at > 1 and tokens[at].mask & bits.aux_verb and tokens[at - 1].mask & bits.te:
            at -= 2  # 伺って おる
        return bool(at and tokens[at].mask & bits.hearing and tokens[at - 1].mask & (bits.to | bits.tte))

    def _reports(self, start: int, end: int) -> bool:
        """Whether the topic's clause is closed between the two by という話, or by ので with a thought of one's own after it."""
        tokens, bits = self._tokens, self._bits
        return any(
            tokens[i].mask & (bits.to | bits.tte)
            and tokens[i + 1].mask & bits.say
            and tokens[i + 2].mask & bits.noun_start
            for i in range(start, end - 2)
        )

    def _clause_start(self, predicate: int) -> int:
        """The token that ends what comes before the predicate's own clause; -1 where there is none."""
        tokens, bits = self._tokens, self._bits
        if predicate and tokens[predicate].mask & bits.hearing and tokens[predicate - 1].mask & (bits.to | bits.tte):
            return predicate - 1  # what is said or heard has a subject of its own
        for i in range(predicate - 1, -1, -1):
            mask = tokens[i].mask
            before = tokens[i - 1].mask if i else 0
            if mask & bits.tara or (mask & bits.so_that and before & bits.modifying):
                return i
            if mask & bits.clause_link and not (i == predicate - 1 and mask & bits.te):
                return i  # て before the predicate ties it to the verb before it: 読んで いらっしゃる
            if mask & bits.de and before & bits.nominaliser:
                return i  # ので
            if mask & bits.noun_start and before & bits.modifying:
                return i  # a clause that modifies this noun ends here: its が is not ours
        return -1

    def marked(self, before: int, particles: int, roles: frozenset[str]) -> Phrase | None:
        """The nearest phrase before token ``before`` with one of these particles and roles."""
        for phrase in reversed(self.phrases):
            if phrase.end <= before and phrase.particle & particles and phrase.role in roles:
                return phrase
        return None

    def vocative(self) -> Phrase | None:
        """The person addressed at the head of the sentence, or at its end: 部長、…; …、部長。"""
        bits = self._bits
        phrases = self.phrases
        for phrase in phrases[:2]:
            if phrase.particle & bits.call_mark and phrase.role in RESPECTED:
                return phrase
        if len(phrases) > 1 and phrases[-1].role in RESPECTED:
            last = phrases[-1]
            ends = not last.particle or last.particle & bits.sentence_mark
            if ends and self._tokens[last.start - 1].mask & bits.comma:
                return last
        return None
