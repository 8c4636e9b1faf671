"""Files of knowledge, items and labels: TSV, JSON Lines, JSON and YAML, one reader of each.

Every error names the file, the line where there is one, what was expected and the next step.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from jeval.errors import InputError

Row = dict[str, Any]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


MAX_JSON = 64 << 20
"""Bytes of a JSON document."""


def check_regular(path: Path, *, what: str = "file") -> None:
    """That ``path`` is a file whose reading ends: no FIFO, no device.

    Raises:
        InputError: it is none.
        OSError: it is not there.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise InputError(f"{what} {path} is no regular file; expected one that can be read to its end")


def read_text(path: Path, *, what: str = "file") -> str:
    """The text of a UTF-8 file, without the byte order mark that Windows puts before it.

    Args:
        what: how an error calls it ("canary file", "corpus").

    Raises:
        InputError: it is not there, cannot be opened, or is not UTF-8.
    """
    try:
        check_regular(path, what=what)
        return path.read_text(encoding="utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as err:
        raise InputError(f"{what} {path} is not UTF-8 (byte {err.start}); save it as UTF-8") from err
    except OSError as err:
        raise InputError(f"{what} {path} cannot be read ({err.strerror or err}); check the path") from err


def read_tsv(path: Path, columns: int | Sequence[str]) -> list[list[str]]:
    """The rows of a tab-separated table; lines that are empty or begin with ``#`` are passed over.

    Args:
        columns: how many columns a row has at least, or their names: the first row must then be exactly these, every other
            has as many.

    Raises:
        InputError: a row of the wrong width, or another heading.
    """
    rows: list[list[str]] = []
    names = None if isinstance(columns, int) else list(columns)
    for number, line in _lines(read_text(path)):
        if line.startswith("#"):
            continue
        row = line.split("\t")
        if names is not None and not rows and row != names:
            raise InputError(f"{path}:{number}: expected the columns {', '.join(names)}, found {', '.join(row)}")
        narrow = len(row) < columns if isinstance(columns, int) else len(row) != len(columns)
        if narrow:
            wanted = columns if isinstance(columns, int) else len(columns)
            raise InputError(
                f"{path}:{number}: expected {wanted} tab-separated columns, found {len(row)}; mend the line"
            )
        rows.append(row)
    return rows[1:] if names is not None else rows


def read_jsonl(path: Path, *, unique: str = "", what: str = "file") -> list[Row]:
    """The objects of a JSON Lines file, in order; empty lines are passed over.

    Args:
        unique: a key whose value may not occur twice.
        what: how an error calls the file.

    Raises:
        InputError: a line is not a JSON object, or repeats a key that is to be unique.
    """
    return [row for _, row in numbered_jsonl(path, unique=unique, what=what)]


def numbered_jsonl(path: Path, *, unique: str = "", what: str = "file") -> list[tuple[int, Row]]:
    """As :func:`read_jsonl`, each object with the number of its line."""
    rows: list[tuple[int, Row]] = []
    seen: dict[Any, int] = {}
    for number, line in _lines(read_text(path, what=what)):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as err:
            detail = getattr(err, "msg", "nested too deeply, or a number of too many digits")
            raise InputError(f"{path}:{number}: not JSON ({detail}); expected one object a line") from err
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: expected a JSON object, got {type(row).__name__}")
        if unique and unique in row and (first := seen.setdefault(row[unique], number)) != number:
            raise InputError(f"{path}:{number}: {unique} {row[unique]!r} occurs twice, first in line {first}")
        rows.append((number, row))
    return rows


def read_json(path: Path, *, what: str = "file") -> Row:
    """The object of a JSON file.

    Raises:
        InputError: not JSON, or no object.
    """
    if path.is_file() and path.stat().st_size > MAX_JSON:
        raise InputError(
            f"{what} {path} has {path.stat().st_size} bytes; expected at most {MAX_JSON}; mend or make it again"
        )
    try:
        value = json.loads(read_text(path, what=what))
    except (ValueError, RecursionError) as err:  # a number of too many digits is a ValueError
        raise InputError(f"{what} {path} is not JSON ({' '.join(str(err).split())}); mend or make it again") from err
    if not isinstance(value, dict):
        raise InputError(f"{what} {path} holds {type(value).__name__}; expected a JSON object")
    return value


def read_yaml(path: Path, *, what: str = "file") -> Any:
    """The document of a YAML file.

    Raises:
        InputError: not YAML; names the line.
    """
    try:
        return yaml.load(read_text(path, what=what), Loader=_Loader)
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError(f"{where}: not YAML ({' '.join(str(err).split())[:200]}); mend the line") from err


def dump_jsonl(rows: Iterable[Mapping[str, Any]]) -> str:
    """JSON Lines as the data files hold them."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def dump_json(value: Any, indent: int = 1) -> str:
    """JSON as the data files hold it."""
    return json.dumps(value, ensure_ascii=False, indent=indent) + "\n"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank. Only line feeds end a line: U+2028 and the like may stand inside a JSON string."""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if line.strip():
            yield number, line


def is_plain(root: Path, *below: str) -> bool:
    """Whether ``root/below…`` is a regular file, and neither it nor a folder below ``root`` a link: it is of the folder, not of
    elsewhere, and reading it ends.
    """
    path = root
    try:
        for name in below:
            path = path / name
            if path.is_symlink():
                return False
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False
