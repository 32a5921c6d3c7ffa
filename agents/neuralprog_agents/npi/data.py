"""What a restart learns from: the frames of experts' traces, and the batches drawn from them.

Everything is a pure function of (config.seed, restart, stream, position), so that nothing depends
on when a restart was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.npi.config import Config, Task
from neuralprog_envs.core import batch
from neuralprog_envs.core.draws import as_words, combine
from neuralprog_envs.core.instances import draw
from neuralprog_envs.faces.frames import Frame, FrameBatch, batch_frames, frames, frames_of
from neuralprog_envs.program.library import ACT
from neuralprog_envs.registry import make_task

Rows = NDArray[np.intp]
_TIMES = 4
"""How often a frame of hardness 1 is in a batch, on average, for being hard."""
_FADING = 0.8
_EFFECTS = 8
"""Different effects of ACT that a wide frame's pad has seen, at most."""
_FIELDS = ("program", "arguments", "view", "target", "hidden", "mask")


class Stream(IntEnum):
    """The independent streams of random numbers of a restart."""

    TRACES = 0
    WEIGHTS = 1
    BATCHES = 2


def seed(config: Config, index: int, stream: Stream, position: int = 0, number: int = 0) -> int:
    """Return the seed of a position in one of a restart's streams, 0..2**64-1.

    Args:
        config: Of the restart.
        index: The restart's.
        stream: The stream.
        position: In the stream.
        number: The task's; each has streams of its own.
    """
    words = config.seed, index, int(stream) + len(Stream) * number, position
    return int(combine(*map(as_words, words))[0])


def settings_of(task: Task | Config) -> dict[str, Any]:
    """Return the environment's settings besides the length."""
    form = {"observation": task.observation} if task.observation else {}
    return {"recursive": task.recursive, **form}


def task_of(task: Task | Config, longest: int) -> Any:
    """Return a config's (first) task, with a pad for instances of length up to ``longest``."""
    return make_task(task.env, length=longest, **settings_of(task))


def draw_frames(task: Task | Config, key: int, split: str = "train") -> FrameBatch:
    """Return the different frames of the traces that a config's (first) task asks for.

    Args:
        task: The task.
        key: Where the instances come from.
        split: Theirs.
    """
    low, high = task.length
    made = task_of(task, high)
    lengths = np.repeat(np.arange(low, high + 1, dtype=np.int32), task.traces)
    instances = draw(made, key, np.arange(len(lengths)), lengths, split)
    found = frames(made, instances)
    if task.wide:
        found = chain(found, _wide_frames(made, instances, _random(key)))
    return batch_frames(found)


def _wide_frames(task: Any, instances: Any, random: np.random.Generator) -> Iterator[Frame]:
    """Yield the frames of every program that takes no arguments, on pads as they seldom are.

    Each program runs on each instance's pad after some random effects of ACT, each as many times
    as there are cells or fewer: so pointers come to be anywhere, and at the ends often.
    """
    library = task.machine.library
    effects = [(ACT, *effect.arguments) for effect in library.effects]
    for row in range(len(instances.length)):
        for number, program in enumerate(library.programs, start=ACT + 1):
            if program.arguments:
                continue
            episode = task.machine.begin(batch.take(instances, slice(row, row + 1)))
            for effect in random.integers(len(effects), size=_EFFECTS):
                for _ in range(random.integers(task.machine.size + 2)):
                    episode.step(effects[effect])
            episode.frames[:] = [(number, 0, 0, 0)]
            yield from frames_of(task, episode)


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
        uniform = _random(key).random(size)
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


def _random(key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=key))


def _choose(cumulated: NDArray[np.float64], uniform: NDArray[np.float64]) -> Rows:
    if not uniform.size:
        return np.zeros(0, dtype=np.intp)
    found = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    return np.minimum(found, len(cumulated) - 1)
