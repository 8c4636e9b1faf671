"""``judge_conversion``: is an answer an acceptable honorific rendering of a sentence? Decided by analysis, no references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jeval.errors import InputError
from jeval.keigo.judge.answer import clean
from jeval.keigo.judge.decide import reasons_against
from jeval.keigo.types import FORM_TYPES

TARGETS = (*FORM_TYPES, "plain")


@dataclass(frozen=True)
class Judgement:
    """``correct`` and, when it is not, why: one short phrase per ground, the first the weightiest."""

    correct: bool
    reasons: list[str]

    def __bool__(self) -> bool:
        return self.correct


def judge_conversion(source: str, target: str, output: str, context: Mapping[str, object] | None = None) -> Judgement:
    """Judge ``output`` as a rendering of ``source`` with the honorific type ``target``.

    An answer is correct when it says what the source says (predicate, persons, things, tense, negation, question, request),
    differs in nothing but politeness, carries the target type on its predicate, and has none of the eleven misuses.
    ます, さん, particles and word order may change; a polite cushion (恐れ入りますが) may be added.
    Labels, quotation marks and explanations around the answer are removed first (see ``jeval.keigo.judge.answer``).

    Args:
        source: the sentence to convert, plain or polite.
        target: one of ``sonkeigo``, ``kenjogo1``, ``kenjogo2``, ``teineigo``, ``bikago``, ``plain``.
        output: what the model wrote; anything.
        context: who speaks to whom about whom, as for :func:`jeval.keigo.analyze`.

    Raises:
        InputError: an unknown target, or a text that is not a string.
    """
    if target not in TARGETS:
        raise InputError(f"keigo: unknown conversion target {target!r}; expected one of {', '.join(TARGETS)}")
    for name, value in (("source", source), ("output", output)):
        if not isinstance(value, str):
            raise InputError(f"keigo: {name} must be a string, not {type(value).__name__}")
    answer, why = clean(output)
    reasons = [why] if why else reasons_against(source, target, answer, context)
    return Judgement(not reasons, reasons)


__all__ = ["TARGETS", "Judgement", "judge_conversion"]
