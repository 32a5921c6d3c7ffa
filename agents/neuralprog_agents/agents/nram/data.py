"""The pairs of a run, and what a restart draws: its settings and its batches.

A run has one list of at most ``config.pairs`` pairs, a function of its seed: all its restarts learn
from these, by gradient and by repair, and are judged on them. Everything is a pure function of
(config.seed, restart, stream, position), so that nothing depends on when a restart was interrupted,
or on what runs beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.records import Batch
from neuralprog_agents.circuits import tables
from neuralprog_agents.circuits.program import with_learned
from neuralprog_agents.circuits.search import named_modules
from neuralprog_agents.training.curriculum import Curriculum
from neuralprog_envs.core import batch
from neuralprog_envs.core.draws import Draws, as_words, combine, key_of
from neuralprog_envs.core.instances import draw
from neuralprog_envs.core.task import Ints
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.state import TapeInstances


class Stream(IntEnum):
    """The independent streams of random numbers; pairs are the same in all restarts."""

    SETTINGS = 0
    BATCHES = 1
    PAIRS = 2
    LONGER = 3
    WEIGHTS = 4
    NOISE = 5
    REPAIR = 6
    POPULATION = 7


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


@lru_cache(maxsize=4)
def pairs(config: Config) -> TapeInstances:
    """Return the pairs of a run, the training lengths in turn, all in the memory of the longest."""
    low, high = config.length
    count = config.pairs - config.longer_pairs
    lengths = (low + np.arange(count) % (high - low + 1)).astype(np.int32)
    key = seed(config, 0, Stream.PAIRS)
    instances: TapeInstances = draw(task_of(config, high), key, np.arange(count), lengths)
    return instances


def draw_batches(
    config: Config, index: int, curriculum: Curriculum, turn: int, step: int, count: int
) -> tuple[Batch, Ints]:
    """Return ``count`` batches of the run's pairs.

    Args:
        config: The config.
        index: The restart.
        curriculum: What chooses the difficulties.
        turn: The turn of the restart.
        step: How many batches the turn has had before.
        count: K.

    Returns:
        The batches: arrays (K, B, M) and time limits (K, B); and every example's length, (K, B).
    """
    B, instances, (low, high) = config.batch, pairs(config), config.length
    address = np.arange(step * B, (step + count) * B, dtype=np.uint64)
    key = seed(config, index, Stream.BATCHES)
    draws = Draws(combine(as_words(key), as_words(turn), address))
    each = high - low + 1
    lengths = draws.integer(low, high + 1) if config.uniform_lengths else curriculum.sample(draws)
    rows = draws.integer(0, len(instances.length) // each) * each + lengths - low
    chosen = batch.take(instances, rows)
    batches = Batch(
        tape=chosen.tape.reshape(count, B, -1),
        target=chosen.answer.reshape(count, B, -1),
        mask=chosen.mask.reshape(count, B, -1),
        steps=limits(config, lengths).reshape(count, B).astype(np.int32),
    )
    return batches, lengths.reshape(count, B)


def limits(config: Config, lengths: Ints) -> NDArray[np.int64]:
    """Return the time limit T of each length, same shape."""
    found: NDArray[np.int64] = tables.limits(config.time_limit, lengths)
    return found


def task_of(config: Config, longest: int) -> Any:
    """Return the config's task in circuit mode, with its modules and the longest's memory."""
    return make_task(
        config.env,
        length=longest,
        registers=config.registers,
        repetitions=config.repetitions,
        action="circuit",
        observation="flags",
        modules=with_learned(named_modules(config.modules)),
    )


def seed(config: Config, index: int, stream: Stream) -> int:
    """Return the seed of one of a restart's streams, 0..2**64-1."""
    return key_of(config.seed, index, int(stream))


def generator(config: Config, index: int, stream: Stream) -> np.random.Generator:
    """Return a generator at the beginning of one of a restart's streams."""
    return np.random.Generator(np.random.Philox(key=seed(config, index, stream)))
