r"""Which quantity a generated answer asserts, and whether it is the one asked for.

The rule, in the order applied:

0. A thought (``<think>`` to ``</think>``) is no answer; one that never ends leaves none. Marks of Markdown and LaTeX (``**7**年``,
   ``\boxed{20\%}``, ``\frac{1}{2}``) are read as what they show.
1. The answer ends where the model starts a new question of its own.
2. The first sentence decides that names a quantity of the kind asked for (or, if none does, the first that names any).
3. Quantities that the question already names are restatements and do not count; nor do denied ones (5年ではなく7年).
4. What is left must be one quantity. Two different ones of the kind asked for are a hedge, and a hedge is wrong, also where
   the next sentence begins with または, あるいは or もしくは.
5. A number without a unit is no quantity: the question asks for both, and a wrong unit is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from jeval.finreg.quantity import Quantity, canonical, parse, same
from jeval.finreg.units import AMBIGUOUS_BU, BARE, RATIO

_NEW_QUESTION = re.compile(r"\n\s*(?:問|質問|次の問い|Q\s*[::0-9]|Question)")
# A full-width point between digits is a decimal point.
_SENTENCE = re.compile(r"(?:[^。．!！?？\n]|(?<=[0-9０-９])．(?=[0-9０-９]))*[。．!！?？\n]?")
# 7年ではない, 7年は誤り; but 7年でなければならない and 7年ではないでしょうか assert it.
_DENIED = re.compile(
    r"\s*(?:以上|以下|未満|超|以内)?\s*(?:(?:では?|じゃ)な(?!ければ|きゃ|くてはな|いと(?:いけ|なり|なら|だめ)|い(?:でしょう|だろう|か))|とは限|とは(?:言|い)え"
    r"|では?あり?ませ(?!んか|んでしょう)|というわけでは|[はも](?:誤り|間違|不正解|違))"
)
_THOUGHT = re.compile(r"\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
# What Markdown and LaTeX add to the text that a reader sees. {a}{b} of a fraction become a/b.
_MARKUP = re.compile(
    r"\\[dt]?frac\s*\{(?P<over>[^{}]*)\}\s*\{(?P<under>[^{}]*)\}|\\(?:boxed|text|mathrm|mathbf|textbf)\s*\{|\\[()\[\],;! ]|\\(?=%)"
    r"|\*{1,3}(?=\S)|(?<=\S)\*{1,3}|`+|\$+|\}"
)
_ALTERNATIVE = re.compile(r"\s*(?:または|又は|もしくは|若しくは|あるいは|或いは|ないしは|もしかする)")


Outcome = Literal[
    "equal", "another value", "wrong unit", "several values", "wrong bound", "no quantity", "only repeated"
]


@dataclass(frozen=True)
class Verdict:
    """The decision on one answer; ``found`` is the quantity read as the answer, ``None`` if there is none."""

    outcome: Outcome
    found: Quantity | None
    detail: str = ""

    @property
    def correct(self) -> bool:
        return self.outcome == "equal"

    @property
    def reasons(self) -> tuple[str, ...]:
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
    plain, places = shown(output)
    verdict = _judge_plain(expected, plain, question, bool(expected.bound) if bounds is None else bounds, unit)
    if verdict.found is None:
        endless = "<think>" in output and "</think>" not in output
        return replace(verdict, detail="the thought does not end") if endless else verdict
    start, end = places[verdict.found.start], places[verdict.found.end - 1] + 1
    return replace(verdict, found=replace(verdict.found, start=start, end=end, text=output[start:end]))


def shown(output: str) -> tuple[str, list[int]]:
    """The output as a reader sees it (no thought, no marks of Markdown and LaTeX), and the place of every character in it."""
    text = ""
    places: list[int] = []
    position = thought.end() if (thought := _THOUGHT.match(output)) else 0

    def take(start: int, end: int) -> None:
        nonlocal text
        text += output[start:end]
        places.extend(range(start, end))

    for mark in _MARKUP.finditer(output, position):
        take(position, mark.start())
        if mark["over"] is not None:
            take(*mark.span("over"))
            text += "/"
            places.append(mark.start())
            take(*mark.span("under"))
        position = mark.end()
    take(position, len(output))
    return text, places


def _judge_plain(expected: Quantity, output: str, question: str, bounded: bool, unit: str) -> Verdict:
    if new := _NEW_QUESTION.search(output, len(output) - len(output.lstrip())):
        output = output[: new.start()]
    unit = unit or expected.unit
    restated = [q for q in parse(question, unit=unit) if not same(q, expected)]
    found = [q for q in parse(output, unit=unit) if q.unit != BARE]
    asserted = [q for q in found if not _DENIED.match(output, q.end) and not any(same(q, given) for given in restated)]
    if not asserted:
        return Verdict("only repeated" if found else "no quantity", None)
    kind = [q for q in asserted if _comparable(q, expected)]
    if not kind:
        return Verdict("wrong unit", asserted[0], asserted[0].text)
    sentence = _sentence_of(output, kind[0])
    here = [q for q in kind if sentence[0] <= q.start < sentence[1]]
    first = here[0]
    if hedge := next((q for q in here if not same(q, first)), None):
        return Verdict("several values", first, f"{first.text}, {hedge.text}")
    if _ALTERNATIVE.match(output, sentence[1]):
        follow = _sentence_of_offset(output, sentence[1])
        other = next((q for q in kind if follow[0] <= q.start < follow[1] and not same(q, first)), None)
        if other:
            return Verdict("several values", first, f"{first.text}, {other.text}")
    if not same(first, expected):
        return Verdict("another value", first, first.text)
    if bounded:
        said = {q.bound for q in here if q.bound}
        if said != {expected.bound}:
            return Verdict("wrong bound", first, f"{'/'.join(sorted(said)) or 'none'}, asked for {expected.bound}")
    return Verdict("equal", first, first.text)


def _comparable(found: Quantity, expected: Quantity) -> bool:
    """Same kind of quantity: a 分 may be a rate or minutes; periods in 月, 日 and 営業日 compete with each other."""
    periods = {"月", "日", "営業日", "時間", AMBIGUOUS_BU}
    if found.unit == AMBIGUOUS_BU:
        return expected.unit in (RATIO, "時間", AMBIGUOUS_BU)
    if found.unit in periods and expected.unit in periods:
        return True
    return found.unit == expected.unit


def _sentence_of(text: str, quantity: Quantity) -> tuple[int, int]:
    return next((m.span() for m in _SENTENCE.finditer(text) if m.start() <= quantity.start < m.end()), (0, len(text)))


def _sentence_of_offset(text: str, offset: int) -> tuple[int, int]:
    match = _SENTENCE.match(text, offset)
    return match.span() if match else (offset, len(text))


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
