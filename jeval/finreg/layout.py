"""Which template an item gets and where its right answer stands.

Decided by the rank of the item's hashed id within its kind and suite: every (template, position) pair is used equally
often (± 1), nothing depends on the order of files, and a habit of preferring one position earns exactly chance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from jeval.finreg.schema import AnyItem


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
