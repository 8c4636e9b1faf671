"""The tables of the room: ``data/finreg/knowledge``. Each says in its first lines what it is; code interprets it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from jeval.errors import InputError
from jeval.reading import read_tsv, read_yaml
from jeval.resources import data_path

T = TypeVar("T")


def path(name: str) -> Path:
    """``data/finreg/knowledge/<name>``."""
    return data_path("finreg", "knowledge", name)


def table(name: str, columns: Sequence[str]) -> list[list[str]]:
    """The rows of a table with these columns.

    Raises:
        InputError: another heading, or a row of another width; names file and line.
    """
    return read_tsv(path(name), columns)


def document(name: str, kind: type[T]) -> T:
    """A YAML file as what it is.

    Raises:
        InputError: not YAML (names the line), or of another form (names the place).
    """
    try:
        return TypeAdapter(kind).validate_python(read_yaml(path(name)))
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{path(name)}: {place}: {first['msg']}, found {first['input']!r}; mend the entry") from err
