"""Frames as training takes them: parts of them, several sets together, batches of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.program.frames import FrameBatch

Rows = NDArray[np.intp]
_TIMES = 4
"""How often a frame of hardness 1 is in a batch, on average, for being hard."""
_FADING = 0.8
_FIELDS = ("program", "arguments", "view", "target", "hidden", "mask")


def take(whole: FrameBatch, rows: Rows) -> FrameBatch:
    """Return some frames, no more steps than their longest needs."""
    T = int(whole.mask[rows].sum(axis=1).max())
    parts = {name: getattr(whole, name)[rows] for name in _FIELDS}
    for name in ("view", "target", "hidden", "mask"):
        parts[name] = parts[name][:, :T]
    return FrameBatch(**parts)


def join(one: FrameBatch, other: FrameBatch) -> FrameBatch:
    """Return the frames of both, side by side."""
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
    """Draws batches: stratified by program and frame length, hard frames boosted.

    Each stratum is equally likely, and within it each frame. Without this, frames that are rare,
    such as a recursion's base case, are never learned.

    Args:
        whole: The frames.
        hardness: How often each was wrong lately, shape (F,); see ``harden``.
        boost: The largest fraction of a batch that is drawn by hardness.
    """

    def __init__(self, whole: FrameBatch, hardness: NDArray[np.float64], boost: float) -> None:
        strata = np.stack([whole.program, whole.mask.sum(axis=1)])
        _, number, count = np.unique(strata, axis=1, return_inverse=True, return_counts=True)
        self._all = np.cumsum(1 / count[number.ravel()])
        self._hard = np.cumsum(hardness)
        self._boost = boost

    def rows(self, size: int, key: int) -> Rows:
        """Return the numbers of the frames of a batch, shape (size,)."""
        uniform = generator(key).random(size)
        boosted = int(min(size * self._boost, _TIMES * self._hard[-1]))
        parts = _choose(self._hard, uniform[:boosted]), _choose(self._all, uniform[boosted:])
        return np.concatenate(parts)


def harden(hardness: NDArray[np.float64], failing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the frames' hardness after a check: 1 for each time it was wrong, fading.

    A frame stays boosted for a while once it is right: otherwise two that a small change decides
    (sums of 18 and of 19) would be boosted in turn, each at the other's cost, for ever.
    """
    faded = hardness * _FADING
    return np.where(faded < 0.05, 0.0, faded) + failing


def generator(key: int) -> np.random.Generator:
    """Return the random numbers of a key."""
    return np.random.Generator(np.random.Philox(key=key))


def _choose(cumulated: NDArray[np.float64], uniform: NDArray[np.float64]) -> Rows:
    if not uniform.size:
        return np.zeros(0, dtype=np.intp)
    found = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    return np.minimum(found, len(cumulated) - 1)
