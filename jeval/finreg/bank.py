"""The item bank: every file below ``data/finreg/items`` read, checked and laid out for the tasks.

Which template an item gets and where its right answer stands is decided here, by the rank of the item's hashed id
within its kind and suite: every (template, position) pair is used equally often (± 1), nothing depends on file order,
and a habit of preferring one position earns exactly chance.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.finreg.schema import Case, Choice, Figure, Statement, parse_item
from jeval.resources import data_path

AnyItem = Statement | Choice | Case | Figure


def item_folder() -> Path:
    return data_path("finreg", "items")


def item_files(folder: Path | None = None, kind: str = "*", suite: str = "*") -> list[Path]:
    """Item files ``<kind>.<suite>.<part>.jsonl``, sorted by name."""
    return sorted((folder or item_folder()).glob(f"{kind}.{suite}.*.jsonl"))


def read_rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Line numbers and objects of one file.

    Raises:
        InputError: a line is not a JSON object, or the file is not UTF-8.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"item file {path} cannot be read ({err}); expected UTF-8 JSON Lines") from err
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as err:
            raise InputError(f"{path.name}:{number}: not JSON ({err.msg}); expected one object a line") from err
        if not isinstance(row, dict):
            raise InputError(f"{path.name}:{number}: expected a JSON object, got {type(row).__name__}")
        rows.append((number, row))
    return rows


def load(folder: Path | None = None) -> tuple[AnyItem, ...]:
    """Every item of a folder (default: the packed bank) or of one file, in the order of file and line.

    Raises:
        InputError: an item breaks the schema, an id occurs twice, an item stands in the file of another kind or suite, a
            file has no name of an item file, or there is no item.
    """
    place = folder or item_folder()
    files = [place] if place.is_file() else item_files(place)
    if not files:
        raise InputError(f"no item files in {place}; expected files named <kind>.<suite>.<part>.jsonl")
    if place.is_dir() and (other := sorted({*place.glob("*.jsonl")} - {*files})):
        raise InputError(
            f"item file {other[0]}: expected a name like <kind>.<suite>.<part>.jsonl; rename it or move it away"
        )
    items = _load(not place.is_file(), tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))
    if not items:
        raise InputError(f"no items in {place}; expected one JSON object a line")
    return items


@lru_cache(maxsize=8)
def _load(named: bool, files: tuple[tuple[Path, int, int], ...]) -> tuple[AnyItem, ...]:
    """The items of ``files`` (with time and size, so that an edited file is read again)."""
    items: list[AnyItem] = []
    places: dict[str, str] = {}
    for path, _, _ in files:
        for number, row in read_rows(path):
            where = f"{path.name}:{number}"
            item = parse_item(row, where)
            if (first := places.setdefault(item.id, where)) != where:
                raise InputError(f"item {item.id!r} ({where}): the id occurs twice, first in {first}; ids are unique")
            if named and not path.name.startswith(f"{item.kind}.{item.suite}."):
                raise InputError(
                    f"item {item.id!r} ({where}): a {item.kind}/{item.suite} item in a file of another kind"
                )
            items.append(item)
    return tuple(items)


def select(items: Iterable[AnyItem], kind: str, suite: str) -> list[AnyItem]:
    return [item for item in items if item.kind == kind and item.suite == suite]


@dataclass(frozen=True)
class Layout:
    """How one item is shown: template number, and place (0–3; 0–1 for statements) of the right answer."""

    template: int
    position: int


def layouts(items: Sequence[AnyItem], templates: int = 3) -> dict[str, Layout]:
    """Balanced assignment of templates and answer positions to items of one kind and suite, by id.

    The counts of templates (3) and positions (4 or 2) have no common divisor, so their remainders run through every
    pair before repeating one.
    """
    ranked = sorted(items, key=lambda item: hashlib.sha256(item.id.encode()).digest())
    places = {"statement": 2, "figure": 1}
    return {item.id: Layout(rank % templates, rank % places.get(item.kind, 4)) for rank, item in enumerate(ranked)}


def rotate(options: Sequence[str], answer: int, position: int) -> list[str]:
    """The options in their cyclic order, turned so that the right one stands at ``position``."""
    shift = (answer - position) % len(options)
    return [options[(index + shift) % len(options)] for index in range(len(options))]
