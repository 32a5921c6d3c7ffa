"""What a restart draws: its settings, its batches of pairs, the instances it is judged on.

Everything is a pure function of (config.seed, restart, stream, position), so that nothing depends
on when a restart was interrupted, or on what runs beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.nram.config import Config
from neuralprog_agents.nram.records import Batch
from neuralprog_agents.training.curriculum import Curriculum
from neuralprog_envs.core.draws import Draws, as_words, combine
from neuralprog_envs.core.instances import draw
from neuralprog_envs.core.task import Ints
from neuralprog_envs.registry import make_task


class Stream(IntEnum):
    """The independent streams of random numbers of a restart."""

    SETTINGS = 0
    BATCHES = 1
    FITS = 2
    GENERALISES = 3
    WEIGHTS = 4
    NOISE = 5


@dataclass(frozen=True)
class Settings:
    """What one restart drew from the config's ranges; names as there."""

    learning_rate: float
    noise: float
    entropy: float
    entropy_half_life: float
    clip_activations: float
    clip_norm: float


def draw_settings(config: Config, index: int) -> Settings:
    """Return a restart's own settings, each log-uniform in the config's range."""
    random = generator(config, index, Stream.SETTINGS)
    names = Settings.__dataclass_fields__
    return Settings(**{name: _log_uniform(random, getattr(config, name)) for name in names})


def _log_uniform(random: np.random.Generator, bounds: tuple[float, float]) -> float:
    low, high = bounds
    share = random.random()
    return low if low == high else float(low * (high / low) ** share)


def draw_batches(
    config: Config, index: int, curriculum: Curriculum, start: int, count: int
) -> tuple[Batch, Ints]:
    """Return ``count`` batches, in the memory that their longest instance needs.

    Args:
        config: The config.
        index: The restart.
        curriculum: What chooses the difficulties.
        start: How many pairs the restart has drawn before.
        count: K.

    Returns:
        The batches: arrays (K, B, M) and time limits (K, B); and every example's length, (K, B).
    """
    B = config.batch
    address = np.arange(start, start + count * B, dtype=np.uint64)
    key = seed(config, index, Stream.BATCHES)
    lengths = curriculum.sample(Draws(combine(as_words(key), address)))
    instances = draw(task_of(config, int(lengths.max())), key, address, lengths)
    batches = Batch(
        tape=instances.tape.reshape(count, B, -1),
        target=instances.answer.reshape(count, B, -1),
        mask=instances.mask.reshape(count, B, -1),
        steps=limits(config, lengths).reshape(count, B),
    )
    return batches, lengths.reshape(count, B)


def limits(config: Config, lengths: Ints) -> NDArray[np.int32]:
    """Return the time limit T of each length, same shape, int32."""
    return np.maximum(config.steps[0] * lengths + config.steps[1], 1).astype(np.int32)


def task_of(config: Config, longest: int) -> Any:
    """Return the config's task in circuit mode, with the memory that the longest needs."""
    wanted: Any = make_task(config.env, length=longest)
    return make_task(
        config.env,
        length=longest,
        memory_size=max(wanted.machine.memory_size, config.least_memory),
        registers=config.registers,
        repetitions=config.repetitions,
        action="circuit",
        observation="flags",
    )


def seed(config: Config, index: int, stream: Stream) -> int:
    """Return the seed of one of a restart's streams, 0..2**64-1."""
    return int(combine(as_words(config.seed), as_words(index), as_words(int(stream)))[0])


def generator(config: Config, index: int, stream: Stream) -> np.random.Generator:
    """Return a generator at the beginning of one of a restart's streams."""
    return np.random.Generator(np.random.Philox(key=seed(config, index, stream)))
