"""What a reader has read of the probe sources: every entry of ``data/leak/items/*.yaml`` by id, with its digest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jeval.digests import value_digest
from jeval.leak.probes.sources import SOURCES, source
from jeval.resources import data_path

FLAWS = ("realism", "judging", "wording", "norm")
_MEASURED = ("also", "signs")  # words of a detector: labelled answers judge them, not a reader


def path() -> Path:
    """``data/leak/labels/readings.jsonl``; see :class:`jeval.evidence.reading.Reading`."""
    return data_path("leak", "labels", "readings.jsonl")


def digests() -> dict[str, str]:
    """Id of each entry (``attacks/families/direct``) → SHA-256 of what it says.

    Raises:
        InputError: a source cannot be read.
    """
    return {
        f"{name}/{place}": value_digest(value)
        for name in SOURCES
        for place, value in _leaves(source(name), "")
        if not place.endswith(_MEASURED)
    }


def _leaves(node: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Entries of a source: the members of its lists (an attack, a customer, a company), small tables, and what stands alone."""
    inner = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    if not any(isinstance(value, (dict, list)) for _, value in inner):
        yield place, node
        return
    for key, value in inner:
        below = f"{place}/{key}" if place else str(key)
        if isinstance(node, list):
            yield below, value
        else:
            yield from _leaves(value, below)
