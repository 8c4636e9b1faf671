"""Scoring a clerk's reply: an answer at all, style, misuses by utterance, own side against the customer's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from jeval.keigo.analysis import analyze
from jeval.keigo.judge.tables import expression
from jeval.thoughts import UNFINISHED, judged

_PERSONAL = frozenset({"uchi_soto", "sonkei_for_self", "kenjo_for_superior"})
_SHORTEST = 12  # characters; はい。 is no reply to a customer
_LONGEST = 400
_GRAM = 6
_READ = 2048  # characters; a text of so many is too long whatever stands behind them


@dataclass(frozen=True)
class Reply:
    """The verdict on a reply; ``errors`` counts misuses, ``sentences`` what was said."""

    answered: bool
    polite: bool
    errors: int
    personal: int
    sentences: int
    faulty: int
    reasons: list[str] = field(default_factory=list)

    def metrics(self) -> dict[str, float]:
        """``score`` = answered × polite × share of sentences without a misuse; the parts beside it.

        ``errors_per_utterance`` is lower-better; it is counted over answers only and 0 where there is none.
        """
        share = 1 - self.faulty / self.sentences if self.sentences else 0.0
        return {
            "score": share if self.answered and self.polite else 0.0,
            "answered": float(self.answered),
            "polite": float(self.answered and self.polite),
            "sides": float(self.answered and not self.personal),
            "errors_per_utterance": self.errors / self.sentences if self.sentences and self.answered else 0.0,
        }


def judge_reply(prompt: str, about: str, output: str, context: Mapping[str, object] | None = None) -> Reply:
    """Judge ``output`` as the reply that ``prompt`` asks for: the scene and what the customer says.

    It is an answer when it is Japanese, of a fitting length, on the matter (contains a word of the regular expression
    ``about``) and no copy of the prompt. Its style must be です・ます or ございます throughout.
    """
    heard = judged(output)
    text = unicodedata.normalize("NFKC", heard.text).strip()[: 2 * _READ]
    text = expression("next_turn").sub("", "\n" + text).strip()
    text = expression("reply_label").sub("", text).strip()
    text = expression("reply_quotes").sub("", text)[:_READ]
    reasons = [UNFINISHED] if heard.nothing else _not_an_answer(text, prompt, about)
    if reasons:
        return Reply(False, False, 0, 0, 0, 0, reasons)
    found = analyze(text, context)
    spans = [one.span() for one in expression("sentence").finditer(text)]
    faulty = sum(any(start <= error.start < end for error in found.errors) for start, end in spans)
    polite = found.style in {"polite", "formal"}
    reasons = [f"misuse: {error.type} ({error.surface})" for error in found.errors]
    if not polite:
        reasons.append(f"style: {found.style}")
    personal = sum(error.type in _PERSONAL for error in found.errors)
    return Reply(True, polite, len(found.errors), personal, len(spans), faulty, reasons)


def _not_an_answer(text: str, prompt: str, about: str) -> list[str]:
    letters = re.sub(r"\s", "", text)
    if not letters:
        return ["empty"]
    if len(expression("japanese_letter").findall(letters)) < 0.6 * len(letters):
        return ["not Japanese"]
    if len(letters) < _SHORTEST:
        return ["too short to be a reply"]
    if len(letters) > _LONGEST:
        return ["too long to be a reply"]
    if _copied(letters, prompt):
        return ["copies the prompt"]
    if _repeats(letters):
        return ["repeats itself"]
    if not re.search(about, letters):
        return ["not about the matter"]
    return []


def _grams(text: str) -> set[str]:
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    return {text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1)}


def _copied(letters: str, prompt: str) -> bool:
    """Whether most of the reply's character six-grams stand in the prompt."""
    mine = _grams(letters)
    return bool(mine) and len(mine & _grams(prompt)) > 0.5 * len(mine)


def _repeats(letters: str) -> bool:
    """Whether the text goes round in circles: few different six-grams."""
    count = len(letters) - _GRAM + 1
    return count > 30 and len(_grams(letters)) < 0.5 * count
