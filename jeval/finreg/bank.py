"""The item bank: ``data/finreg/items``, one file a law, read and checked against the schema."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from jeval.errors import InputError
from jeval.finreg import laws, order
from jeval.finreg.schema import AnyItem, parse_item
from jeval.reading import numbered_jsonl
from jeval.resources import data_path

_EXPECTED = (
    "one JSON Lines file a law, named as in the column file of data/finreg/knowledge/laws.tsv (like banking_act.jsonl)"
)


def item_folder() -> Path:
    """``data/finreg/items``."""
    return data_path("finreg", "items")


def item_files(place: Path | None = None) -> list[Path]:
    """The item files of a folder (default: the packed bank), sorted by name; a file is its own.

    Raises:
        InputError: there is none.
    """
    place = place or item_folder()
    files = [place] if place.is_file() else sorted(place.glob("*.jsonl"))
    if not files:
        raise InputError(f"no item files in {place}; expected {_EXPECTED}")
    return files


def load(place: Path | None = None) -> tuple[AnyItem, ...]:
    """Every item: of the packed bank in the order of their tasks, of another folder or one file as :func:`read` gives them.

    Raises:
        InputError: as :func:`read`; the packed bank lacks its order.
    """
    items = read(place)
    packed = place is None or place.resolve() == item_folder()
    return order.arranged(items, order.read()) if packed else items


def read(place: Path | None = None) -> tuple[AnyItem, ...]:
    """Every item of a folder (default: the packed bank) or of one file, in the order of file and line.

    Raises:
        InputError: an item breaks the schema, an id occurs twice, an item stands in the file of another law, or there is no
            item. One file alone may have any name.
    """
    files = item_files(place)
    named = place is None or not place.is_file()
    items = _read(named, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))
    if not items:
        raise InputError(f"no items in {place or item_folder()}; expected one JSON object a line")
    return items


@lru_cache(maxsize=8)
def _read(named: bool, files: tuple[tuple[Path, int, int], ...]) -> tuple[AnyItem, ...]:
    """The items of ``files`` (with time and size, so that an edited file is read again)."""
    items: list[AnyItem] = []
    places: dict[str, str] = {}
    for path, _, _ in files:
        for number, row in numbered_jsonl(path, what="item file"):
            where = f"{path.name}:{number}"
            item = parse_item(row, where)
            if (first := places.setdefault(item.id, where)) != where:
                raise InputError(f"item {item.id!r} ({where}): the id occurs twice, first in {first}; ids are unique")
            if named and path.name != (wanted := laws.files().get(item.law_id, path.name)):
                raise InputError(
                    f"item {item.id!r} ({where}): the items of {item.law} stand in {wanted}; move it there, or rename the "
                    f"file: expected {_EXPECTED}"
                )
            items.append(item)
    return tuple(items)


def select(items: Iterable[AnyItem], kind: str, suite: str) -> list[AnyItem]:
    """The items of one kind and suite."""
    return [item for item in items if item.kind == kind and item.suite == suite]
