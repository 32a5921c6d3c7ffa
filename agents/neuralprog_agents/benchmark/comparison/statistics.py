"""Statistics of few runs on many tasks.

They are those of Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical
Precipice", and the estimate of Kaplan and Meier 1958 for times that are not all known. Scores are
lists with an array of runs a task: tasks are the strata of the bootstrap, and may have different
numbers of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Scores = Sequence[Sequence[float]]
REPETITIONS = 2000
"""Resamples of a bootstrap."""
_BOUNDS = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A number with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def interquartile_mean(runs: Floats) -> Floats:
    """Return the mean of the middle half of the last axis: a quarter is cut off at each end."""
    ordered, cut = np.sort(runs, axis=-1), runs.shape[-1] // 4
    return np.asarray(ordered[..., cut : runs.shape[-1] - cut].mean(axis=-1))


def mean(runs: Floats) -> Floats:
    """Return the mean of the last axis."""
    return np.asarray(runs.mean(axis=-1))


def estimate(scores: Scores, statistic: Callable[[Floats], Floats], seed: int = 0) -> Estimate:
    """Return a statistic of all runs with its stratified bootstrap interval.

    Args:
        scores: One run of one task at least.
        statistic: Of the last axis.
        seed: Of the resamples.
    """
    everything = np.concatenate([np.asarray(runs, dtype=float) for runs in scores])
    low, high = np.percentile(statistic(_resampled(scores, seed)), _BOUNDS)
    return Estimate(float(statistic(everything)), float(low), float(high))


def _resampled(scores: Scores, seed: int) -> Floats:
    """Return resamples, each task's runs drawn from its own, shape (REPETITIONS, runs)."""
    random = np.random.default_rng(seed)
    parts = []
    for runs in map(np.asarray, scores):
        parts.append(runs[random.integers(len(runs), size=(REPETITIONS, len(runs)))])
    return np.concatenate(parts, axis=1, dtype=float)


def probability(ours: Scores, theirs: Scores) -> float:
    """Return the probability that a run of ours scores more than one of theirs; ties are halves.

    Args:
        ours: On the same tasks, in the same order, as ``theirs``.
        theirs: The others.
    """
    pairs = zip(ours, theirs, strict=True)
    return float(np.mean([_wins(np.asarray(a)[None], np.asarray(b)[None])[0] for a, b in pairs]))


def improvement(ours: Scores, theirs: Scores, seed: int = 0) -> Estimate:
    """Return ``probability`` with its stratified bootstrap interval.

    Args:
        ours: As for ``probability``.
        theirs: The others.
        seed: Of the resamples.
    """
    random, resampled = np.random.default_rng(seed), []
    for pair in zip(ours, theirs, strict=True):
        a, b = (
            np.asarray(runs)[random.integers(len(runs), size=(REPETITIONS, len(runs)))]
            for runs in pair
        )
        resampled.append(_wins(a, b))
    low, high = np.percentile(np.mean(resampled, axis=0), _BOUNDS)
    return Estimate(probability(ours, theirs), float(low), float(high))


def _wins(ours: Floats, theirs: Floats) -> Floats:
    """Return the share of pairs of columns that ours wins, in each row."""
    difference = np.sign(ours[:, :, None] - theirs[:, None, :])
    return np.asarray((difference.mean(axis=(1, 2)) + 1) / 2)


def profile(scores: Scores, thresholds: Floats) -> Floats:
    """Return the performance profile: the share of runs that reach each threshold.

    Agarwal et al. count runs above a threshold. Here a run at the threshold counts, so that a
    profile up to 0.99 ends with the share of runs that are right on 99 %.

    Args:
        scores: One run at least, of all tasks together.
        thresholds: Shape (T,).

    Returns:
        Shape (T,), float64.
    """
    runs = np.concatenate([np.asarray(each, dtype=float) for each in scores])
    return np.asarray((runs[None] >= thresholds[:, None]).mean(axis=1))


def solved_by(times: Sequence[float], solved: Sequence[bool]) -> tuple[Floats, Floats]:
    """Return the Kaplan–Meier estimate of the share that is solved by a time.

    Args:
        times: When each run was solved, or else ended.
        solved: Whether it was solved; the others are censored: they might have been later.

    Returns:
        The times at which the share rises, ascending, and the share from each of them on.
    """
    ended, right = np.asarray(times, dtype=float), np.asarray(solved, dtype=bool)
    rises = np.unique(ended[right])
    at_risk = (ended[None] >= rises[:, None]).sum(axis=1)
    events = ((ended[None] == rises[:, None]) & right).sum(axis=1)
    return rises, 1.0 - np.cumprod(1.0 - events / at_risk)


def median_time(times: Sequence[float], solved: Sequence[bool]) -> float | None:
    """Return when half of the runs are solved, by ``solved_by``; None if that is not reached."""
    rises, share = solved_by(times, solved)
    half = np.flatnonzero(share >= 0.5 - 1e-12)
    return float(rises[half[0]]) if len(half) else None
