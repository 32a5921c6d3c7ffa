"""What a restart learns from: the frames of experts' traces, and the batches drawn from them.

Everything is a pure function of (config.seed, restart, stream, position), so that nothing depends
on when a restart was interrupted.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.npi.config import Config
from neuralprog_envs.core.draws import as_words, combine
from neuralprog_envs.core.instances import draw
from neuralprog_envs.faces.frames import FrameBatch, batch_frames, frames
from neuralprog_envs.registry import make_task

Rows = NDArray[np.intp]
_TIMES = 4
"""How often a frame of hardness 1 is in a batch, on average, for being hard."""
_FADING = 0.8
_FIELDS = ("program", "arguments", "view", "target", "hidden", "mask")


class Stream(IntEnum):
    """The independent streams of random numbers of a restart."""

    TRACES = 0
    WEIGHTS = 1
    BATCHES = 2


def seed(config: Config, index: int, stream: Stream, position: int = 0) -> int:
    """Return the seed of a position in one of a restart's streams, 0..2**64-1."""
    words = config.seed, index, int(stream), position
    return int(combine(*map(as_words, words))[0])


def settings_of(config: Config) -> dict[str, Any]:
    """Return the environment's settings besides the length."""
    form = {"observation": config.observation} if config.observation else {}
    return {"recursive": config.recursive, **form}


def task_of(config: Config, longest: int) -> Any:
    """Return the config's task, with a pad for instances of length up to ``longest``."""
    return make_task(config.env, length=longest, **settings_of(config))


def draw_frames(config: Config, index: int) -> FrameBatch:
    """Return the different frames of the restart's traces, on instances of the train split."""
    low, high = config.length
    task = task_of(config, high)
    lengths = np.repeat(np.arange(low, high + 1, dtype=np.int32), config.traces)
    key = seed(config, index, Stream.TRACES)
    return batch_frames(frames(task, draw(task, key, np.arange(len(lengths)), lengths)))


def take(batch: FrameBatch, rows: Rows) -> FrameBatch:
    """Return some frames, no more steps than their longest needs."""
    T = int(batch.mask[rows].sum(axis=1).max())
    parts = {name: getattr(batch, name)[rows] for name in _FIELDS}
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
        batch: The frames.
        hardness: How often each was wrong lately, shape (F,); see ``harden``.
        boost: The largest fraction of a batch that is drawn by hardness.
    """

    def __init__(self, batch: FrameBatch, hardness: NDArray[np.float64], boost: float) -> None:
        strata = np.stack([batch.program, batch.mask.sum(axis=1)])
        _, number, count = np.unique(strata, axis=1, return_inverse=True, return_counts=True)
        self._all = np.cumsum(1 / count[number.ravel()])
        self._hard = np.cumsum(hardness)
        self._boost = boost

    def rows(self, size: int, key: int) -> Rows:
        """Return the numbers of the frames of a batch, shape (size,)."""
        uniform = np.random.Generator(np.random.Philox(key=key)).random(size)
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


def _choose(cumulated: NDArray[np.float64], uniform: NDArray[np.float64]) -> Rows:
    if not uniform.size:
        return np.zeros(0, dtype=np.intp)
    found = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    return np.minimum(found, len(cumulated) - 1)
