"""Atoms: named questions about one morpheme, and the bits that stand for a yes.

They are the rows of ``data/keigo/knowledge/atoms.tsv`` and the word classes of ``lexicon.tsv``. A token is asked once,
when it is first seen; from then on patterns and code ask ``token.mask & bits.ga``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jeval.errors import InputError
from jeval.keigo.tokens import Token

Test = Callable[[Token], bool]

_GRAMMAR = ("pos", "c_type", "c_form")  # of few values: what they decide is decided once
_FIELDS = {*_GRAMMAR, "surface", "lemma", "l_form", "orth_base", "goshu"}
_CONDITION = re.compile(r"(\w+)(\^=|\$=|~=|!=|=)(\S+)$")
_SIGNS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "=": lambda value, wanted: value in wanted,
    "!=": lambda value, wanted: value not in wanted,
    "^=": str.startswith,
    "$=": str.endswith,
    "~=": lambda value, wanted: any(part in value for part in wanted),
}


class Condition(NamedTuple):
    """``field`` of a token, compared with ``values`` as ``sign`` says."""

    field: str
    sign: str
    values: tuple[str, ...]


class Bits:
    """One bit for every atom and word class: ``bits.pfx``, or ``bits["pfx"]`` where the name is data (KeyError)."""

    def __init__(self, names: Iterable[str]) -> None:
        for name in names:
            vars(self).setdefault(name, 1 << len(vars(self)))

    def __getitem__(self, name: str) -> int:
        return int(vars(self)[name])

    if TYPE_CHECKING:  # the attributes are data; a real __getattr__ would make each of them slow

        def __getattr__(self, name: str) -> int: ...


class Atoms:
    """The table of atoms, compiled: each row a list of conditions that must all hold."""

    def __init__(self, rows: Iterable[list[str]], bits: Bits, path: Path) -> None:
        self._rows = [(name, _conditions(source, path)) for name, source, *_ in rows]
        self._asked: list[tuple[int, list[Condition]]] = []
        self._of_surface: dict[str, int] = {}
        self._of_grammar: dict[tuple[str, str, str], tuple[int, list[tuple[int, Test]]]] = {}
        for name, conditions in self._rows:
            first = conditions[0]
            if len(conditions) == 1 and first.field == "surface" and first.sign == "=":  # looked up, not tried
                for value in first.values:
                    self._of_surface[value] = self._of_surface.get(value, 0) | bits[name]
            else:
                self._asked.append((bits[name], conditions))

    def mask(self, token: Token) -> int:
        """The bits of the atoms that hold for ``token``."""
        grammar = (token.pos, token.c_type, token.c_form)
        if grammar not in self._of_grammar:
            self._of_grammar[grammar] = self._decided(token)
        mask, left = self._of_grammar[grammar]
        mask |= self._of_surface.get(token.surface, 0)
        for bit, test in left:
            if test(token):
                mask |= bit
        return mask

    def _decided(self, token: Token) -> tuple[int, list[tuple[int, Test]]]:
        """What part of speech and inflection decide for all tokens like ``token``, and what is left to ask of each."""
        mask, left = 0, []
        for bit, conditions in self._asked:
            if _all([condition for condition in conditions if condition.field in _GRAMMAR])(token):
                rest = [condition for condition in conditions if condition.field not in _GRAMMAR]
                if rest:
                    left.append((bit, _all(rest)))
                else:
                    mask |= bit
        return mask, left

    def test(self, name: str) -> Test:
        """The atom ``name`` alone as a question, for tokens without a mask."""
        tests = [_all(conditions) for row, conditions in self._rows if row == name]
        return lambda token: any(test(token) for test in tests)


def atom_test(conditions: str, path: Path) -> Test:
    """The question that the conditions of one row make.

    Raises:
        InputError: a condition cannot be read; names the file.
    """
    return _all(_conditions(conditions, path))


def _conditions(source: str, path: Path) -> list[Condition]:
    conditions = []
    for text in source.split(" "):
        found = _CONDITION.match(text)
        if not found or found[1] not in _FIELDS:
            raise InputError(f"{path}: condition {text!r}: expected field=value, field^=prefix or field~=part")
        conditions.append(Condition(found[1], found[2], tuple(found[3].split(","))))
    return conditions


def _all(conditions: list[Condition]) -> Test:
    """Whether all conditions hold."""
    steps = [(attrgetter(field), _SIGNS[sign], values) for field, sign, values in conditions]

    def test(token: Token) -> bool:
        for read, holds, values in steps:  # noqa: SIM110 – a loop is twice as fast as all() here
            if not holds(read(token), values):
                return False
        return True

    return test
