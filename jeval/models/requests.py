"""Requests as token ids, and the plan over them; both kept for later models with the same tokenizer.

A search scores the same requests with new weights again and again: the strings are tokenised and the tree is cut once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jeval.models.packing import Plan, plan
from jeval.models.radix import Ints, Tree, build

Pair = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Part:
    """One sequence to score: model input ``inputs`` and the ``targets`` read at its last ``len(targets)`` places."""

    inputs: tuple[int, ...]
    targets: tuple[int, ...]


@dataclass
class Work:
    """Everything known before the first forward pass.

    Attributes:
        reads: for each pass (unit ``u``, trunk pass ``-1 - t``) its read numbers.
        rows, targets: row in its pass and target token of each read.
        part_reads: read numbers of each part.
        part_unit: the unit that completes each part.
    """

    tree: Tree
    plan: Plan
    reads: dict[int, Ints]
    rows: Ints
    targets: Ints
    part_reads: list[Ints]
    part_unit: Ints


def prepare(parts: Sequence[Part], budget: int) -> Work:
    """Build the tree of ``parts``, cut it, and find out which logit is read where."""
    tree, tails = build([part.inputs for part in parts], [len(part.targets) for part in parts])
    cut = plan(tree, budget)
    numbers: dict[tuple[int, int, int], int] = {}
    part_reads: list[Ints] = []
    part_unit = np.empty(len(parts), dtype=np.int64)
    for i, (part, nodes) in enumerate(zip(parts, tails, strict=True)):
        home = cut.home[nodes]
        last = int(home[-1])
        unit = last if last >= 0 else cut.trunk_home[-1 - last]
        chain = cut.units[unit].chain
        part_unit[i] = unit
        found = []
        for at, node, target in zip(home.tolist(), nodes.tolist(), part.targets, strict=True):
            if at == unit or (at < 0 and -1 - at in chain):
                key = (at, int(cut.place[node]), target)
            else:  # repeated at the head of the unit
                key = (unit, int(tree.depth[node]), target)
            found.append(numbers.setdefault(key, len(numbers)))
        part_reads.append(np.asarray(found, dtype=np.int64))
    keys = np.asarray(list(numbers), dtype=np.int64).reshape(-1, 3)
    reads = {int(which): np.flatnonzero(keys[:, 0] == which) for which in np.unique(keys[:, 0])}
    return Work(tree, cut, reads, keys[:, 1], keys[:, 2], part_reads, part_unit)


class _Kept:
    """The few most recent values per key."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any) -> Any:
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: Any, value: Any) -> Any:
        self._values[key] = value
        while len(self._values) > self._size:
            self._values.popitem(last=False)
        return value

    def clear(self) -> None:
        self._values.clear()


ENCODINGS = _Kept(4)  # tokenizer → {(kind, strings): token ids}
PLANS = _Kept(8)  # (tokenizer, kind, window, budget, requests) → Work


def forget() -> None:
    """Drop all kept encodings and plans."""
    ENCODINGS.clear()
    PLANS.clear()


def tokenizer_identity(tokenizer: Any, **settings: Any) -> str:
    """A digest equal for tokenizers that encode alike, computed once per tokenizer object."""
    known = getattr(tokenizer, "_jeval_identity", None)
    state = (len(tokenizer), str(sorted(map(str, tokenizer.all_special_tokens))))
    if known is None or known[0] != state:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is not None:
            text = backend.to_str()
        else:
            text = repr((type(tokenizer), sorted(tokenizer.get_vocab().items()), tokenizer.init_kwargs, id(tokenizer)))
        text += repr(state) + repr(getattr(tokenizer, "clean_up_tokenization_spaces", None))
        known = (state, hashlib.sha256(text.encode()).hexdigest())
        tokenizer._jeval_identity = known
    return str(known[1]) + repr(sorted(settings.items()))


def encodings(identity: str) -> dict[Any, Any]:
    kept: dict[Any, Any] | None = ENCODINGS.get(identity)
    return kept if kept is not None else ENCODINGS.put(identity, {})
