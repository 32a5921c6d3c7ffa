"""What a restart learns from: the frames of experts' traces.

Everything is a pure function of (config.seed, restart, stream, position), so that nothing depends
on when a restart was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from itertools import chain
from typing import Any

import numpy as np

from neuralprog_agents.agents.npi.config import Config, Task
from neuralprog_agents.npi_network.frames import generator
from neuralprog_envs.core import batch
from neuralprog_envs.core.draws import as_words, combine
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.frames import Frame, FrameBatch, batch_frames, frames, frames_of
from neuralprog_envs.program.library import ACT
from neuralprog_envs.registry import make_task

_EFFECTS = 8
"""Different effects of ACT that a wide frame's pad has seen, at most."""


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
        found = chain(found, _wide_frames(made, instances, generator(key)))
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
