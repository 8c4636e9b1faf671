r"""Which quantity a generated answer asserts, and whether it is the one asked for.

The rule, in the order applied:

0. A thought is no answer; one that never ends leaves none (:mod:`jeval.thoughts`). Marks of Markdown and LaTeX (``**7**年``,
   ``\boxed{20\%}``, ``\frac{1}{2}``) are read as what they show (:mod:`jeval.finreg.shown`).
1. The answer ends where the model starts a new question of its own.
2. The first sentence decides that names a quantity of the kind asked for (or, if none does, the first that names any).
3. Quantities that the question already names are restatements and do not count; nor do denied ones (5年ではなく7年).
4. What is left must be one quantity. Two different ones of the kind asked for are a hedge, and a hedge is wrong, also where
   the next sentence begins with または, あるいは or もしくは.
5. A number without a unit is no quantity: the question asks for both, and a wrong unit is wrong.

The words that say so (denials, alternatives, new questions) are those of ``data/finreg/knowledge/answers.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, Literal

from jeval.finreg import knowledge
from jeval.finreg.quantity import Quantity, canonical, parse, same
from jeval.finreg.shown import shown
from jeval.finreg.units import AMBIGUOUS_BU, BARE, RATIO
from jeval.japanese.folding import close_gaps
from jeval.record.schema import Written
from jeval.thoughts import UNFINISHED, judged

Outcome = Literal[
    "equal", "another value", "wrong unit", "several values", "wrong bound", "no quantity", "only repeated"
]

# Units of time that compete with each other: an answer in days to a question for months is a wrong value, no wrong unit.
_PERIODS = {"月", "日", "営業日", "時間", AMBIGUOUS_BU}


class _Words(Written):
    """``answers.yaml``, and its words as patterns."""

    new_question: list[str]
    sentence_ends: str
    denied: list[str]
    bounds: list[str]
    alternative: list[str]

    @cached_property
    def starts_question(self) -> re.Pattern[str]:
        return re.compile(rf"\n\s*(?:{'|'.join(self.new_question)})")

    @cached_property
    def sentence(self) -> re.Pattern[str]:
        ends = rf"{re.escape(self.sentence_ends)}\n"
        return re.compile(rf"(?:[^{ends}]|(?<=[0-9０-９])．(?=[0-9０-９]))*[{ends}]?")

    @cached_property
    def denies(self) -> re.Pattern[str]:
        return re.compile(rf"\s*(?:{'|'.join(self.bounds)})?\s*(?:{'|'.join(self.denied)})")

    @cached_property
    def begins_alternative(self) -> re.Pattern[str]:
        return re.compile(rf"\s*(?:{'|'.join(self.alternative)})")


@lru_cache(maxsize=1)
def _words() -> _Words:
    return knowledge.document("answers.yaml", _Words)


@dataclass(frozen=True)
class Verdict:
    """The decision on one answer; ``found`` is the quantity read as the answer, ``None`` if there is none."""

    outcome: Outcome
    found: Quantity | None
    detail: str = ""

    @property
    def correct(self) -> bool:
        """Whether the answer is the quantity asked for."""
        return self.outcome == "equal"

    @property
    def reasons(self) -> tuple[str, ...]:
        """The decision in words, with what it rests on."""
        return (f"{self.outcome}: {self.detail}" if self.detail else self.outcome,)


def judge(doc: Mapping[str, Any], output: str) -> Verdict:
    """Judge a generated answer to a figure document (keys ``value``, ``unit``, ``bound``, ``question``, ``answer``)."""
    expected = canonical(Fraction(str(doc["value"])), str(doc["unit"]), str(doc.get("bound") or ""))
    per = next((q.per for q in parse(str(doc.get("answer", ""))) if q.per), "")
    if per in ("月", "日"):
        expected = Quantity(expected.value, expected.unit, expected.bound, per)
    return judge_text(expected, output, question=str(doc.get("question", "")), unit=str(doc["unit"]))


def judge_text(
    expected: Quantity, output: str, *, question: str = "", bounds: bool | None = None, unit: str = ""
) -> Verdict:
    """Judge a generated answer against ``expected``.

    Args:
        expected: the quantity asked for, in canonical units.
        output: the generated text.
        question: the question's text; quantities in it are restatements.
        bounds: whether 以上, 以下, 超, 未満 are part of the answer; default: where ``expected`` has one.
        unit: the unit as the item writes it, for counters that the unit table lacks.
    """
    heard = judged(output)
    plain = shown(heard.text)
    close = close_gaps(plain.text)
    verdict = _judge_plain(expected, close.text, question, bool(expected.bound) if bounds is None else bounds, unit)
    if verdict.found is None:
        return replace(verdict, detail=UNFINISHED) if heard.unfinished else verdict
    start, end = heard.answer.span(*plain.span(*close.span(verdict.found.start, verdict.found.end)))
    return replace(verdict, found=replace(verdict.found, start=start, end=end, text=output[start:end]))


def _judge_plain(expected: Quantity, output: str, question: str, bounded: bool, unit: str) -> Verdict:
    if new := _words().starts_question.search(output, len(output) - len(output.lstrip())):
        output = output[: new.start()]
    asserted, named = _asserted(expected, output, question, unit or expected.unit)
    if not asserted:
        return Verdict("only repeated" if named else "no quantity", None)
    kind = [q for q in asserted if _comparable(q, expected)]
    if not kind:
        return Verdict("wrong unit", asserted[0], asserted[0].text)
    sentence = _sentence_of(output, kind[0])
    here = [q for q in kind if sentence[0] <= q.start < sentence[1]]
    first = here[0]
    other = next((q for q in here if not same(q, first)), None) or _alternative(output, sentence[1], kind, first)
    if other:
        return Verdict("several values", first, f"{first.text}, {other.text}")
    if not same(first, expected):
        return Verdict("another value", first, first.text)
    if bounded and (said := {q.bound for q in here if q.bound}) != {expected.bound}:
        return Verdict("wrong bound", first, f"{'/'.join(sorted(said)) or 'none'}, asked for {expected.bound}")
    return Verdict("equal", first, first.text)


def _asserted(expected: Quantity, output: str, question: str, unit: str) -> tuple[list[Quantity], bool]:
    """The quantities that the output neither repeats from the question nor denies, and whether it names any at all."""
    restated = [q for q in parse(question, unit=unit) if not same(q, expected)]
    found = [q for q in parse(output, unit=unit) if q.unit != BARE]
    denies = _words().denies
    kept = [q for q in found if not denies.match(output, q.end) and not any(same(q, given) for given in restated)]
    return kept, bool(found)


def _alternative(output: str, start: int, kind: list[Quantity], first: Quantity) -> Quantity | None:
    """Another quantity in the sentence from ``start``, where that one begins as an alternative."""
    words = _words()
    if not words.begins_alternative.match(output, start):
        return None
    follow = words.sentence.match(output, start)
    end = follow.end() if follow else len(output)
    return next((q for q in kind if start <= q.start < end and not same(q, first)), None)


def _comparable(found: Quantity, expected: Quantity) -> bool:
    """Same kind of quantity: a 分 may be a rate or minutes; periods in 月, 日 and 営業日 compete with each other."""
    if found.unit == AMBIGUOUS_BU:
        return expected.unit in (RATIO, "時間", AMBIGUOUS_BU)
    if found.unit in _PERIODS and expected.unit in _PERIODS:
        return True
    return found.unit == expected.unit


def _sentence_of(text: str, quantity: Quantity) -> tuple[int, int]:
    sentences = _words().sentence.finditer(text)
    return next((m.span() for m in sentences if m.start() <= quantity.start < m.end()), (0, len(text)))


def expected_quantity(expected: Quantity | str | Mapping[str, Any]) -> Quantity:
    """The quantity an answer is compared with, from itself, from text ("年20％") or from an item's ``quantity`` object.

    Raises:
        ValueError: the text names no quantity, or several different ones.
    """
    if isinstance(expected, Quantity):
        return expected
    if isinstance(expected, str):
        found = parse(expected)
        if not found or any(not same(found[0], other) for other in found):
            raise ValueError(
                f"{expected!r} is not one quantity; expected a number with its unit, like 年20％ or 10億円"
            )
        return found[0]
    return canonical(expected["value"], expected["unit"], expected.get("bound") or "")


def matches(expected: Quantity | str | Mapping[str, Any], text: str, *, bounds: bool | None = None) -> bool:
    """Whether a generated answer asserts ``expected``: see :func:`judge_text`.

    >>> matches("20%", "年二割です。"), matches("20%", "20円"), matches("7年", "5年か7年です。")
    (True, False, False)
    """
    wanted = expected_quantity(expected)
    unit = "" if isinstance(expected, (Quantity, str)) else str(expected["unit"])
    return judge_text(wanted, text, bounds=bounds, unit=unit).correct
