"""The judges' tables, ``data/keigo/knowledge/judge/``: expressions and word classes by name, and the rows of the others."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from jeval.errors import InputError
from jeval.keigo.atoms import atom_test
from jeval.keigo.tokens import Token
from jeval.reading import read_tsv
from jeval.resources import data_path

_REFERENCE = re.compile(r"\(\?&(\w+)\)")


def table(name: str, columns: int = 2) -> list[list[str]]:
    """The rows of one table, each with at least ``columns`` columns.

    Raises:
        InputError: a row is too narrow; names the file and the line.
    """
    return read_tsv(table_path(name), columns)


def table_path(name: str) -> Path:
    """Where a table lies."""
    return data_path("keigo", "knowledge", "judge", name)


def expression(name: str) -> re.Pattern[str]:
    """The regular expression of that name (``expressions.tsv``); KeyError when there is none."""
    return expressions()[name]


def word_class(name: str) -> frozenset[str]:
    """The words of that class (``lexicon.tsv``); KeyError when there is none."""
    return word_classes()[name]


@lru_cache(maxsize=1)
def expressions() -> dict[str, re.Pattern[str]]:
    """Every named expression. ``(?&name)`` in one stands for an expression of an earlier line."""
    found: dict[str, re.Pattern[str]] = {}
    for name, source, *_ in table("expressions.tsv"):
        where = f"{table_path('expressions.tsv')}: {name}"
        for reference in _REFERENCE.findall(source):
            if reference not in found:
                raise InputError(f"{where}: no earlier expression is named {reference!r}")
            source = source.replace(f"(?&{reference})", f"(?:{found[reference].pattern})")
        found[name] = compiled(source, where)
    return found


@lru_cache(maxsize=1)
def word_classes() -> dict[str, frozenset[str]]:
    """Every word class."""
    return {name: frozenset(words.split()) for name, words, *_ in table("lexicon.tsv")}


@lru_cache(maxsize=1)
def atoms() -> list[tuple[str, Callable[[Token], bool]]]:
    """What a token's own features tell: the name of a kind and its test, several tests of one name being alternatives."""
    return [(name, atom_test(conditions, table_path("atoms.tsv"))) for name, conditions, *_ in table("atoms.tsv")]


def compiled(source: str, where: str) -> re.Pattern[str]:
    """``source`` compiled.

    Raises:
        InputError: it is no regular expression; ``where`` says whose it is.
    """
    try:
        return re.compile(source)
    except re.error as err:
        raise InputError(f"{where}: not a regular expression ({err}); mend the line") from err
