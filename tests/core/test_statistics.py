"""Intervals agree with scipy and published values, and clusters widen them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from jeval.statistics import combine, mean_interval, paired_difference, rogan_gladen, wilson


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
    assert mean_interval(scores, clusters).interval == pytest.approx(mean_interval(scores).interval)


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
