"""From rows to what a ``custom_dataset`` hook returns, in an order of which every beginning is a fair sample."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def as_dataset(rows: Sequence[Mapping[str, Any]], strata: Sequence[str] = ()) -> dict[str, Any]:
    """The rows as the split ``test``; with ``strata``, in the order of :func:`balanced`."""
    from datasets import Dataset

    return {"test": Dataset.from_list([dict(row) for row in balanced(rows, strata)])}


def balanced(rows: Sequence[Mapping[str, Any]], strata: Sequence[str]) -> list[Mapping[str, Any]]:
    """The rows in a fixed order in which every beginning holds each value of each of the fields ``strata`` in proportion.

    ``--limit N`` (stock's as ours) takes the first N items of a task, and a race begins with them. Row by row the one is taken
    whose values are furthest behind their share, summed over the fields; among equals the digest of the id decides, so that
    the order hangs on no file's. Without strata the rows stay as they are.
    """
    if not strata or not rows:
        return list(rows)
    rows = sorted(rows, key=lambda row: hashlib.sha256(str(row["id"]).encode()).digest())
    codes: list[Any] = []
    share = np.zeros(0)  # of each value of each field, one field after another
    for name in strata:
        _, code, count = np.unique([str(row.get(name, "")) for row in rows], return_inverse=True, return_counts=True)
        codes.append(code + len(share))
        share = np.concatenate([share, count / len(rows)])
    values = np.stack(codes, axis=1)
    taken = np.zeros(len(share))
    left = np.zeros(len(rows))  # minus infinity for rows that are taken
    order = []
    for step in range(1, len(rows) + 1):
        behind = step * share - taken
        chosen = int(np.argmax(behind[values].sum(axis=1) + left))
        order.append(rows[chosen])
        taken[values[chosen]] += 1
        left[chosen] = -np.inf
    return order
