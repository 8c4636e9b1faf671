"""Intervals agree with scipy and published values, and clusters widen them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from jeval.statistics import (
    Estimate,
    bootstrap_interval,
    chance_adjusted,
    clopper_pearson,
    combine,
    detectable_difference,
    holm,
    independent_difference,
    mcnemar_p,
    mean_interval,
    paired_difference,
    rogan_gladen,
    sign_flip_p,
    weighted_difference,
    wilson,
)


@given(st.integers(1, 500), st.data())
def test_wilson_equals_scipy(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    low, high = wilson(k / n, n)
    expected = binomtest(k, n).proportion_ci(method="wilson")
    assert low == pytest.approx(expected.low, abs=1e-9)
    assert high == pytest.approx(expected.high, abs=1e-9)


def test_independent_binary_scores_get_the_plain_wilson_interval() -> None:
    estimate = mean_interval([1.0] * 30 + [0.0] * 10)
    expected = binomtest(30, 40).proportion_ci(method="wilson")
    assert estimate.interval == pytest.approx([expected.low, expected.high], abs=1e-9)


def test_scores_repeated_within_clusters_widen_the_interval() -> None:
    scores = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0] * 5
    clusters = [i // 4 for i in range(40)]
    loose, tight = mean_interval(scores, clusters), mean_interval(scores)
    assert loose.score == tight.score
    assert loose.high - loose.low > 1.7 * (tight.high - tight.low)
    assert loose.clusters == 10


def test_clusters_never_narrow_the_interval() -> None:
    scores = [1.0, 0.0] * 20  # each cluster of two averages exactly one half
    clusters = [i // 2 for i in range(40)]
    clustered, plain = mean_interval(scores, clusters), mean_interval(scores)
    assert plain.high - plain.low <= clustered.high - clustered.low < 1.08 * (plain.high - plain.low)


def test_one_cluster_is_one_observation() -> None:
    scores = [1.0, 0.0] * 15
    assert mean_interval(scores, ["a"] * 30).interval == pytest.approx(list(wilson(0.5, 1)))
    assert mean_interval([1.0] * 30, ["a"] * 30).interval == pytest.approx(list(wilson(1, 1)))


def test_a_perfect_score_still_has_a_lower_bound_below_one() -> None:
    estimate = mean_interval([1.0] * 20)
    assert estimate.high == 1.0
    assert 0.8 < estimate.low < 0.9


def test_no_scores_is_an_error_not_a_zero() -> None:
    with pytest.raises(ValueError, match="not scored"):
        mean_interval([])


def test_a_domain_averages_its_tasks_equally() -> None:
    whole = combine([mean_interval([1.0] * 8 + [0.0] * 2), mean_interval([0.0] * 50 + [1.0] * 50)])
    assert whole.score == pytest.approx(0.65)
    assert whole.low < 0.65 < whole.high


def test_a_task_at_zero_keeps_its_uncertainty_in_the_domain() -> None:
    zero, half = mean_interval([0.0] * 4), mean_interval([1.0, 0.0] * 200)
    whole = combine([zero, half])
    assert whole.high - whole.score > 0.4 * (zero.high - zero.score)


def test_a_perfect_detector_corrects_nothing() -> None:
    estimate = mean_interval([1.0] * 70 + [0.0] * 30)
    fixed = rogan_gladen(estimate, sensitivity=1.0, specificity=1.0, n_positive=100, n_negative=100)
    assert fixed is not None
    assert fixed.score == pytest.approx(0.7)


def test_false_alarms_are_given_back() -> None:
    estimate = mean_interval([1.0] * 90 + [0.0] * 10)
    fixed = rogan_gladen(estimate, sensitivity=1.0, specificity=0.9, n_positive=200, n_negative=200)
    assert fixed is not None
    assert fixed.score == pytest.approx(1.0)
    assert fixed.low < estimate.score + 0.06


def test_a_corrected_zero_keeps_its_uncertainty() -> None:
    estimate = mean_interval([0.0] * 200)
    fixed = rogan_gladen(estimate, sensitivity=0.98, specificity=0.99, n_positive=500, n_negative=500)
    assert fixed is not None
    assert fixed.high >= estimate.high * 0.5


def test_a_useless_detector_corrects_nothing_at_all() -> None:
    estimate = mean_interval([1.0, 0.0])
    assert rogan_gladen(estimate, sensitivity=0.5, specificity=0.5, n_positive=9, n_negative=9) is None


def test_equal_runs_differ_by_zero_with_the_uncertainty_of_their_size() -> None:
    mean, low, high = paired_difference([1.0, 0.0] * 30, [1.0, 0.0] * 30)
    assert mean == 0.0
    assert high == -low == pytest.approx(1.959964 * math.sqrt(2 / 62 / 62), rel=1e-6)
    *_, clustered = paired_difference([1.0, 0.0] * 30, [1.0, 0.0] * 30, [i // 6 for i in range(60)])
    assert clustered > 2 * high


@pytest.mark.parametrize(("clusters", "sizes"), [(60, (1,)), (20, (1,)), (30, (10,)), (40, (1, 2, 5, 20))])
def test_paired_intervals_cover_the_truth_as_often_as_they_say(clusters: int, sizes: tuple[int, ...]) -> None:
    chooser = np.random.default_rng(clusters)
    covered = ignored = 0
    rounds = 600
    for _ in range(rounds):
        labels: list[int] = []
        differences: list[float] = []
        for cluster in range(clusters):
            size = sizes[cluster % len(sizes)]
            shares = chooser.dirichlet([0.45, 0.15, 0.9]) if max(sizes) > 1 else [0.3, 0.1, 0.6]
            differences += chooser.choice([1.0, -1.0, 0.0], size, p=shares).tolist()
            labels += [cluster] * size
        zeros = [0.0] * len(differences)
        _, low, high = paired_difference(differences, zeros, labels)
        covered += low <= 0.2 <= high
        _, low, high = paired_difference(differences, zeros)
        ignored += low <= 0.2 <= high
    assert 0.93 <= covered / rounds <= 0.985
    assert (ignored / rounds < 0.8) == (max(sizes) > 1)


def test_a_clear_difference_excludes_zero() -> None:
    mean, low, _ = paired_difference([1.0] * 40 + [0.0] * 10, [0.0] * 30 + [1.0] * 10 + [0.0] * 10)
    assert mean == pytest.approx(0.6)
    assert low > 0.4


# ---------------------------------------------------------------------- clustered proportions
SIMULATIONS = 2000


def coverage(clusters: list[int], p: float, dependence: float, *, seed: int = 0) -> float:
    """How often the interval holds the truth, items of a cluster sharing a rate drawn from a beta distribution."""
    rng = np.random.default_rng(seed)
    labels = [label for label, size in enumerate(clusters) for _ in range(size)]
    hits = 0
    for _ in range(SIMULATIONS):
        if dependence:
            shape = (1 - dependence) / dependence
            rates = rng.beta(p * shape, (1 - p) * shape, len(clusters))
        else:
            rates = np.full(len(clusters), p)
        scores = (rng.random(len(labels)) < np.repeat(rates, clusters)).astype(float).tolist()
        found = mean_interval(scores, labels)
        hits += found.low <= p <= found.high
    return hits / SIMULATIONS


@pytest.mark.parametrize("p", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("dependence", [0.0, 0.2])
@pytest.mark.parametrize("sizes", ["many", "unequal", "few"])
def test_the_interval_holds_the_truth_where_items_depend_on_each_other(sizes: str, p: float, dependence: float) -> None:
    clusters = {"many": [3] * 60, "unequal": [1, 2, 5, 30] * 6, "few": [15] * 10}[sizes]
    assert coverage(clusters, p, dependence) >= (0.92 if sizes == "unequal" else 0.93)


@pytest.mark.parametrize("n", [20, 100])
def test_independent_items_are_covered_at_the_nominal_rate_on_average(n: int) -> None:
    """Wilson's interval swings about 95 % as p moves; over p it keeps to it (Brown, Cai & DasGupta 2001)."""
    rng = np.random.default_rng(n)
    p = rng.uniform(0.02, 0.98, 20_000)
    k = rng.binomial(n, p)
    limits = np.array([wilson(i / n, n) for i in range(n + 1)])
    held = (limits[k, 0] <= p) & (p <= limits[k, 1])
    assert 0.94 <= held.mean() <= 0.96


@pytest.mark.parametrize("clusters", [[3] * 60, [1, 2, 5, 12] * 25], ids=["equal", "unequal"])
def test_items_that_depend_on_each_other_are_covered_at_the_nominal_rate_on_average(clusters: list[int]) -> None:
    rng = np.random.default_rng(0)
    labels = [label for label, size in enumerate(clusters) for _ in range(size)]
    hits = 0
    for p in rng.uniform(0.02, 0.98, SIMULATIONS):
        rates = rng.beta(9 * p, 9 * (1 - p), len(clusters))  # items of a cluster correlate by 0.1
        found = mean_interval((rng.random(len(labels)) < np.repeat(rates, clusters)).astype(float).tolist(), labels)
        hits += found.low <= p <= found.high
    assert 0.94 <= hits / SIMULATIONS <= 0.96


def test_what_statsmodels_computes() -> None:
    """By statsmodels 0.15.0: ``proportion_confint``, ``multipletests``, ``mcnemar``, and ``OLS(...).fit(cov_type="cluster")`` of the mean with
    the correction k / (k - 1).
    """
    assert wilson(56 / 70, 70) == pytest.approx((0.6918335550374695, 0.8769526075163705))
    assert wilson(0, 20) == pytest.approx((0, 0.1611251580528194))
    assert clopper_pearson(7, 23) == pytest.approx((0.13210287969809986, 0.5291916660085068))
    assert holm([0.01, 0.04, 0.03, 0.005, 0.2]) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.2])
    right, wrong = [1.0] * 30 + [1.0] * 9 + [0.0] * 2 + [0.0] * 5, [1.0] * 30 + [0.0] * 9 + [1.0] * 2 + [0.0] * 5
    assert mcnemar_p(right, wrong) == pytest.approx(0.0654296875)
    scores, labels = [], []
    for cluster in range(60):
        size, many = 2 + cluster % 4, (7 * cluster) % (3 + cluster % 4)
        scores += [1.0] * many + [0.0] * (size - many)
        labels += [cluster] * size
    assert mean_interval(scores, labels).stderr == pytest.approx(0.04897911141622263, rel=0.005)


def test_one_failure_never_looks_better_known_than_none() -> None:
    labels = [label for label in range(28) for _ in range(22)]
    scores = [1.0] * len(labels)
    none = mean_interval(scores, labels)
    scores[100] = 0.0
    one = mean_interval(scores, labels)
    assert one.low < none.low


def test_no_failure_in_few_clusters_is_as_uncertain_as_few_items() -> None:
    assert mean_interval([1.0] * 600, [i // 50 for i in range(600)]).interval == pytest.approx(list(wilson(1.0, 12)))


# ---------------------------------------------------------------------- exact intervals, resampling, tests
@given(st.integers(1, 200), st.data())
def test_clopper_pearson_equals_scipy(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    expected = binomtest(k, n).proportion_ci(method="exact")
    assert clopper_pearson(k, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_clopper_pearson_refuses_what_is_no_count() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        clopper_pearson(3, 2)


def test_the_bootstrap_agrees_with_the_formula_where_both_hold() -> None:
    rng = np.random.default_rng(0)
    scores = (rng.random(400) < 0.6).astype(float).tolist()
    assert bootstrap_interval(scores) == pytest.approx(mean_interval(scores).interval, abs=0.01)
    rates = np.repeat(rng.beta(3, 2, 80), 5)
    clustered = (rng.random(400) < rates).astype(float).tolist()
    labels = [i // 5 for i in range(400)]
    assert bootstrap_interval(clustered, labels) == pytest.approx(mean_interval(clustered, labels).interval, abs=0.015)


def test_mcnemar_is_the_sign_test_of_discordant_pairs() -> None:
    a = [1.0] * 9 + [0.0] * 2 + [1.0] * 30
    b = [0.0] * 9 + [1.0] * 2 + [1.0] * 30
    assert mcnemar_p(a, b) == pytest.approx(binomtest(9, 11).pvalue)
    assert mcnemar_p(a, a) == 1.0


def test_few_pairs_are_tested_exactly_and_many_by_drawing_near_it() -> None:
    differences = [1.0] * 9 + [-1.0] * 2
    labels = list(range(11))
    assert sign_flip_p([(differences, labels)]) == pytest.approx(binomtest(9, 11).pvalue)
    more = [1.0] * 14 + [-1.0] * 6
    assert sign_flip_p([(more, list(range(20)))]) == pytest.approx(binomtest(14, 20).pvalue, abs=0.015)
    assert sign_flip_p([([0.0] * 5, list(range(5)))]) == 1.0


def test_clusters_are_flipped_whole() -> None:
    differences = [1.0] * 40
    assert sign_flip_p([(differences, [i // 10 for i in range(40)])]) == pytest.approx(2 / 16)
    assert sign_flip_p([(differences, list(range(40)))]) == pytest.approx(1e-4)


def test_the_sign_flip_test_errs_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    labels = [i // 4 for i in range(40)]
    found = []
    for _ in range(400):
        shared = np.repeat(rng.normal(0, 0.3, 10), 4)
        found.append(sign_flip_p([((shared + rng.normal(0, 0.2, 40)).tolist(), labels)]))
    assert 0.02 <= float(np.mean([p <= 0.05 for p in found])) <= 0.08


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_a_domain_of_one_task_has_at_least_the_interval_of_its_task() -> None:
    a, b = [1.0, 0.0, 1.0, 1.0, 0.0] * 12, [0.0, 0.0, 1.0, 1.0, 0.0] * 12
    differences = [x - y for x, y in zip(a, b, strict=True)]
    labels = list(range(60))
    mean, low, high = weighted_difference([(differences, labels)], [1.0])
    one = paired_difference(a, b, labels)
    assert mean == pytest.approx(one[0]) and low <= one[1] + 1e-12 and high >= one[2] - 1e-12


def test_clusters_that_run_through_tasks_widen_the_domain() -> None:
    rng = np.random.default_rng(2)
    shared = rng.choice([-1.0, 0.0, 1.0], 30)
    tasks = [(shared.tolist(), list(range(30)))] * 4
    apart = [(shared.tolist(), [(task, i) for i in range(30)]) for task in range(4)]
    together, separate = weighted_difference(tasks, [0.25] * 4), weighted_difference(apart, [0.25] * 4)
    assert together[2] - together[1] > 1.5 * (separate[2] - separate[1])


def test_a_detectable_difference_is_found_four_times_of_five() -> None:
    rng = np.random.default_rng(3)
    half = 1.96 * 0.05
    found = detectable_difference(-half, half)
    draws = rng.normal(found, 0.05, 20_000)
    assert float((draws - half > 0).mean()) == pytest.approx(0.8, abs=0.01)


def test_independent_scores_differ_by_newcombe() -> None:
    """Newcombe (1998), table II, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339."""
    a, b = (Estimate(k / n, 0.0, *wilson(k / n, n), n, n) for k, n in ((56, 70), (48, 80)))
    assert independent_difference(a, b) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-4)


def test_chance_is_taken_off() -> None:
    assert chance_adjusted(0.25, 0.25) == 0
    assert chance_adjusted(1.0, 0.25) == 1
    assert chance_adjusted(0.0, 0.5) == -1
    with pytest.raises(ValueError, match="chance"):
        chance_adjusted(0.5, 1.0)
