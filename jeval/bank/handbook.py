"""Tables of ``docs/`` that are generated from data: a body between two markers of a page."""

from __future__ import annotations

from pathlib import Path

from jeval.errors import InputError
from jeval.resources import data_path
from jeval.writing import SHARED, write_text


def page(name: str) -> Path:
    """``docs/<name>.md`` of the checkout (a wheel has no ``docs``: the path need not exist)."""
    return data_path().parent / "docs" / f"{name}.md"


def spliced(text: str, table: str, body: str) -> str:
    """``text`` with what stands between the two markers of ``table`` replaced.

    Raises:
        InputError: the markers are not there.
    """
    start, stop = f"<!-- {table}: begin -->", f"<!-- {table}: end -->"
    head, begin, rest = text.partition(start)
    _, end, tail = rest.partition(stop)
    if not begin or not end:
        raise InputError(f"the page lacks the markers {start} and {stop}")
    return f"{head}{start}\n{body}\n{stop}{tail}"


def is_current(name: str, table: str, body: str) -> bool:
    """Whether ``docs/<name>.md`` holds ``body`` between the markers of ``table``."""
    text = page(name).read_text(encoding="utf-8")
    return spliced(text, table, body) == text


def write(name: str, table: str, body: str) -> None:
    """Put ``body`` between the markers of ``table`` in ``docs/<name>.md``.

    Raises:
        InputError: this is not a checkout, or the markers are not there.
    """
    path = page(name)
    if not path.is_file():
        raise InputError(f"no {path}; run this in a checkout")
    write_text(path, spliced(path.read_text(encoding="utf-8"), table, body), mode=SHARED)
