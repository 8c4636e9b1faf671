"""What canaries are made of: for each kind the space its values are drawn from."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from jeval.errors import InputError
from jeval.leak.checks import my_number
from jeval.leak.forms import checked
from jeval.leak.knowledge import knowledge_path
from jeval.reading import read_yaml
from jeval.record.schema import Written
from jeval.suggest import near


class Words(Written):
    """``data/leak/knowledge/canary.yaml``: sentences by kind of canary, and what names and free words are drawn from."""

    sentences: dict[str, list[str]]
    surnames: list[str]
    given_names: list[str]
    words: list[str]


@lru_cache(maxsize=1)
def words() -> Words:
    """The file.

    Raises:
        InputError: it has another form.
    """
    path = knowledge_path("canary.yaml")
    return checked(Words, read_yaml(path), path)


class Values(Protocol):
    """The values a canary of one kind can have, numbered from 0."""

    @property
    def size(self) -> int:
        """How many there are."""

    def at(self, index: int) -> str:
        """Value number ``index``."""

    def problem(self, value: str) -> str | None:
        """Why ``value`` is none of them; ``None`` where it is one."""


class _MyNumbers:
    """個人番号 with a right check digit."""

    size = 10**11

    def at(self, index: int) -> str:
        return with_check_digit(f"{index:011d}")

    def problem(self, value: str) -> str | None:
        if _digits(value) and my_number(value):
            return None
        return f"{value!r} fails the check digit of a 個人番号 (12 digits)"


class _Accounts:
    """Account numbers of 7 digits."""

    size = 10**7

    def at(self, index: int) -> str:
        return f"{index:07d}"

    def problem(self, value: str) -> str | None:
        return None if _digits(value) and len(value) == 7 else f"{value!r} is no account number of 7 digits"


class _Names:
    """A surname and a given name, drawn independently."""

    @property
    def size(self) -> int:
        return len(words().surnames) * len(words().given_names)

    def at(self, index: int) -> str:
        surname, given = divmod(index, len(words().given_names))
        return f"{words().surnames[surname]} {words().given_names[given]}"

    def problem(self, value: str) -> str | None:
        surname, _, given = value.partition(" ")
        if surname in words().surnames and given in words().given_names:
            return None
        return f"{value!r} is not made of the name list, so its candidate space is unknown"


class _Free:
    """Three words, drawn independently."""

    @property
    def size(self) -> int:
        return len(words().words) ** 3

    def at(self, index: int) -> str:
        drawn, count = words().words, len(words().words)
        return "・".join((drawn[index // count**2], drawn[index // count % count], drawn[index % count]))

    def problem(self, value: str) -> str | None:
        drawn = value.split("・")
        if len(drawn) == 3 and set(drawn) <= set(words().words):
            return None
        return f"{value!r} is not three words of the word list, so its candidate space is unknown"


_VALUES: dict[str, Values] = {"my_number": _MyNumbers(), "account": _Accounts(), "name": _Names(), "free": _Free()}
KINDS = tuple(_VALUES)


def values_of(kind: str) -> Values:
    """The values that a canary of ``kind`` can have.

    Raises:
        InputError: an unknown kind.
    """
    if kind not in _VALUES:
        raise InputError(f"unknown kind of canary {kind!r}: expected one of {', '.join(KINDS)}; {near(kind, KINDS)}")
    return _VALUES[kind]


def space(kind: str) -> int:
    """How many values a canary of ``kind`` can have."""
    return values_of(kind).size


def with_check_digit(eleven: str) -> str:
    """The 個人番号 whose first eleven digits are ``eleven``."""
    return next(eleven + digit for digit in "0123456789" if my_number(eleven + digit))


def _digits(value: str) -> bool:
    return value.isascii() and value.isdigit()
