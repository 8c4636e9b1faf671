"""One digest over all items of a run (Merkle root), so that one item can be shown to be part of it without showing the others.

Trees are those of RFC 6962, section 2.1 (https://www.rfc-editor.org/rfc/rfc6962): SHA-256, leaves and nodes told apart by a first byte,
an odd node goes up as it is. A task's tree has a leaf for each item, in the order of its file: canonical JSON of the task's name
and the item as the samples file holds it (:func:`leaf`). The run's tree has a leaf for each task, by name: its name, the number of
its items and its root.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jeval.record.samples import Sample, stored_row


class Step(NamedTuple):
    """One step from a leaf to the root: the digest (hex) beside it, and on which ``side`` that stands."""

    side: str
    digest: str


class Roots(NamedTuple):
    """``root`` of the run; ``tasks``: of each task; ``counts``: of its items."""

    root: str
    tasks: dict[str, str]
    counts: dict[str, int]


def leaf(task: str, sample: Sample) -> bytes:
    """What is hashed of an item."""
    return canonical({"task": task, **stored_row(sample)})


def task_leaf(task: str, n: int, root: str) -> bytes:
    """What is hashed of a task."""
    return canonical({"task": task, "n": n, "root": root})


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def roots_of(samples: Mapping[str, Sequence[Sample]]) -> Roots:
    """The roots over the items of a run."""
    names = sorted(samples)
    tasks = {name: root([leaf(name, sample) for sample in samples[name]]) for name in names}
    counts = {name: len(samples[name]) for name in names}
    return Roots(root([task_leaf(name, counts[name], tasks[name]) for name in names]), tasks, counts)


def root(leaves: Sequence[bytes]) -> str:
    """The root (hex) over these leaves; of none, the digest of nothing."""
    level = [_leaf_digest(one) for one in leaves]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        level = _above(level)
    return level[0].hex()


def path(leaves: Sequence[bytes], place: int) -> list[Step]:
    """The steps from the leaf at ``place`` to the root."""
    level, steps = [_leaf_digest(one) for one in leaves], []
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            steps.append(Step("left" if beside < place else "right", level[beside].hex()))
        level, place = _above(level), place // 2
    return steps


def climbed(one: bytes, steps: Sequence[Step]) -> str:
    """The root (hex) to which these steps lead from a leaf.

    Raises:
        ValueError: a step is none.
    """
    digest = _leaf_digest(one)
    for side, beside in steps:
        other = bytes.fromhex(beside)
        if side not in {"left", "right"} or len(other) != len(digest):
            raise ValueError(f"{side} {beside[:80]} is no step to a root")
        digest = _node(other, digest) if side == "left" else _node(digest, other)
    return digest.hex()


def _leaf_digest(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _above(level: list[bytes]) -> list[bytes]:
    """The next level: pairs from the left, an odd last one as it is. That is RFC 6962's split at the largest power of two."""
    pairs = [_node(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return pairs + level[len(level) & ~1 :]
