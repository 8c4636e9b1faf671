"""Intervals and tests for scores in [0, 1].

One method serves single items, clustered items and averages of tasks: the Wilson score interval at the effective sample
size n* = p(1 - p) / SE^2 (Wilson 1927; Korn & Graubard 1998 for the effective size), with SE from the data, clustered
where several items share an article, a frame or a record.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A mean of scores with its standard error and 95 % interval; ``n`` items in ``clusters`` clusters."""

    score: float
    stderr: float
    low: float
    high: float
    n: int
    clusters: int

    @property
    def interval(self) -> list[float]:
        return [self.low, self.high]


def wilson(p: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson score interval of a proportion ``p`` observed on ``n`` (possibly effective, fractional) trials."""
    if n <= 0:
        return 0.0, 1.0
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return (0.0 if p <= 0 else low), (1.0 if p >= 1 else high)


def _effective(p: float, stderr: float, fallback: float) -> float:
    return p * (1 - p) / (stderr * stderr) if stderr > 0 and 0 < p < 1 else fallback


def mean_interval(scores: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Estimate:
    """Mean of item scores with a 95 % interval that respects clusters.

    Args:
        scores: item scores in [0, 1], at least one.
        clusters: one label per item; items with one label count as dependent. ``None``: all independent.

    Items count as fewer by the design effect, the ratio of the cluster-robust variance to the independent one, which is never
    taken below 1: few clusters can make it too small by chance. Of clusters that are all right or all wrong nothing is learnt about
    dependence, so the fewer clusters have failures (or successes), the nearer the design effect is taken to its worst, where each
    cluster is one observation: a single failure among many cannot make a model look better known than none. The quantile is Student's
    with one degree of freedom less than there are clusters of equal size. For 0/1 scores without clusters the result is the plain Wilson interval.

    Simulated coverage of the truth: 93 to 97 % with 100 and 300 clusters, 94 to 99 % with 30 of equal size, 96 to 100 % with 12, 89 to 100 %
    with 30 of very unequal size, the more the less the items of a cluster depend on each other.
    """
    n = len(scores)
    if n == 0:
        raise ValueError("no scores: a task without scored items is 'not scored', it has no mean")
    p = sum(scores) / n
    groups: dict[Hashable, float] = {}
    labels: Sequence[Hashable] = clusters if clusters is not None else range(n)
    for label, score in zip(labels, scores, strict=True):
        groups[label] = groups.get(label, 0.0) + (score - p)
    k = len(groups)
    binary = all(score in (0, 1) for score in scores)
    simple = math.sqrt(p * (1 - p) / n) if binary else math.sqrt(sum((s - p) ** 2 for s in scores)) / n
    if k == n:
        stderr, z = simple, Z95
    else:
        stderr = simple * math.sqrt(_design_effect(scores, labels, list(groups.values()), simple))
        z = _student(_equal(labels) - 1) if 0 < p < 1 and k > 1 else Z95
    low, high = wilson(p, _effective(p, stderr, float(k)), z)
    return Estimate(p, stderr, low, high, n, k)


_TELLING = 2.8  # clusters with failures (or successes) that weigh as much as the assumption of full dependence


def _design_effect(
    scores: Sequence[float], labels: Sequence[Hashable], residuals: Sequence[float], simple: float
) -> float:
    """By how much the variance of the mean exceeds that of independent items; the worst is that each cluster is one observation."""
    n, k = len(scores), len(residuals)
    worst = n / k
    if k == 1 or simple == 0:
        return worst
    seen = sum(r * r for r in residuals) * k / (k - 1) / (n * simple) ** 2
    failing = len({label for label, score in zip(labels, scores, strict=True) if score < 1})
    succeeding = len({label for label, score in zip(labels, scores, strict=True) if score > 0})
    telling = min(failing, succeeding) ** 2
    weight = telling / (telling + _TELLING**2)
    return weight * max(1.0, seen) + (1 - weight) * max(1.0, seen, worst)


def combine(parts: Sequence[Estimate], weights: Sequence[float] | None = None) -> Estimate:
    """Weighted mean of independent estimates (a domain from its tasks); weights default to equal ones.

    The interval is built from the parts' own limits (MOVER, Zou & Donner 2008), so that a part at 0 or 1, whose
    standard error is estimated as 0, still contributes its uncertainty.
    """
    if not parts:
        raise ValueError("nothing to combine")
    raw = list(weights) if weights is not None else [1.0] * len(parts)
    total = sum(raw)
    share = [w / total for w in raw]

    def root_sum(distances: Iterable[float]) -> float:
        return math.sqrt(sum((w * d) ** 2 for w, d in zip(share, distances, strict=True)))

    p = sum(w * e.score for w, e in zip(share, parts, strict=True))
    low = max(0.0, p - root_sum(e.score - e.low for e in parts))
    high = min(1.0, p + root_sum(e.high - e.score for e in parts))
    stderr = root_sum(e.stderr for e in parts)
    return Estimate(p, stderr, low, high, sum(e.n for e in parts), sum(e.clusters for e in parts))


@dataclass(frozen=True)
class Corrected:
    """A score after correction for the errors of the instrument that measured it."""

    score: float
    low: float
    high: float


def rogan_gladen(
    estimate: Estimate, *, sensitivity: float, specificity: float, n_positive: int, n_negative: int
) -> Corrected | None:
    """Correct the share of *right* outputs for a detector of errors that misses some and accuses some.

    With ``q = 1 - score`` the apparent share of outputs with an error, the true share is
    ``(q + specificity - 1) / (sensitivity + specificity - 1)`` (Rogan & Gladen 1978); the limits of the
    apparent share carry over, widened by the sampling errors of both rates (delta method, as Lang & Reiczigel 2014
    without their small-sample shift).

    Returns:
        The corrected score, or ``None`` where the detector is no better than chance and nothing can be corrected.
    """
    youden = sensitivity + specificity - 1
    if youden <= 0:
        return None
    q = 1 - estimate.score
    true = min(1.0, max(0.0, (q + specificity - 1) / youden))
    rates = true**2 * sensitivity * (1 - sensitivity) / max(n_positive, 1) + (1 - true) ** 2 * specificity * (
        1 - specificity
    ) / max(n_negative, 1)
    point = 1 - true

    def reach(distance: float) -> float:
        return math.sqrt(distance**2 + Z95**2 * rates) / youden

    low, high = point - reach(estimate.score - estimate.low), point + reach(estimate.high - estimate.score)
    return Corrected(*(min(1.0, max(0.0, value)) for value in (point, low, high)))


def paired_difference(
    a: Sequence[float], b: Sequence[float], clusters: Sequence[Hashable] | None = None
) -> tuple[float, float, float]:
    """Mean of ``a - b`` over the same items with a 95 % interval.

    Bonett & Price's (2012) interval of a paired difference, two pseudo-pairs that differ in either direction added, so that
    pairs none of which differ still leave room for what was not seen. With ``clusters`` (one label a pair, pairs of a label
    dependent) the pairs count as fewer, by the ratio of the cluster-robust variance to the plain one, and the quantile is that of
    Student's t with as many degrees of freedom as there are clusters of equal size, less one (Carter, Schnepel & Steigerwald 2017).

    Simulated coverage of the truth: 94 to 100 % with 20 to 200 independent pairs, 93 to 98 % with 30 to 100 clusters of
    equal or very unequal size, but 84 % where differences are rare and lie in a few large ones of 30 clusters.
    """
    if len(a) != len(b) or not a:
        raise ValueError("a paired difference needs the same items, at least one")
    differences = [x - y for x, y in zip(a, b, strict=True)]
    n = len(differences)
    mean = sum(differences) / n
    labels: Sequence[Hashable] = clusters if clusters is not None else range(n)
    rest: dict[Hashable, float] = {}
    for label, d in zip(labels, differences, strict=True):
        rest[label] = rest.get(label, 0.0) + (d - mean)
    k = len(rest)
    plain = sum((d - mean) ** 2 for d in differences)
    robust = sum(r * r for r in rest.values()) * k / (k - 1) if k > 1 else 0.0
    pairs = 1.0 if k == 1 else n / max(1.0, robust / plain) if plain > 0 else float(k)
    centre = pairs * mean / (pairs + 2)
    square = (pairs * sum(d * d for d in differences) / n + 2) / (pairs + 2)
    freedom = _equal(labels) - 1 if k < n else math.inf
    half = _student(freedom) * math.sqrt(max(0.0, square - centre * centre) / (pairs + 2))
    return mean, max(-1.0, centre - half), min(1.0, centre + half)


def independent_difference(a: Estimate, b: Estimate) -> tuple[float, float, float]:
    """``a - b`` of two independent scores with a 95 % interval from their own limits (MOVER, Newcombe 1998; Zou & Donner 2008)."""
    difference = a.score - b.score
    low = difference - math.hypot(a.score - a.low, b.high - b.score)
    high = difference + math.hypot(a.high - a.score, b.score - b.low)
    return difference, max(-1.0, low), min(1.0, high)


def weighted_difference(
    parts: Sequence[tuple[Sequence[float], Sequence[Hashable]]], weights: Sequence[float]
) -> tuple[float, float, float]:
    """Weighted mean of the paired differences of several tasks with a 95 % interval.

    Args:
        parts: of each task its differences in [-1, 1] and one cluster label for each; labels may run through tasks.
        weights: of each task, in sum 1.

    Each limit is the farther of two: that built from the tasks' own limits (MOVER, Zou & Donner 2008), as if they were independent,
    and that of the cluster-robust standard error of the whole, which knows of clusters that run through tasks.
    """
    own = [paired_difference(d, [0.0] * len(d), labels) for d, labels in parts]
    mean = sum(w * one[0] for w, one in zip(weights, own, strict=True))
    below = math.sqrt(sum((w * (one[0] - one[1])) ** 2 for w, one in zip(weights, own, strict=True)))
    above = math.sqrt(sum((w * (one[2] - one[0])) ** 2 for w, one in zip(weights, own, strict=True)))
    rest: dict[Hashable, float] = {}
    size: dict[Hashable, float] = {}
    for (differences, labels), weight, one in zip(parts, weights, own, strict=True):
        for d, label in zip(differences, labels, strict=True):
            rest[label] = rest.get(label, 0.0) + weight / len(differences) * (d - one[0])
            size[label] = size.get(label, 0.0) + weight / len(differences)
    k = len(rest)
    robust = math.sqrt(sum(r * r for r in rest.values()) * k / (k - 1)) if k > 1 else 1.0
    half = _student(1 / sum(s * s for s in size.values()) - 1) * robust
    return mean, max(-1.0, mean - max(below, half)), min(1.0, mean + max(above, half))


_EXACT = 13  # clusters up to which all sign patterns are tried
_DRAWS = 9999


def sign_flip_p(
    parts: Sequence[tuple[Sequence[float], Sequence[Hashable]]],
    weights: Sequence[float] | None = None,
    *,
    seed: int = 0,
) -> float:
    """Two-sided p of "no difference": the weighted mean difference against those with the signs of whole clusters flipped.

    A permutation test of paired differences (Fisher 1935; clusters: Winkler et al. 2015): exact where 13 clusters or fewer differ at
    all, else by 9,999 random sign patterns drawn from ``seed``, the observed one counted among them (Phipson & Smyth 2010).

    Args:
        parts, weights: as for :func:`weighted_difference`; weights default to equal ones.
    """
    import numpy as np

    sums: dict[Hashable, float] = {}
    for (differences, labels), weight in zip(parts, weights or [1.0] * len(parts), strict=True):
        for d, label in zip(differences, labels, strict=True):
            sums[label] = sums.get(label, 0.0) + weight * d / len(differences)
    values = np.array([value for value in sums.values() if abs(value) > 1e-12])
    if not len(values):
        return 1.0
    observed = abs(values.sum()) * (1 - 1e-9)
    if len(values) <= _EXACT:
        signs = 1 - 2 * ((np.arange(1 << len(values))[:, None] >> np.arange(len(values))) & 1)
        return float((np.abs(signs @ values) >= observed).mean())
    rng = np.random.default_rng(seed)
    hits = sum(
        int((np.abs((rng.integers(0, 2, (1111, len(values))) * 2 - 1) @ values) >= observed).sum()) for _ in range(9)
    )
    return (hits + 1) / (_DRAWS + 1)


def mcnemar_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided exact p that two instruments are right equally often on the same items, scores 0 or 1 (McNemar 1947)."""
    from scipy.stats import binomtest

    gained = sum(x > y for x, y in zip(a, b, strict=True))
    lost = sum(x < y for x, y in zip(a, b, strict=True))
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for their number by Holm's (1979) step-down rule, in the order given."""
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    found, worst = [1.0] * len(ps), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[i]))
        found[i] = worst
    return found


def detectable_difference(low: float, high: float, *, power: float = 0.8) -> float:
    """The true difference that an interval of this width would tell from 0 with the given power (minimal detectable effect).

    Args:
        low, high: a 95 % interval of a difference.
        power: share of repetitions that find it.
    """
    from scipy.special import ndtri

    return (high - low) / 2 / Z95 * (Z95 + float(ndtri(power)))


def clopper_pearson(k: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of ``k`` right of ``n`` (Clopper & Pearson 1934): never covers less often than ``level``, mostly more often."""
    from scipy.special import betaincinv

    if not 0 <= k <= n or n < 1:
        raise ValueError(f"{k} of {n} is no count")
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return low, high


def bootstrap_interval(
    scores: Sequence[float], clusters: Sequence[Hashable] | None = None, *, draws: int = 9999, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of the mean by drawing whole clusters anew (Efron & Tibshirani 1993; Field & Welsh 2007).

    For statistics without a formula; of few clusters, or of scores that are all alike, it is too narrow where
    :func:`mean_interval` is not.
    """
    import numpy as np

    groups: dict[Hashable, tuple[float, int]] = {}
    for label, score in zip(clusters if clusters is not None else range(len(scores)), scores, strict=True):
        total, n = groups.get(label, (0.0, 0))
        groups[label] = (total + score, n + 1)
    if not groups:
        raise ValueError("no scores: nothing to draw from")
    sums, sizes = (np.array(column) for column in zip(*groups.values(), strict=True))
    rng = np.random.default_rng(seed)
    picked = rng.integers(0, len(sums), (draws, len(sums)))
    means = sums[picked].sum(axis=1) / sizes[picked].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def chance_adjusted(value: float, chance: float) -> float:
    """A score on the scale where guessing earns 0 and the best 1 (below 0: worse than guessing).

    Raises:
        ValueError: guessing earns everything already.
    """
    if chance >= 1:
        raise ValueError(f"chance {chance}: no score is better than guessing")
    return (value - chance) / (1 - chance)


def _equal(labels: Sequence[Hashable]) -> float:
    """As how many clusters of equal size these count (Kish 1965)."""
    return len(labels) ** 2 / sum(size * size for size in Counter(labels).values())


def _student(freedom: float) -> float:
    """The 97.5 % quantile of Student's t, which without an end to ``freedom`` is the normal distribution's."""
    if math.isinf(freedom):
        return Z95
    from scipy.special import stdtrit

    return float(stdtrit(max(1.0, freedom), 0.975))
