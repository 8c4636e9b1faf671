"""Differences of two candidates on the same items."""

from __future__ import annotations

from collections.abc import Mapping

from jeval.fitness.items import SearchItems
from jeval.fitness.result import Difference
from jeval.statistics import weighted_difference

PerItem = Mapping[str, Mapping[str, float | None]]


def difference(items: SearchItems, shares: Mapping[str, float], a: PerItem, b: PerItem) -> Difference | None:
    """``a - b``, each task's mean difference weighted by its share, over the items that both were scored on.

    See :func:`jeval.statistics.weighted_difference`. Shares of tasks without a common item are spread over the others; ``None`` where
    no task has one.
    """
    parts, weights = [], []
    for task, share in shares.items():
        labels = items.clusters(task)
        both = [
            (x - y, labels[name])
            for name, x in a.get(task, {}).items()
            if share > 0 and x is not None and name in labels and (y := b.get(task, {}).get(name)) is not None
        ]
        if both:
            parts.append(tuple(zip(*both, strict=True)))
            weights.append(share)
    if not parts:
        return None
    shared = [(list(d), list(labels)) for d, labels in parts]
    mean, low, high = weighted_difference(shared, [weight / sum(weights) for weight in weights])
    return Difference(mean, low, high, sum(len(d) for d, _ in shared))
