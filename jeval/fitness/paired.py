"""Differences of two candidates on the same items."""

from __future__ import annotations

import math
from collections.abc import Mapping

from jeval.fitness.items import SearchItems
from jeval.fitness.result import Difference
from jeval.statistics import paired_difference

PerItem = Mapping[str, Mapping[str, float | None]]


def difference(items: SearchItems, shares: Mapping[str, float], a: PerItem, b: PerItem) -> Difference | None:
    """``a - b``, each task's mean difference weighted by its share, over the items that both were scored on.

    The limits of the tasks are joined as those of independent estimates (MOVER, Zou & Donner 2008). Shares of tasks without a
    common item are spread over the others; ``None`` where no task has one.
    """
    parts = []
    for task, share in shares.items():
        labels = items.clusters(task)
        both = [
            (x, y, labels[name])
            for name, x in a.get(task, {}).items()
            if share > 0 and x is not None and name in labels and (y := b.get(task, {}).get(name)) is not None
        ]
        if both:
            xs, ys, clusters = zip(*both, strict=True)
            parts.append((share, len(both), *paired_difference(xs, ys, clusters)))
    if not parts:
        return None
    total = sum(share for share, *_ in parts)
    mean = sum(share * d for share, _, d, _, _ in parts) / total
    below = math.sqrt(sum((share / total * (d - low)) ** 2 for share, _, d, low, _ in parts))
    above = math.sqrt(sum((share / total * (high - d)) ** 2 for share, _, d, _, high in parts))
    return Difference(mean, mean - below, mean + above, sum(n for _, n, *_ in parts))
