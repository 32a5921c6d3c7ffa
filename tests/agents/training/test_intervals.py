"""Intervals of rates, against a textbook."""

import pytest

from neuralprog_agents.training.intervals import wilson


def test_wilson_intervals_are_those_of_the_textbook():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I


def test_the_interval_of_none_begins_at_0_and_that_of_all_ends_at_1():
    for trials in range(1, 1001):
        assert wilson(0, trials)[0] == 0.0 < wilson(0, trials)[1] < 1.0
        assert wilson(trials, trials)[1] == 1.0 > wilson(trials, trials)[0] > 0.0
    for trials in range(2, 1001):
        assert 0.0 < wilson(1, trials)[0] < wilson(trials - 1, trials)[1] < 1.0
