"""Which unit of the answer says what which unit of the source says."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.keigo.judge.units import Unit


def match(given: Sequence[Unit], said: Sequence[Unit]) -> dict[int, int]:
    """A largest matching of units that can mean the same, by their places (augmenting paths).

    A unit with the same particle is tried first.
    """
    owner: dict[int, int] = {}

    def place(i: int, seen: set[int]) -> bool:
        order = sorted(range(len(said)), key=lambda j: said[j].particle != given[i].particle)
        for j in order:
            if j in seen or not same(given[i], said[j]):
                continue
            seen.add(j)
            if j not in owner or place(owner[j], seen):
                owner[j] = i
                return True
        return False

    for i in range(len(given)):
        place(i, set())
    return {i: j for j, i in owner.items()}


def same(one: Unit, other: Unit) -> bool:
    """Whether two units can mean the same; numbers mean themselves only."""
    if one.number and other.number:
        return one.surface == other.surface
    return not one.senses.isdisjoint(other.senses)
