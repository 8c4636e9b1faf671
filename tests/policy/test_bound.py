"""What an interval decides, how wide it is at another confidence, and how many items would decide."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from jeval.policy.bound import Decided, Observed, decide, effective, needed
from jeval.policy.judge import grouped
from jeval.policy.measure import Measured
from jeval.statistics import combine, mean_interval, wilson


@pytest.mark.parametrize(
    ("low", "high", "threshold", "at_least", "expected"),
    [
        (0.60, 0.80, 0.60, True, "pass"),  # a bound on the threshold is at least it
        (0.60, 0.80, 0.61, True, "undecided"),
        (0.60, 0.80, 0.80, True, "undecided"),  # the score may be the threshold
        (0.60, 0.80, 0.81, True, "fail"),
        (0.01, 0.02, 0.02, False, "pass"),
        (0.01, 0.03, 0.02, False, "undecided"),
        (0.02, 0.03, 0.02, False, "undecided"),
        (0.03, 0.04, 0.02, False, "fail"),
        (0.0, 1.0, 0.0, True, "pass"),
        (0.0, 1.0, 1.0, False, "pass"),
        (1 - 0.9, 0.2, 0.2, False, "pass"),
        (1 - 0.9, 1 - 0.9, 0.1, False, "pass"),  # 1 - 0.9 is not 0.1
    ],
)
def test_the_bound_decides(low: float, high: float, threshold: float, at_least: bool, expected: str) -> None:
    assert decide(low, high, threshold, at_least=at_least) == expected


@given(st.integers(1, 400), st.data())
def test_an_interval_at_another_confidence_is_the_one_that_scipy_gives(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    seen = Observed(right / n, *wilson(right / n, n), n, n)
    for confidence in (0.9, 0.99, 1 - 0.05 / 11):
        found = binomtest(right, n).proportion_ci(confidence, method="wilson")
        assert seen.at(confidence) == pytest.approx((found.low, found.high), abs=1e-6)


@given(st.integers(2, 300), st.data())
def test_a_bound_tells_of_how_many_items_it_is(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(1, n - 1))
    for bound in wilson(right / n, n):
        assert effective(right / n, bound) == pytest.approx(n, rel=1e-6)


@given(st.integers(2, 200), st.data(), st.floats(0.001, 0.999))
def test_the_n_that_is_named_decides_and_one_fewer_does_not(n: int, data: st.DataObject, threshold: float) -> None:
    p = data.draw(st.integers(0, n)) / n
    seen = Observed(p, *wilson(p, n), n, n)
    wanted = needed(seen, threshold)
    if decide(seen.low, seen.high, threshold, at_least=True) != "undecided" or abs(p - threshold) < 1e-3:
        return
    assert wanted is not None
    assert wanted > n
    clear = max(wanted, n) * (1 + 1e-9)  # at the named number the bound may lie on the threshold
    assert decide(*wilson(p, clear), threshold, at_least=True) != "undecided"
    if wanted > n + 1:
        assert decide(*wilson(p, wanted - 1), threshold, at_least=True) == "undecided"


@pytest.mark.parametrize("threshold", [0.25, 0.25 + 1e-15])
def test_no_n_decides_about_the_rate_itself(threshold: float) -> None:
    assert needed(Observed(0.25, *wilson(0.25, 40), 40, 40), threshold) is None


def test_items_that_depend_on_each_other_are_needed_in_greater_number() -> None:
    scores = [1.0, 1.0, 1.0, 0.0] * 20
    alone = mean_interval(scores)
    frames = [number // 20 for number in range(80)]
    shared = mean_interval([float(frame != 3) for frame in frames], frames)
    few = needed(Observed(alone.score, alone.low, alone.high, 80, 80), 0.7)
    many = needed(Observed(shared.score, shared.low, shared.high, 80, 4), 0.7)
    assert few is not None and many is not None
    assert many > 10 * few


def test_the_n_of_a_domain_is_right_though_its_interval_is_of_several_tasks() -> None:
    def domain(times: int) -> Observed:
        parts = [mean_interval([1.0] * a * times + [0.0] * b * times) for a, b in ((30, 10), (20, 0), (40, 40))]
        seen = tuple(Observed(part.score, part.low, part.high, part.n, part.clusters) for part in parts)
        whole = combine([combine(parts[:2]), combine(parts[2:])])
        return Observed(whole.score, whole.low, whole.high, whole.n, whole.clusters, (seen[:2], seen[2:]))

    one = domain(1)
    assert one.times(1.0) == pytest.approx((one.low, one.high))
    for threshold in (one.value - 0.02, one.value + 0.02):
        for seen, mirror in ((one, threshold), (one.mirrored(), 1 - threshold)):
            wanted = needed(seen, mirror)
            assert wanted is not None
            enough, short = domain(math.ceil(wanted / 140)), domain(math.ceil(wanted / 140) - 1)
            assert decide(enough.low, enough.high, threshold, at_least=True) == (
                "pass" if threshold < one.value else "fail"
            )
            assert decide(short.low, short.high, threshold, at_least=True) == "undecided"


@pytest.mark.parametrize(("rate", "threshold"), [(0.8, 0.75), (0.1, 0.15), (0.97, 0.93)])
def test_with_the_named_n_half_of_all_new_runs_are_decided_and_with_four_times_as_many_nearly_all(
    rate: float, threshold: float
) -> None:
    """The rate of a new run is not the one observed: its bound lies on the right side in one run of two, and in 97.5 %
    once it is half as far from the rate. It is decided wrongly in one of forty at most."""
    items = 100
    wanted = needed(Observed(rate, *wilson(rate, items), items, items), threshold)
    assert wanted is not None
    rng = np.random.default_rng(7)
    right: Decided = "pass" if rate > threshold else "fail"
    wrong: Decided = "fail" if rate > threshold else "pass"

    def shares(n: int) -> tuple[float, float]:
        drawn = rng.binomial(n, rate, 4000) / n
        found = [decide(*wilson(p, n), threshold, at_least=True) for p in drawn]
        return found.count(right) / 4000, found.count(wrong) / 4000

    once, wrongly = shares(wanted)
    assert 0.42 < once < 0.58
    assert wrongly < 0.025
    assert shares(4 * wanted)[0] > 0.955


def test_of_many_groups_one_that_is_bad_by_chance_does_not_fail_a_rule_and_one_that_is_bad_does_not_pass_it() -> None:
    """Each of 20 groups has exactly the rate that is allowed: by its own interval one of them is bad in every third run."""
    rng = np.random.default_rng(11)

    def outcomes(rates: list[float], runs: int = 1500) -> list[tuple[str, bool]]:
        found = []
        for right in rng.binomial(100, rates, (runs, len(rates))):
            seen = {str(n): Observed(r / 100, *wilson(r / 100, 100), 100, 100) for n, r in enumerate(right)}
            alone = any(one.high < 0.8 for one in seen.values())
            result = grouped(Measured(Observed(0.8, 0.7, 0.9, 1, 1), seen, 0.8, 0), 0.8, at_least=True)
            found.append((result["outcome"], alone))
        return found

    borderline = outcomes([0.8] * 20)
    assert sum(alone for _, alone in borderline) / 1500 > 0.25
    assert sum(outcome == "fail" for outcome, _ in borderline) / 1500 < 0.05
    one_bad = outcomes([0.98] * 19 + [0.8])
    assert sum(outcome == "pass" for outcome, _ in one_bad) / 1500 < 0.03
