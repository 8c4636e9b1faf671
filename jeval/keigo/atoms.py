"""Atoms: named questions about one morpheme, and the bits that stand for a yes.

They are the rows of ``data/keigo/knowledge/atoms.tsv`` and the word classes of ``lexicon.tsv``. A token is asked once, when it is first
seen; from then on patterns and code ask ``token.mask & bits.ga``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from jeval.errors import InputError
from jeval.keigo.tokens import Token

Test = Callable[[Token], bool]
Condition = tuple[str, str, tuple[str, ...]]  # field, sign, values
Atom = list[Condition]  # all must hold

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
    """The table of atoms, compiled."""

    def __init__(self, rows: Iterable[list[str]], bits: Bits, path: Path) -> None:
        self._atoms: dict[str, list[Atom]] = {}
        self._of_surface: dict[str, int] = {}
        self._of_grammar: dict[tuple[str, str, str], tuple[int, list[tuple[int, Test]]]] = {}
        self._bits = bits
        for name, source, *_ in rows:
            atom = _atom(source, path)
            field, sign, values = atom[0]
            if len(atom) == 1 and field == "surface" and sign == "=":  # many are such: looked up, not tried
                for value in values:
                    self._of_surface[value] = self._of_surface.get(value, 0) | bits[name]
            else:
                self._atoms.setdefault(name, []).append(atom)

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
        for name, atoms in self._atoms.items():
            for atom in atoms:
                if not _all([condition for condition in atom if condition[0] in _GRAMMAR])(token):
                    continue
                rest = [condition for condition in atom if condition[0] not in _GRAMMAR]
                if rest:
                    left.append((self._bits[name], _all(rest)))
                else:
                    mask |= self._bits[name]
        return mask, left

    def test(self, name: str) -> Test:
        """The atom ``name`` alone as a question, for tokens without a mask."""
        tests = [_all(atom) for atom in self._atoms[name]]
        return lambda token: any(test(token) for test in tests)


def atom_test(conditions: str, path: Path) -> Test:
    """The question that the conditions of one row make.

    Raises:
        InputError: a condition cannot be read; names the file.
    """
    return _all(_atom(conditions, path))


def _atom(conditions: str, path: Path) -> Atom:
    atom = []
    for text in conditions.split(" "):
        found = _CONDITION.match(text)
        if not found or found[1] not in _FIELDS:
            raise InputError(f"{path}: condition {text!r}: expected field=value, field^=prefix or field~=part")
        atom.append((found[1], found[2], tuple(found[3].split(","))))
    return atom


def _all(conditions: Atom) -> Test:
    """Whether all conditions hold."""
    steps = [(attrgetter(field), _SIGNS[sign], values) for field, sign, values in conditions]

    def test(token: Token) -> bool:
        for read, holds, values in steps:  # noqa: SIM110 – a loop is twice as fast as all() here
            if not holds(read(token), values):
                return False
        return True

    return test
