"""A small language for sequences of morphemes, so that a rule is one line of data.

Atoms (``data/keigo/knowledge/atoms.tsv`` and the classes of ``lexicon.tsv``) are predicates on one morpheme; a token
carries the set of atoms it satisfies as bits. A pattern is a list of steps parted by spaces:

=============  ==========================================================
``a``          a morpheme that is ``a``
``a|b``        ``a`` or ``b``
``a&b``        both; ``a&!b`` the first and not the second
``a?`` ``a*``  optional; any number of times
``[`` ``]``    where the reported span starts and ends (default: all)
``(?=a)``      the next morpheme is ``a``; ``(?!a)`` it is not
``(?<=a)``     the morpheme before is ``a``; ``(?<!a)`` it is not
=============  ==========================================================

Matching starts only at tokens that satisfy the first step, longest repetition first, with backtracking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jeval.errors import InputError
from jeval.keigo.atoms import Bits
from jeval.keigo.tokens import Token

Test = tuple[tuple[int, int], ...]  # alternatives of (all of these bits, none of these)
Match = tuple[int, int, int, int]  # tokens: match start, match end, span start, span end
_LOOK = re.compile(r"\(\?(<?[=!])(.+)\)$")


class Tests:
    """The tests of all patterns, each with a bit of its own, so that a token is tested once, when it is first seen."""

    def __init__(self) -> None:
        self._bit_of: dict[Test, int] = {}

    def bit(self, test: Test) -> int:
        return self._bit_of.setdefault(test, 1 << len(self._bit_of))

    def passed(self, mask: int) -> int:
        """Bits of the tests that a token with these atoms passes."""
        passed = 0
        for test, bit in self._bit_of.items():
            for need, ban in test:
                if mask & need == need and not mask & ban:
                    passed |= bit
                    break
        return passed


class Step:
    """One step: ``kind`` is ``one``, ``opt``, ``many``, ``open``, ``close``, ``=``, ``!``, ``<=`` or ``<!``."""

    __slots__ = ("kind", "test")

    def __init__(self, kind: str, test: int = 0) -> None:
        self.kind = kind
        self.test = test


class Pattern:
    """A compiled pattern.

    ``head`` is the test of the first token; a caller tries tokens that pass it. ``needs`` holds the tests that some
    token of the sentence must pass, ``second`` that of the token after the first: both spare nearly all matches.
    """

    def __init__(self, source: str, bits: Bits, tests: Tests) -> None:
        self.source = source
        self.steps = [_step(part, bits, tests, source) for part in source.split()]
        self.head = next((step.test for step in self.steps if step.kind == "one"), 0)
        if not self.head or any(step.kind in {"opt", "many"} for step in self._before_head()):
            raise InputError(f"pattern {source!r}: the first morpheme must not be optional")
        self.second = self._second()
        self.needs = 0
        for step in self.steps:
            if step.kind == "one":
                self.needs |= step.test

    def _before_head(self) -> list[Step]:
        index = next(i for i, step in enumerate(self.steps) if step.kind == "one")
        return self.steps[:index]

    def _second(self) -> int:
        """Test of the morpheme after the first, 0 when it may be missing."""
        index = next(i for i, step in enumerate(self.steps) if step.kind == "one")
        for step in self.steps[index + 1 :]:
            if step.kind == "one":
                return step.test
            if step.kind not in {"open", "close"}:
                return 0
        return 0

    def match(self, tokens: Sequence[Token], start: int) -> Match | None:
        """The match that starts at token ``start``."""
        marks = [start, -1]
        end = self._match(tokens, start, 0, marks)
        if end is None:
            return None
        return start, end, marks[0], marks[1] if marks[1] >= 0 else end

    def _match(self, tokens: Sequence[Token], at: int, step_index: int, marks: list[int]) -> int | None:
        steps = self.steps
        while step_index < len(steps):
            step = steps[step_index]
            kind, test = step.kind, step.test
            step_index += 1
            if kind == "one":
                if at >= len(tokens) or not tokens[at].tests & test:
                    return None
                at += 1
            elif kind == "open":
                marks[0] = at
            elif kind == "close":
                marks[1] = at
            elif kind in {"opt", "many"}:
                last = at
                limit = at + 1 if kind == "opt" else at + 12
                while last < len(tokens) and last < limit and tokens[last].tests & test:
                    last += 1
                for stop in range(last, at, -1):
                    kept = list(marks)
                    end = self._match(tokens, stop, step_index, marks)
                    if end is not None:
                        return end
                    marks[:] = kept
            else:
                where = at - 1 if kind[0] == "<" else at
                held = 0 <= where < len(tokens) and bool(tokens[where].tests & test)
                if held != (kind[-1] == "="):
                    return None
        return at


def _step(part: str, bits: Bits, tests: Tests, source: str) -> Step:
    if part in "[]":
        return Step("open" if part == "[" else "close")
    look = _LOOK.match(part)
    if look:
        return Step(look[1], tests.bit(_test(look[2], bits, source)))
    if part.endswith(("?", "*")):
        return Step("opt" if part[-1] == "?" else "many", tests.bit(_test(part[:-1], bits, source)))
    return Step("one", tests.bit(_test(part, bits, source)))


def _test(text: str, bits: Bits, source: str) -> Test:
    alternatives = []
    for alternative in text.split("|"):
        need = ban = 0
        for name in alternative.split("&"):
            try:
                if name.startswith("!"):
                    ban |= bits[name[1:]]
                else:
                    need |= bits[name]
            except KeyError:
                raise InputError(f"pattern {source!r}: no atom or word class named {name!r}") from None
        alternatives.append((need, ban))
    return tuple(alternatives)
