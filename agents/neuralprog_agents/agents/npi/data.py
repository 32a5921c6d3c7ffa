"""The training data of a restart: frames of experts' traces.

Everything is a pure function of (config.seed, restart, stream, position), so it does not depend on
when a restart was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from itertools import chain
from typing import Any

import numpy as np

from neuralprog_agents.agent import Pulse
from neuralprog_agents.agents.npi.config import Config, TaskConfig
from neuralprog_agents.npi_network.frames import generator
from neuralprog_envs.core import batch
from neuralprog_envs.core.draws import key_of
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.frames import Frame, FrameBatch, batch_frames, frames, frames_of
from neuralprog_envs.program.library import ACT
from neuralprog_envs.registry import make_task

_EFFECTS = 8
"""The number of effects of ACT that are drawn for the pad of a wide frame."""


class Stream(IntEnum):
    """The independent streams of random numbers of a restart."""

    TRACES = 0
    WEIGHTS = 1
    BATCHES = 2


def seed(config: Config, index: int, stream: Stream, position: int = 0, number: int = 0) -> int:
    """Return the seed of a position in a stream of a restart, 0..2**64-1.

    Each task has its own streams; ``number`` is its index.
    """
    return key_of(config.seed, index, int(stream) + len(Stream) * number, position)


def settings_of(task: TaskConfig) -> dict[str, Any]:
    """Return the environment's settings, without the length."""
    form = {"observation": task.observation} if task.observation else {}
    return {"recursive": task.recursive, **form}


def task_of(task: TaskConfig, longest: int) -> Any:
    """Return the task, with a pad for instances up to a length."""
    return make_task(task.env, length=longest, **settings_of(task))


def draw_frames(
    task: TaskConfig, key: int, split: str = "train", pulse: Pulse = lambda: None
) -> FrameBatch:
    """Return the different frames of a task's training traces, drawn with the seed ``key``.

    ``pulse`` is called at each frame of the traces, those that repeat included.
    """
    low, high = task.length
    made = task_of(task, high)
    lengths = np.repeat(np.arange(low, high + 1, dtype=np.int32), task.traces)
    instances = draw(made, key, np.arange(len(lengths)), lengths, split)
    found = frames(made, instances)
    if task.wide:
        found = chain(found, _wide_frames(made, instances, generator(key)))
    return batch_frames(_pulsed(found, pulse))


def _pulsed(found: Iterable[Frame], pulse: Pulse) -> Iterator[Frame]:
    for frame in found:
        pulse()
        yield frame


def _wide_frames(task: Any, instances: Any, random: np.random.Generator) -> Iterator[Frame]:
    """Yield frames of every program without arguments, on pads changed by random effects of ACT.

    Each program runs on each instance's pad. Before that, some random effects are applied, each a
    random number of times up to the number of cells, so that pointers are anywhere and often at
    the ends.
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
