"""Operations on sets of frames for training: select rows, concatenate, sample batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.program.frames import FrameBatch

Rows = NDArray[np.intp]
_TIMES = 4
"""How often a frame of priority 1 is drawn into a batch by its priority, on average."""
_DECAY = 0.8
_FIELDS = ("program", "arguments", "view", "target", "hidden", "mask")


def take(whole: FrameBatch, rows: Rows) -> FrameBatch:
    """Return the given frames, cut to the steps of their longest."""
    T = int(whole.mask[rows].sum(axis=1).max())
    parts = {name: getattr(whole, name)[rows] for name in _FIELDS}
    for name in ("view", "target", "hidden", "mask"):
        parts[name] = parts[name][:, :T]
    return FrameBatch(**parts)


def join(one: FrameBatch, other: FrameBatch) -> FrameBatch:
    """Concatenate two sets of frames."""
    T = max(one.mask.shape[1], other.mask.shape[1])
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in _FIELDS}
    for name in ("view", "target", "hidden", "mask"):
        pairs[name] = (_longer(pairs[name][0], T), _longer(pairs[name][1], T))
    return FrameBatch(**{name: np.concatenate(parts) for name, parts in pairs.items()})


def _longer(part: NDArray[Any], T: int) -> NDArray[Any]:
    spare = [(0, 0)] * part.ndim
    spare[1] = (0, T - part.shape[1])
    return np.pad(part, spare)


class Sampler:
    """Samples batches, stratified by program and frame length, and by priority.

    Each stratum is equally likely, and each frame within it. Without stratification rare frames,
    such as a recursion's base case, are never learned. At most the fraction ``boost`` of a batch is
    drawn by priority, shape (F,); see ``updated_priority``.
    """

    def __init__(self, whole: FrameBatch, priority: NDArray[np.float64], boost: float) -> None:
        strata = np.stack([whole.program, whole.mask.sum(axis=1)])
        _, number, count = np.unique(strata, axis=1, return_inverse=True, return_counts=True)
        self._all = np.cumsum(1 / count[number.ravel()])
        self._by_priority = np.cumsum(priority)
        self._boost = boost

    def rows(self, size: int, key: int) -> Rows:
        """Return the indices of a batch of frames, shape (size,)."""
        uniform = generator(key).random(size)
        boosted = int(min(size * self._boost, _TIMES * self._by_priority[-1]))
        parts = _choose(self._by_priority, uniform[:boosted]), _choose(self._all, uniform[boosted:])
        return np.concatenate(parts)


def updated_priority(
    priority: NDArray[np.float64], failing: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the priorities after a check: they decay, and a frame that is wrong gains 1.

    The decay keeps up the priority of a frame that has just become right. Without it two frames
    that a small change of the weights separates (sums of 18 and of 19) would be boosted in turn
    and never be right together.
    """
    decayed = priority * _DECAY
    return np.where(decayed < 0.05, 0.0, decayed) + failing


def generator(key: int) -> np.random.Generator:
    """Return the random generator of a key."""
    return np.random.Generator(np.random.Philox(key=key))


def _choose(cumulated: NDArray[np.float64], uniform: NDArray[np.float64]) -> Rows:
    if not uniform.size:
        return np.zeros(0, dtype=np.intp)
    found = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    return np.minimum(found, len(cumulated) - 1)
