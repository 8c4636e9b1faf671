"""Which wordings meet which record, where not every wording meets every record."""

from __future__ import annotations

from collections.abc import Iterator


def turns(records: int, wordings: int, share: int) -> Iterator[tuple[int, int]]:
    """``share`` of the ``wordings`` (fewer than all) for each of the ``records``: the number of the record, and of the wording.

    The wordings go round and round, each round one place further than the last, so that no wording is met more than once oftener
    than another, a record never meets one twice, and records do not fall into groups that meet the same ones.
    """
    for turn in range(records * share):
        yield turn // share, (turn + turn // wordings) % wordings
