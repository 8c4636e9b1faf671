"""The tables of ``data/leak/knowledge``: words and notations, which code interprets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from jeval.errors import InputError
from jeval.reading import read_tsv, read_yaml
from jeval.resources import data_path


def knowledge_path(name: str) -> Path:
    """``data/leak/knowledge/<name>``."""
    return data_path("leak", "knowledge", name)


def table(name: str, *columns: str) -> list[list[str]]:
    """The rows of a table.

    Raises:
        InputError: other columns, or a row of another width; names the line.
    """
    return read_tsv(knowledge_path(name), columns)


def by_class(name: str, columns: tuple[str, str], classes: Iterable[str]) -> dict[str, list[str]]:
    """A table of two columns as lists: what stands in the first → what stands beside it, in order.

    Args:
        classes: what must stand in the first column at least once.

    Raises:
        InputError: a class is missing; or as :func:`table`.
    """
    lists: dict[str, list[str]] = {}
    for first, second in table(name, *columns):
        lists.setdefault(first, []).append(second)
    _expect(name, lists, classes)
    return lists


def word_lists(name: str, keys: Iterable[str]) -> dict[str, list[str]]:
    """A YAML file of word lists.

    Args:
        keys: the lists it must hold.

    Raises:
        InputError: a list is missing, or something is no list of words.
    """
    lists = read_yaml(knowledge_path(name))
    _expect(name, lists, keys)
    for key, words in lists.items():
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            raise InputError(f"{knowledge_path(name)}: {key} is {str(words)[:40]!r}; expected a list of words")
    return dict(lists)


def _expect(name: str, lists: object, keys: Iterable[str]) -> None:
    missing = [key for key in keys if not isinstance(lists, Mapping) or key not in lists]
    if missing:
        raise InputError(f"{knowledge_path(name)}: {', '.join(missing)} is missing; add it")


def any_of(words: Iterable[str]) -> str:
    """A regular expression of any of these words, the longest first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def pattern_of(name: str, pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A regular expression that a table holds.

    Raises:
        InputError: it is none.
    """
    try:
        return re.compile(pattern, flags)
    except re.error as err:
        raise InputError(f"{knowledge_path(name)}: {pattern[:60]!r} is no regular expression ({err}); mend it") from err
