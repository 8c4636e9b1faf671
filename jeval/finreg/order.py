"""The order in which items get their template and the place of the right answer: ``data/finreg/built/order.txt``, one id a line.

It must not change when items move between files or a file is sorted anew, or the same item would be asked in another way.
``jeval bank build`` keeps it: new ids come last, in the order of file and line; ids that are gone leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from jeval.errors import InputError
from jeval.finreg.schema import AnyItem
from jeval.reading import read_text
from jeval.resources import data_path
from jeval.writing import SHARED, write_text

_HEAD = "# Order in which items get their template and the place of the right answer, one id a line. Written by `jeval bank build`.\n"


def path() -> Path:
    """``data/finreg/built/order.txt``."""
    return data_path("finreg", "built", "order.txt")


def read() -> list[str]:
    """The ids in order.

    Raises:
        InputError: the file is not there.
    """
    if not path().is_file():
        raise InputError(f"no order of the items {path()}; make it with: jeval bank build")
    lines = read_text(path(), what="order of the items").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def arranged(items: Sequence[AnyItem], ids: Iterable[str]) -> tuple[AnyItem, ...]:
    """The items in the order of ``ids``; those not listed last, as they come."""
    places = {name: place for place, name in enumerate(ids)}
    return tuple(sorted(items, key=lambda item: places.get(item.id, len(places))))


def write(items: Sequence[AnyItem]) -> None:
    """Bring the file up to date: ids of no item leave, items it lacks come last, as they come."""
    ids = read() if path().is_file() else []
    write_text(path(), _HEAD + "".join(f"{item.id}\n" for item in arranged(items, ids)), mode=SHARED)
