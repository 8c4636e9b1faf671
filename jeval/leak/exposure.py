"""Exposure of a canary: how far above chance a model ranks it among what it could have been.

``exposure = log2 |R| - log2 rank`` over the candidate space R (Carlini et al. 2019, definition 4). A canary that the model
never saw has a uniform rank, and an exposure of 1/ln 2 = 1.44 bits on average, not 0. That is why controls are needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Expected exposure of a canary never seen, as the candidate space grows: 1 / ln 2 bits.
EXPECTED_CONTROL = 1 / math.log(2)


@dataclass(frozen=True)
class Exposure:
    """``bits`` with its 95 % interval; ``ceiling``: the largest value these candidates can show; ``exact``: all ranked."""

    bits: float
    low: float
    high: float
    ceiling: float
    rank: int
    exact: bool


def exposure(canary: float, others: Sequence[float], *, space: int | None = None) -> Exposure:
    """Exposure from log-likelihoods.

    Args:
        canary: log-likelihood of the canary given its prefix.
        others: log-likelihoods of the other candidates in the same place.
        space: size of the whole candidate space; when ``len(others) + 1`` equals it (or it is ``None``) the rank is exact.

    A tie counts against the canary being known: the tied candidate ranks before it. From a sample of m others, k of
    them at least as likely, the share of the space that ranks before the canary is estimated as (k + 1) / (m + 1); its error
    is the Clopper-Pearson interval of k in m, turned into bits. A sample cannot show more than log2(m + 1) bits: the
    estimate is then a lower bound, its upper limit the log2 of the space. No distribution is fitted to reach further
    (the paper's skew-normal): its tail was not validated for the models and value spaces at hand.
    """
    m = len(others)
    if m == 0:
        raise ValueError("exposure needs other candidates to rank the canary among")
    if math.isnan(canary) or any(math.isnan(value) for value in others):
        raise ValueError("a log-likelihood is NaN: the canary cannot be ranked")
    k = sum(value >= canary for value in others)
    ceiling = math.log2(m + 1)
    bits = ceiling - math.log2(k + 1)
    if space is None or m + 1 >= space:
        return Exposure(bits, bits, bits, ceiling, k + 1, True)
    from scipy.stats import binomtest

    share = binomtest(k, m).proportion_ci(0.95, method="exact")
    whole = math.log2(space)
    high = whole if share.low <= 0 else min(whole, -math.log2(share.low))
    low = 0.0 if share.high >= 1 else -math.log2(share.high)
    return Exposure(bits, max(0.0, min(low, bits)), max(high, bits), ceiling, k + 1, False)


def expected_control(m: int) -> float:
    """Expected exposure of a canary never seen, ranked among ``m`` others: the mean of log2((m+1)/r) over r = 1 … m+1."""
    return math.log2(m + 1) - math.lgamma(m + 2) / math.log(2) / (m + 1)


@dataclass(frozen=True)
class Comparison:
    """Planted against controls. ``difference`` of mean exposure in bits with its 95 % interval; ``p``: one-sided.

    ``exact``: every way to divide the canaries in two was counted.
    """

    planted: float
    controls: float
    difference: float
    low: float
    high: float
    p: float
    exact: bool
    n_planted: int
    n_controls: int

    @property
    def memorised(self) -> bool:
        """More than chance explains, at the 5 % level."""
        return self.p < 0.05


def compare(planted: Sequence[float], controls: Sequence[float], *, seed: int = 0, resamples: int = 9999) -> Comparison:
    """Permutation test of the difference of mean exposures (Fisher 1935), planted above controls.

    Under "nothing was memorised" planted and controls are exchangeable by the way they are drawn, so the test needs no
    further assumption. All divisions are counted where there are at most ``resamples``, else that many random ones.
    The interval of the difference is the percentile bootstrap (2,000 draws).
    """
    import numpy as np
    from scipy.stats import permutation_test  # scipy takes a second to load; only a report with canaries needs it

    x, y = np.asarray(planted, dtype=float), np.asarray(controls, dtype=float)
    if len(x) < 2 or len(y) < 2:
        raise ValueError("a comparison needs at least two planted canaries and two controls")

    def statistic(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        difference: np.ndarray = np.mean(a, axis=axis) - np.mean(b, axis=axis)
        return difference

    divisions = math.comb(len(x) + len(y), len(x))
    test = permutation_test(
        (x, y),
        statistic,
        alternative="greater",
        n_resamples=resamples,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    rng = np.random.default_rng(seed)
    draws = rng.choice(x, (2000, len(x))).mean(axis=1) - rng.choice(y, (2000, len(y))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Comparison(
        float(x.mean()), float(y.mean()), float(x.mean() - y.mean()), float(low), float(high), float(test.pvalue),
        divisions <= resamples, len(x), len(y),
    )  # fmt: skip


def extraction_p(planted: tuple[int, int], controls: tuple[int, int]) -> float:
    """Fisher's exact test, one-sided: (extracted, tried) planted canaries against (extracted, tried) controls."""
    from scipy.stats import fisher_exact

    table = [[planted[0], planted[1] - planted[0]], [controls[0], controls[1] - controls[0]]]
    return float(fisher_exact(table, alternative="greater").pvalue)
