"""The radix tree of all token sequences of a run, laid flat.

Sorted lexicographically, each sequence adds to the tree only the tokens behind its longest common prefix with its
predecessor. Put one behind the other these *runs* are the tree's nodes in depth-first order, so that

* every token is a descendant of a contiguous chain of earlier ones, and
* all ancestors of the tokens ``[a, b)`` that lie before ``a`` are ancestors of ``a``.

Cutting the flat row anywhere therefore gives pieces whose context is one chain each; :mod:`jeval.models.packing`
relies on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tree:
    """A forest over ``n`` distinct (prefix, token) nodes in depth-first order.

    Attributes:
        tokens: token id of each node, shape ``[n]``.
        depth: number of ancestors of each node, which is its position id, shape ``[n]``.
        run_start: index of the first node of each run, shape ``[runs]``, ascending.
        run_parent: index of the node that each run hangs from, -1 for a root.
        fed: number of tokens of all sequences together, without any sharing.
    """

    tokens: Ints
    depth: Ints
    run_start: Ints
    run_parent: Ints
    fed: int

    def __len__(self) -> int:
        return len(self.tokens)

    def run_of(self, node: int) -> int:
        return int(np.searchsorted(self.run_start, node, side="right")) - 1

    def chain(self, node: int) -> list[tuple[int, int]]:
        """Proper ancestors of ``node`` as ranges ``[start, stop)`` of node indices, the root's first."""
        pieces: list[tuple[int, int]] = []
        stop, run = node, self.run_of(node)
        while True:
            start = int(self.run_start[run])
            if stop > start:
                pieces.append((start, stop))
            parent = int(self.run_parent[run])
            if parent < 0:
                return pieces[::-1]
            stop, run = parent + 1, self.run_of(parent)


def build(sequences: Sequence[Sequence[int]], tails: Sequence[int]) -> tuple[Tree, list[Ints]]:
    """The tree of ``sequences`` and, for each of them, the nodes of its last ``tails[i]`` tokens."""
    arrays = [np.asarray(sequence, dtype=np.int64) for sequence in sequences]
    keys = [array.astype(">u4").tobytes() for array in arrays]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    tokens: list[Ints] = []
    depths: list[Ints] = []
    starts: list[int] = []
    parents: list[int] = []
    nodes: list[Ints] = [np.empty(0, dtype=np.int64)] * len(keys)
    path = np.empty(max((len(array) for array in arrays), default=0), dtype=np.int64)  # node at each depth of the chain
    before = np.empty(0, dtype=np.int64)
    size = 0
    for i in order:
        array = arrays[i]
        common = _common_prefix(before, array)
        new = len(array) - common
        if new:
            starts.append(size)
            parents.append(int(path[common - 1]) if common else -1)
            tokens.append(array[common:])
            depths.append(np.arange(common, len(array)))
            path[common : len(array)] = np.arange(size, size + new)
            size += new
        nodes[i] = path[len(array) - tails[i] : len(array)].copy()
        before = array
    tree = Tree(
        tokens=_join(tokens),
        depth=_join(depths),
        run_start=np.asarray(starts, dtype=np.int64),
        run_parent=np.asarray(parents, dtype=np.int64),
        fed=sum(len(array) for array in arrays),
    )
    return tree, nodes


def common_prefix(a: Sequence[Any], b: Sequence[Any]) -> int:
    """How many members two sequences have in common at their beginnings."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _join(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _common_prefix(a: Ints, b: Ints) -> int:
    shared = min(len(a), len(b))
    if not shared:
        return 0
    different = a[:shared] != b[:shared]
    first = int(different.argmax())
    return first if different[first] else shared
