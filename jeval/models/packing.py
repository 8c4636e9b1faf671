"""Cut the flat tree into units of work, each one forward pass.

A unit is a range of the depth-first row that is at most a token budget long. The chain of ancestors it hangs from is
either repeated at the head of the unit (when it is short) or lies on the *trunk*: nodes needed by several units, computed
once in passes of their own whose keys and values are kept while the depth-first walk stays below them. The passes are
a function of the tree and the budget alone, never of what has been computed before, so that a killed and resumed
run repeats the same sums in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from jeval.models.radix import Ints, Tree

_INLINE = 16  # a chain up to this long is computed again in each unit rather than kept as keys and values


@dataclass(frozen=True)
class Row:
    """What one forward pass computes: ``nodes`` in depth-first order behind ``past`` nodes of the trunk.

    Attributes:
        nodes: tree nodes in the row, shape ``[rows]``.
        past: length of the trunk chain whose keys and values the pass may see.
        visible: how many of them each row sees, shape ``[rows]``.
        end: row index behind the last descendant of each row, shape ``[rows]``; row ``k`` is an ancestor of (or is) row
            ``q`` iff ``k <= q < end[k]``.
        runs: ``(start, stop, parent row or -1)`` of each unbranched stretch.
    """

    nodes: Ints
    past: int
    visible: Ints
    end: Ints
    runs: list[tuple[int, int, int]]


@dataclass(frozen=True)
class Unit:
    """One unit: the trunk passes it needs (indices into :attr:`Plan.trunk`, the root's first), then its own row."""

    chain: tuple[int, ...]
    row: Row


@dataclass
class Plan:
    """All passes over a tree.

    Attributes:
        units: in depth-first order.
        trunk: rows of the trunk passes; each is a single stretch.
        home: for each node the pass that yields its logits: ``u >= 0`` unit ``u``, ``-1 - t`` trunk pass ``t``.
        place: for each node its row in that pass.
        trunk_home: for each trunk pass the first unit that needs it.
        longest_chain: most trunk nodes any unit sees.
    """

    units: list[Unit]
    trunk: list[Row]
    home: Ints
    place: Ints
    trunk_home: list[int] = field(default_factory=list)
    longest_chain: int = 0

    def row(self, which: int) -> Row:
        """The row of a pass: ``u >= 0`` unit ``u``, ``-1 - t`` trunk pass ``t``."""
        return self.units[which].row if which >= 0 else self.trunk[-1 - which]

    @property
    def tokens(self) -> int:
        return sum(len(unit.row.nodes) for unit in self.units) + sum(len(row.nodes) for row in self.trunk)


def plan(tree: Tree, budget: int) -> Plan:
    """Cut ``tree`` into units of at most about ``budget`` tokens (at least 1)."""
    parent = parents(tree)
    ranges, on_trunk = _ranges(tree, budget)
    trunk = _Trunk(tree, parent, on_trunk, [chain for _, _, chain, short in ranges if not short], budget)
    home = np.full(len(tree), -1, dtype=np.int64)
    place = np.zeros(len(tree), dtype=np.int64)
    for number, segment in enumerate(trunk.segments):
        home[segment] = -1 - number
        place[segment] = np.arange(len(segment))
    units: list[Unit] = []
    trunk_home = [-1] * len(trunk.segments)
    for start, stop, chain, short in ranges:
        own = np.arange(start, stop)
        own = own[~on_trunk[start:stop]]
        if not len(own):
            continue
        head = chain if short else chain[:0]
        needed = () if short else trunk.needed(own)
        for segment_number in needed:
            if trunk_home[segment_number] < 0:
                trunk_home[segment_number] = len(units)
        home[own] = len(units)
        place[own] = np.arange(len(head), len(head) + len(own))
        past = sum(len(trunk.segments[number]) for number in needed)
        units.append(Unit(needed, unit_row(tree, parent, np.concatenate([head, own]), past)))
    rows = [stretch_row(segment, int(tree.depth[segment[0]])) for segment in trunk.segments]
    return Plan(units, rows, home, place, trunk_home, max((unit.row.past for unit in units), default=0))


def in_order(cut: Plan, units: Iterable[int]) -> Iterator[int]:
    """The passes of ``units`` and the trunk passes before each: ``u >= 0`` unit ``u``, ``-1 - t`` trunk pass ``t``.

    A trunk pass comes again where the walk has left what it computed.
    """
    above: list[int] = []
    for number in units:
        chain = cut.units[number].chain
        shared = 0
        while shared < min(len(chain), len(above)) and chain[shared] == above[shared]:
            shared += 1
        del above[shared:]
        for t in chain[shared:]:
            yield -1 - t
            above.append(t)
        yield number


def _ranges(tree: Tree, budget: int) -> tuple[list[tuple[int, int, Ints, bool]], npt.NDArray[np.bool_]]:
    """Ranges ``(start, stop, chain above start, chain is repeated in the unit)`` and which nodes lie on the trunk."""
    bounds = _cuts(tree, budget)
    chains = [_chain_nodes(tree, start) for start in bounds[:-1]]
    short = [len(chain) <= max(_INLINE, budget // 64) for chain in chains]
    on_trunk = np.zeros(len(tree), dtype=bool)
    for chain, repeated in zip(chains, short, strict=True):
        if not repeated:
            on_trunk[chain] = True
    ranges: list[tuple[int, int, Ints, bool]] = []
    for start, stop, chain, repeated in zip(bounds[:-1], bounds[1:], chains, short, strict=True):
        # Trunk nodes inside the range are ancestors of its end. What comes before the first of them hangs from the
        # chain above `start`, what comes after from the chain above `stop`: two chains, hence two units.
        inside = np.flatnonzero(on_trunk[start:stop])
        middle = start + int(inside[0]) if len(inside) else stop
        if middle > start:
            ranges.append((start, middle, chain, repeated))
        if middle < stop:
            ranges.append((middle, stop, _chain_nodes(tree, middle), False))
    return ranges, on_trunk


class _Trunk:
    """The trunk cut into unbranched segments of at most ``budget`` nodes, each computed in one pass."""

    def __init__(
        self, tree: Tree, parent: Ints, on_trunk: npt.NDArray[np.bool_], chains: list[Ints], budget: int
    ) -> None:
        self._tree, self._parent, self._on_trunk = tree, parent, on_trunk
        self.segments: list[Ints] = []
        self._above: list[tuple[int, ...]] = []  # segments above each segment, the root's first
        self._segment_of = np.full(len(tree), -1, dtype=np.int64)
        ends = {int(chain[-1]) for chain in chains if len(chain)}
        nodes = np.flatnonzero(on_trunk)
        above = parent[nodes]
        branching = np.bincount(above[above >= 0], minlength=len(tree)) > 1
        current: list[int] = []
        for node in nodes.tolist():
            if current and parent[node] != current[-1]:
                self._close(current, budget)
            current.append(node)
            if node in ends or branching[node]:
                self._close(current, budget)
        if current:
            self._close(current, budget)

    def _close(self, current: list[int], budget: int) -> None:
        array = np.asarray(current, dtype=np.int64)
        above = int(self._parent[array[0]])
        before = () if above < 0 else self._through(above)
        for start in range(0, len(array), budget):
            self._segment_of[array[start : start + budget]] = len(self.segments)
            self.segments.append(array[start : start + budget])
            self._above.append(before)
            before = (*before, len(self.segments) - 1)
        current.clear()

    def _through(self, node: int) -> tuple[int, ...]:
        segment = int(self._segment_of[node])
        return (*self._above[segment], segment)

    def needed(self, own: Ints) -> tuple[int, ...]:
        """The segments that nodes ``own`` of one unit hang from."""
        roots = self._parent[own]
        roots = roots[roots >= 0]
        roots = roots[self._on_trunk[roots]]
        if not len(roots):
            return ()
        return self._through(int(roots[np.argmax(self._tree.depth[roots])]))


def parents(tree: Tree) -> Ints:
    parent = np.arange(len(tree)) - 1
    parent[tree.run_start] = tree.run_parent
    return parent


def _chain_nodes(tree: Tree, node: int) -> Ints:
    pieces = [np.arange(start, stop) for start, stop in tree.chain(node)]
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64)


def _cuts(tree: Tree, budget: int) -> list[int]:
    """Unit boundaries: within the budget, where the next token hangs least deep; the latest such place."""
    n = len(tree)
    bounds = [0]
    while n - bounds[-1] > budget:
        start = bounds[-1]
        low, high = start + max(1, budget // 2), start + budget
        first, last = np.searchsorted(tree.run_start, [low, high + 1])
        candidates = tree.run_start[first:last]
        if len(candidates):
            depth = tree.depth[candidates]
            bounds.append(int(candidates[len(depth) - 1 - int(np.argmin(depth[::-1]))]))
        else:
            bounds.append(high)
    if n > bounds[-1]:
        bounds.append(n)
    return bounds


def stretch_row(segment: Ints, past: int) -> Row:
    """The row of an unbranched stretch of the trunk."""
    size = len(segment)
    return Row(segment, past, np.full(size, past), np.full(size, size), [(0, size, -1)])


def unit_row(tree: Tree, parent: Ints, nodes: Ints, past: int) -> Row:
    size = len(nodes)
    above = parent[nodes]
    # Row of each node's parent, -1 when it lies on the trunk or the node is a root.
    slot = np.searchsorted(nodes, above)
    slot = np.where((slot < size) & (nodes[np.minimum(slot, size - 1)] == above), slot, -1)
    slot[above < 0] = -1
    starts = np.flatnonzero(slot != np.arange(size) - 1).tolist()
    if not starts or starts[0] != 0:
        starts = [0, *starts]
    stops = [*starts[1:], size]
    runs = [(start, stop, int(slot[start])) for start, stop in zip(starts, stops, strict=True)]
    depth = tree.depth[nodes]
    visible = np.zeros(size, dtype=np.int64)
    for start, stop, above_row in runs:
        visible[start:stop] = visible[above_row] if above_row >= 0 else min(past, int(depth[start]))
    end = np.empty(size, dtype=np.int64)
    behind = np.full(int(depth.max()) + 2, size, dtype=np.int64)  # first later row that hangs at or above each depth
    for start, stop, above_row in reversed(runs):
        top = int(depth[start])
        end[start:stop] = behind[top : top + stop - start]
        behind[top if above_row >= 0 else 0 :] = start
    return Row(nodes, past, visible, end, runs)
