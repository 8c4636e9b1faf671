"""Which keys each stretch of a row attends to, as few dense calls as possible.

Long unbranched stretches attend causally to themselves and fully to their chain of ancestors; bushes of short stretches
(answer choices, minimal pairs) share one small masked call. A dense mask over the whole row would multiply the work by
the number of items in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jeval.models.packing import Row

if TYPE_CHECKING:
    import torch

LONG = 64  # stretches from here on get a causal call of their own
BUSH = 96  # queries in one masked call


@dataclass
class Block:
    """Queries ``[start, stop)``; ``chain`` are ancestor rows outside it (slice or index), fully visible when ``causal``.

    ``keys`` and ``mask`` (additive, ``[queries, keys]``) are for blocks that are not causal.
    """

    start: int
    stop: int
    causal: bool
    chain: slice | torch.Tensor | None
    keys: slice | torch.Tensor | None = None
    mask: torch.Tensor | None = None


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


def blocks(row: Row, *, dtype: torch.dtype, device: torch.device) -> list[Block]:
    """Cover the row with blocks in order."""
    import torch

    found: list[Block] = []
    bush: list[int] = []  # start, stop, length of the chain above, first row of the chain's last half

    def keys_of(pieces: list[tuple[int, int]]) -> tuple[slice | torch.Tensor | None, Any]:
        if not pieces:
            return None, None
        low, high = pieces[0][0], pieces[-1][1]
        total = sum(stop - start for start, stop in pieces)
        if high - low <= 1.25 * total + 32:
            return slice(low, high), np.arange(low, high)
        index = np.concatenate([np.arange(start, stop) for start, stop in pieces])
        return torch.from_numpy(index).to(device), index

    def close() -> None:
        if not bush:
            return
        start, stop = bush[0], bush[1]
        keys, index = keys_of([*chain_rows(row, start), (start, stop)])
        queries = np.arange(start, stop)[:, None]
        seen = (index <= queries) & (queries < row.end[index])
        mask = torch.from_numpy(np.where(seen, 0.0, -np.inf)).to(device=device, dtype=dtype)
        found.append(Block(start, stop, False, None, keys, mask))
        bush.clear()

    for start, stop, parent in row.runs:
        if stop - start >= LONG:
            close()
            pieces = chain_rows(row, start)
            chain: slice | torch.Tensor | None
            if pieces and len(pieces) == 1:
                chain = slice(*pieces[0])
            elif pieces:
                index = np.concatenate([np.arange(a, b) for a, b in pieces])
                chain = torch.from_numpy(index).to(device)
            else:
                chain = None
            found.append(Block(start, stop, True, chain))
            continue
        if bush:
            above, half = bush[2], bush[3]
            leaves = parent < bush[0] and above > 48 and parent < half
            if leaves or stop - bush[0] > BUSH:
                close()
        if bush:
            bush[1] = stop
        else:
            pieces = chain_rows(row, start)
            length = sum(b - a for a, b in pieces)
            bush.extend([start, stop, length, _middle(pieces, length)])
    close()
    return found


def _middle(pieces: list[tuple[int, int]], length: int) -> int:
    """The row in the middle of a chain, -1 when there is none."""
    half = length // 2
    for start, stop in pieces:
        if half < stop - start:
            return start + half
        half -= stop - start
    return -1
