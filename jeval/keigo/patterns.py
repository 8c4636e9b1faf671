"""A small language for sequences of morphemes, so that a rule is one line of data.

Atoms (``data/keigo/atoms.tsv`` and the classes of ``lexicon.tsv``) are predicates on one morpheme; a token carries the set
of atoms it satisfies as bits. A pattern is a list of steps parted by spaces:

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
from collections.abc import Callable, Sequence

from jeval.errors import InputError
from jeval.keigo.tokens import Token

Test = tuple[tuple[int, int], ...]  # alternatives of (all of these bits, none of these)
_LOOK = re.compile(r"\(\?(<?[=!])(.+)\)$")


def satisfies(mask: int, test: Test) -> bool:
    """Whether a token with these atoms passes."""
    return any(mask & need == need and not mask & ban for need, ban in test)


class Step:
    """One step: ``kind`` is ``one``, ``opt``, ``many``, ``open``, ``close``, ``=``, ``!``, ``<=`` or ``<!``."""

    __slots__ = ("kind", "test")

    def __init__(self, kind: str, test: Test = ()) -> None:
        self.kind = kind
        self.test = test


class Pattern:
    """A compiled pattern; ``match`` answers ``(start, end, span start, span end)`` in token indices, or ``None``."""

    def __init__(self, source: str, bit: Callable[[str], int]) -> None:
        self.source = source
        self.steps = [_step(part, bit, source) for part in source.split()]
        self.head = next((step.test for step in self.steps if step.kind == "one"), ())
        if not self.head or any(step.kind in {"opt", "many"} for step in self._before_head()):
            raise InputError(f"pattern {source!r}: the first morpheme must not be optional")

    def _before_head(self) -> list[Step]:
        index = next(i for i, step in enumerate(self.steps) if step.kind == "one")
        return self.steps[:index]

    def match(self, tokens: Sequence[Token], start: int) -> tuple[int, int, int, int] | None:
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
                if at >= len(tokens) or not satisfies(tokens[at].mask, test):
                    return None
                at += 1
            elif kind == "open":
                marks[0] = at
            elif kind == "close":
                marks[1] = at
            elif kind in {"opt", "many"}:
                last = at
                limit = at + 1 if kind == "opt" else at + 12
                while last < len(tokens) and last < limit and satisfies(tokens[last].mask, test):
                    last += 1
                for stop in range(last, at, -1):
                    kept = list(marks)
                    end = self._match(tokens, stop, step_index, marks)
                    if end is not None:
                        return end
                    marks[:] = kept
            else:
                where = at - 1 if kind[0] == "<" else at
                held = 0 <= where < len(tokens) and satisfies(tokens[where].mask, test)
                if held != (kind[-1] == "="):
                    return None
        return at


def _step(part: str, bit: Callable[[str], int], source: str) -> Step:
    if part in "[]":
        return Step("open" if part == "[" else "close")
    look = _LOOK.match(part)
    if look:
        return Step(look[1], _test(look[2], bit, source))
    if part.endswith(("?", "*")):
        return Step("opt" if part[-1] == "?" else "many", _test(part[:-1], bit, source))
    return Step("one", _test(part, bit, source))


def _test(text: str, bit: Callable[[str], int], source: str) -> Test:
    alternatives = []
    for alternative in text.split("|"):
        need = ban = 0
        for name in alternative.split("&"):
            try:
                if name.startswith("!"):
                    ban |= bit(name[1:])
                else:
                    need |= bit(name)
            except KeyError:
                raise InputError(f"pattern {source!r}: no atom or word class named {name!r}") from None
        alternatives.append((need, ban))
    return tuple(alternatives)
