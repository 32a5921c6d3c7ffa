"""The statistics against slow references, printed examples and properties."""

from itertools import product
from statistics import fmean

import numpy as np
import pytest

from neuralprog_agents.benchmark.comparison import statistics
from neuralprog_agents.benchmark.comparison.statistics import (
    estimate,
    improvement,
    interquartile_mean,
    median_time,
    profile,
    solved_by,
)


def slow_interquartile_mean(values):
    """Drop the smallest and the largest value, as often as a quarter of them holds."""
    left = list(values)
    for _ in range(len(values) // 4):
        left.remove(min(left))
        left.remove(max(left))
    return fmean(left)


@pytest.mark.parametrize("size", [1, 3, 4, 7, 8, 12])
def test_interquartile_means(size):
    runs = np.random.default_rng(size).normal(size=(5, size))
    slow = [slow_interquartile_mean(row) for row in runs.tolist()]
    np.testing.assert_allclose(interquartile_mean(runs), slow)


def test_intervals_are_the_percentiles_of_all_resamples_within_tasks():
    """With two tasks of two runs there are 16 resamples, all equally likely."""
    scores = [[0.0, 1.0], [2.0, 6.0]]
    found = estimate(scores, statistics.mean)
    every = [fmean([*a, *b]) for a, b in product(product(scores[0], repeat=2),
                                                product(scores[1], repeat=2))]  # fmt: skip
    assert found.value == fmean([0, 1, 2, 6])
    assert (found.low, found.high) == (min(every), max(every))
    resampled = statistics._resampled(scores, 0).mean(axis=1)
    for value in set(every):
        assert np.mean(resampled == value) == pytest.approx(every.count(value) / 16, abs=0.03)


def test_tasks_without_spread_have_no_interval():
    found = estimate([[0.0, 0.0, 0.0], [1.0, 1.0]], statistics.mean)
    assert (found.value, found.low, found.high) == (0.4, 0.4, 0.4)


def test_a_95_percent_interval_holds_the_mean_in_most_samples():
    random = np.random.default_rng(0)
    held = 0
    for seed in range(40):
        found = estimate(random.normal(size=(20, 5)).tolist(), statistics.mean, seed)
        held += found.low <= 0.0 <= found.high
    assert held >= 33


def slow_improvement(ours, theirs):
    shares = []
    for a, b in zip(ours, theirs, strict=True):
        wins = [1.0 if x > y else 0.5 if x == y else 0.0 for x in a for y in b]
        shares.append(fmean(wins))
    return fmean(shares)


def test_probability_of_improvement():
    ours, theirs = [[0.1, 0.5, 0.9], [1.0, 1.0]], [[0.5, 0.2], [1.0, 0.3, 0.4]]
    found = improvement(ours, theirs)
    assert found.value == pytest.approx(slow_improvement(ours, theirs))
    assert found.low <= found.value <= found.high
    assert improvement(theirs, ours).value == pytest.approx(1 - found.value)
    sure = improvement([[1.0, 0.9]], [[0.1, 0.2, 0.3]])
    assert (sure.value, sure.low, sure.high) == (1.0, 1.0, 1.0)


def test_profiles_are_shares_that_reach_thresholds():
    found = profile([[0.0, 0.5], [1.0, 0.5]], np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    assert found.tolist() == [1.0, 0.75, 0.75, 0.25, 0.25]


def slow_kaplan_meier(times, solved, at):
    """The product over the moments of a success, one after another."""
    unsolved = 1.0
    for moment in sorted({t for t, right in zip(times, solved, strict=True) if right}):
        if moment <= at:
            here = sum(t == moment and right for t, right in zip(times, solved, strict=True))
            unsolved *= 1 - here / sum(t >= moment for t in times)
    return 1 - unsolved


def test_times_of_freireich():
    """The remissions of 21 patients under 6-mercaptopurine, of Freireich et al. 1963."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    times, over = ended + censored, [True] * 9 + [False] * 12
    rises, share = solved_by(times, over)
    assert rises.tolist() == [6, 7, 10, 13, 16, 22, 23]
    printed = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    np.testing.assert_allclose(1 - share, printed, atol=5e-4)
    assert median_time(times, over) == 23


@pytest.mark.parametrize("seed", range(5))
def test_times_against_a_slow_reference(seed):
    random = np.random.default_rng(seed)
    times = random.integers(1, 8, size=12).astype(float).tolist()
    solved = (random.random(12) < 0.6).tolist()
    rises, share = solved_by(times, solved)
    slow = [slow_kaplan_meier(times, solved, at) for at in rises]
    np.testing.assert_allclose(share, slow)


def test_a_median_that_too_few_reach_is_none():
    assert median_time([1.0, 60.0, 60.0], [True, False, False]) is None
    assert median_time([1.0, 2.0, 60.0, 60.0], [True, True, False, False]) == 2.0
    assert median_time([60.0], [False]) is None
    assert median_time([], []) is None
