"""JSON and JSON Lines: every string value by itself, keys left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from jeval.errors import InputError
from jeval.keigo.files.escapes import from_backslashes
from jeval.keigo.files.segments import APART, Cutting, Places, Segment
from jeval.keigo.files.wraps import unwrap

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')


def read(text: str, name: str) -> Iterator[Segment]:
    """The string values of a document.

    Raises:
        InputError: not JSON; names the line.
    """
    _check(text, name, 1)
    return _values(text, 0, len(text))


def read_lines(text: str, name: str) -> Iterator[Segment]:
    """The string values of a document a line.

    Raises:
        InputError: a line is not JSON.
    """
    places = Places(text)
    for index in range(len(places)):
        start, end = places.line(index)
        if text[start:end].strip():
            _check(text[start:end], name, index + 1)
            yield from _values(text, start, end)


def _check(text: str, name: str, line: int) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as err:
        raise InputError(f"{name}:{line + err.lineno - 1}:{err.colno}: not JSON ({err.msg}); mend it") from err
    except (ValueError, RecursionError) as err:
        raise InputError(f"{name}:{line}: nested too deeply, or a number of too many digits; split the file") from err


def _values(text: str, start: int, end: int) -> Iterator[Segment]:
    """In what is JSON, strings are what stands between quotation marks, and keys those before a colon."""
    for found in _STRING.finditer(text, start, end):
        if found[2] is None and not (found[1].isascii() and "\\" not in found[1]):
            cutting = Cutting()
            from_backslashes(text, *found.span(1), cutting)
            yield unwrap(cutting.segment(APART))
