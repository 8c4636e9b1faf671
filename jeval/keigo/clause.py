"""Who does it: the noun phrases of a sentence and the subject of a predicate, as far as the surface tells.

There is no parser here. A predicate's subject is the nearest person phrase before it marked が (in its own clause), else a
person phrase marked は or も anywhere before it. Where the surface does not tell, the answer is ``None`` and the rules abstain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from jeval.keigo.knowledge import Knowledge
from jeval.keigo.persons import RESPECTED, phrase_role
from jeval.keigo.tokens import Token

_OWN_NAME = re.compile(
    r"^(?:弊社|当社|当行|弊行|小社|わが社|我が社|弊店|当店|うち|私ども|私共|手前ども|わたくしども|当支店|当部|当課|自社|自行|弊所|当院|弊部|私|僕|わたし|わたくし)の|(?:社長|会長|頭取|副頭取|部長|課長|係長|次長|室長|支店長|店長|所長|専務|常務|取締役|役員|主任|局長|院長|館長|工場長|支社長|本部長|副社長|副部長|理事|委員長|監査役|代表|上司|先輩|担当|係|営業)(?:の|を務める)?$"
)
_THEIR_NAME = re.compile(r"^(?:御社|貴社|貴行|御行|お客様|取引先|先方|他社)の")
_BREAK = {"が", "ので", "から", "けど", "けれど", "けれども", "し", "と", "ば", "て", "で", "のに", "ながら"}


class Phrase(NamedTuple):
    """A noun phrase: tokens ``start:end``, what it says, its role (see :mod:`jeval.keigo.persons`), its particle."""

    start: int
    end: int
    text: str
    role: str
    particle: str


class Clause:
    """The tokens of one sentence with their noun phrases, computed when first asked for."""

    def __init__(self, tokens: Sequence[Token], knowledge: Knowledge) -> None:
        self.tokens = tokens
        self._part = knowledge.phrase_part
        self._surname = knowledge.surname
        self._hearing = knowledge.hearing
        self._phrases: list[Phrase] | None = None

    @property
    def phrases(self) -> list[Phrase]:
        if self._phrases is None:
            self._phrases = list(self._find())
        return self._phrases

    def _find(self) -> list[Phrase]:
        tokens = self.tokens
        found = []
        start = -1
        part = self._part
        for i, token in enumerate(tokens):
            if token.mask & part:
                if start < 0:
                    start = i
                continue
            inner = token.surface == "の" and token.pos.startswith("助詞") and i + 1 < len(tokens)
            if start >= 0:
                if inner and tokens[i + 1].pos.startswith(("名詞", "代名詞", "接頭辞")):
                    found.append(self._phrase(start, i, "の"))
                    continue
                particle = token.surface if token.pos.startswith(("助詞", "補助記号")) else ""
                found.append(self._phrase(start, i, self._particle(i, particle)))
            start = -1
        if start >= 0:
            found.append(self._phrase(start, len(tokens), ""))
        return found

    def _particle(self, at: int, particle: str) -> str:
        following = self.tokens[at + 1].surface if at + 1 < len(self.tokens) else ""
        if particle in {"に", "から", "へ", "と", "で"} and following in {"は", "も"}:
            return particle
        if particle == "に" and following == "おか":
            return "は"
        return particle

    def _phrase(self, start: int, end: int, particle: str) -> Phrase:
        tokens = self.tokens
        text = "".join(token.surface for token in tokens[start:end])
        role = phrase_role(text)
        if not role and "の" in text:
            role = phrase_role(text.rsplit("の", 1)[1])
        if tokens[end - 1].mask & self._surname and (not role or role == "in"):
            owner = text[: -len(tokens[end - 1].surface)]
            role = "in" if _OWN_NAME.search(owner) else "out" if _THEIR_NAME.search(owner) else "name"
        return Phrase(start, end, text, role, particle)

    def subject(self, predicate: int) -> Phrase | None:
        """The person who does what token ``predicate`` says, when the sentence names one."""
        tokens = self.tokens
        barrier = -1
        for i in range(predicate - 1, -1, -1):
            token = tokens[i]
            if i == predicate - 1 and token.surface in {"と", "って"} and tokens[predicate].mask & self._hearing:
                barrier = i  # what is said or heard has a subject of its own
                break
            if token.pos == "助詞-接続助詞" and token.surface in _BREAK and not self._auxiliary(i, predicate):
                barrier = i
                break
            because = token.surface == "で" and i and tokens[i - 1].pos == "助詞-準体助詞"  # ので
            if because or (token.surface in {"たら", "なら", "だら"} and token.c_form.startswith("仮定形")):
                barrier = i
                break
            if (
                token.pos.startswith(("名詞", "代名詞", "接頭辞"))
                and i
                and tokens[i - 1].pos.startswith(("動詞", "助動詞", "形容詞"))
                and tokens[i - 1].c_form.startswith(("連体形", "終止形"))
            ):
                barrier = i  # a clause that modifies this noun ends here: its が is not ours
                break
        topic = None
        if predicate > 1 and tokens[predicate - 1].surface == "の":
            for phrase in reversed(self.phrases):
                if phrase.end == predicate - 1 and phrase.role and phrase.particle == "の":
                    return phrase  # 先生の書かれた本
        for phrase in reversed(self.phrases):
            if phrase.end > predicate or not phrase.role:
                continue
            if phrase.particle == "が" and phrase.end > barrier:
                return phrase
            if topic is None and phrase.particle in {"は", "も", "って"}:
                topic = phrase
        return topic

    def _auxiliary(self, te: int, predicate: int) -> bool:
        """Whether the て at ``te`` ties the predicate to the verb before it (読んで いらっしゃる)."""
        return te + 1 == predicate and self.tokens[te].surface in {"て", "で"}

    def marked(self, before: int, particles: set[str], roles: frozenset[str] | set[str]) -> Phrase | None:
        """The nearest phrase before token ``before`` with one of these particles and roles."""
        for phrase in reversed(self.phrases):
            if phrase.end <= before and phrase.particle in particles and phrase.role in roles:
                return phrase
        return None

    def vocative(self) -> Phrase | None:
        """The person addressed at the head of the sentence: 部長、…."""
        phrases = self.phrases
        for phrase in phrases[:2]:
            if phrase.particle in {"、", ",", "!", "。"} and phrase.role in RESPECTED:
                return phrase
        if len(phrases) > 1 and phrases[-1].role in RESPECTED and phrases[-1].particle in {"。", "", "!", "?"}:
            before = self.tokens[phrases[-1].start - 1]
            if before.surface == "、":
                return phrases[-1]
        return None
