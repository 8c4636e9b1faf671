"""Which keys each stretch of a row attends to, as few dense calls as possible.

Long unbranched stretches are cut into chunks, each attending to its chain of ancestors and to the stretch up to its own
end; bushes of short stretches (answer choices, minimal pairs) share one small masked call. A dense mask over the whole row would
multiply the work by the number of items in it; one call per stretch would drown in call overhead.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch

from jeval.models.packing import Row

LONG = 64  # stretches from here on are not put into a bush
CHUNK = 128  # queries in one call of a long stretch
BUSH = 96  # queries in one call of a bush
FOLD = 128  # a trunk up to this long is put before the keys of each block, a longer one is attended to in a call of its own


@dataclass(eq=False)
class Keys:
    """The first ``trunk`` keys of the trunk, then ``rows`` of the row (a range where that wastes little)."""

    trunk: int
    rows: slice | torch.Tensor


@dataclass
class Block:
    """Queries ``[start, stop)`` see the first ``limit`` of ``keys``, as far as ``mask`` (additive) allows.

    Without a mask the block is causal: as many keys as queries.
    """

    start: int
    stop: int
    keys: Keys
    limit: int
    mask: torch.Tensor | None


def chain_rows(row: Row, start: int) -> list[tuple[int, int]]:
    """Ancestors within the row of row ``start`` as ranges, the first first."""
    run_starts = [run[0] for run in row.runs]
    pieces: list[tuple[int, int]] = []
    number = int(np.searchsorted(run_starts, start, side="right")) - 1
    stop = start
    while True:
        first, _, parent = row.runs[number]
        if stop > first:
            pieces.append((first, stop))
        if parent < 0:
            return pieces[::-1]
        stop = parent + 1
        number = int(np.searchsorted(run_starts, parent, side="right")) - 1


class _Builder:
    def __init__(self, row: Row, dtype: torch.dtype, device: torch.device) -> None:
        self.row, self.dtype, self.device = row, dtype, device
        self.folded = row.past <= FOLD
        self.found: list[Block] = []

    def keys(self, pieces: list[tuple[int, int]], seen: int, *, exact: bool) -> tuple[Keys, np.ndarray]:
        """Keys over ``pieces``, and the row of each (those of the trunk left out)."""
        low, high = pieces[0][0], pieces[-1][1]
        total = sum(stop - start for start, stop in pieces)
        trunk = seen if self.folded else 0
        if high - low == total or (not exact and high - low <= 1.25 * total + 32):
            return Keys(trunk, slice(low, high)), np.arange(low, high)
        index = np.concatenate([np.arange(start, stop) for start, stop in pieces])
        return Keys(trunk, torch.from_numpy(index).to(self.device)), index

    def mask(self, seen: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.where(seen, 0.0, -np.inf)).to(device=self.device, dtype=self.dtype)

    def stretch(self, start: int, stop: int) -> None:
        seen = int(self.row.visible[start])
        keys, index = self.keys([*chain_rows(self.row, start), (start, stop)], seen, exact=True)
        before = keys.trunk + len(index) - (stop - start)
        edges = np.linspace(start, stop, max(1, round((stop - start) / CHUNK)) + 1).astype(int).tolist()
        for first, last in itertools.pairwise(edges):
            size, limit = last - first, before + last - start
            triangle = np.ones((size, limit), dtype=bool)
            triangle[:, limit - size :] = np.tri(size, dtype=bool)
            self.found.append(Block(first, last, keys, limit, None if limit == size else self.mask(triangle)))

    def bush(self, start: int, stop: int) -> None:
        row = self.row
        keys, index = self.keys(
            [*chain_rows(row, start), (start, stop)], int(row.visible[start:stop].max()), exact=False
        )
        queries = np.arange(start, stop)[:, None]
        own = (index <= queries) & (queries < row.end[index])
        trunk = np.arange(keys.trunk)[None, :] < row.visible[start:stop, None]
        self.found.append(
            Block(start, stop, keys, keys.trunk + len(index), self.mask(np.concatenate([trunk, own], axis=1)))
        )


def blocks(row: Row, *, dtype: torch.dtype, device: torch.device) -> list[Block]:
    """Cover the row with blocks in order."""
    builder = _Builder(row, dtype, device)
    start = stop = above = (
        middle
    ) = -1  # the open bush: its rows, the length of its chain, the row in that chain's middle
    for first, last, parent in row.runs:
        long = last - first >= LONG
        if start >= 0:
            leaves = parent < start and above > 48 and parent < middle
            if long or leaves or last - start > BUSH:
                builder.bush(start, stop)
                start = -1
        if long:
            builder.stretch(first, last)
        elif start >= 0:
            stop = last
        else:
            start, stop = first, last
            pieces = chain_rows(row, first)
            above = sum(b - a for a, b in pieces)
            middle = _middle(pieces, above // 2)
    if start >= 0:
        builder.bush(start, stop)
    return builder.found


def _middle(pieces: list[tuple[int, int]], half: int) -> int:
    """The row at place ``half`` of a chain, -1 when the chain is empty."""
    for start, stop in pieces:
        if half < stop - start:
            return start + half
        half -= stop - start
    return -1
