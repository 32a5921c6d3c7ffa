"""The data of a restart: training examples, minibatches, and validation instances.

Everything is a pure function of (config.seed, restart, stream, position), so it does not depend on
when a restart was interrupted.
"""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Pulse
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.registry import make_task
from neuralprog_envs.table.state import TableInstances
from neuralprog_envs.table.task import TableTask

_DRAWN = 2500


class Stream(IntEnum):
    """The independent streams of random numbers of a restart."""

    EXAMPLES = 0
    ORDER = 1
    JUDGED = 2
    WEIGHTS = 3
    NOISE = 4
    DROPOUT = 5
    TRIES = 6


def seed(config: Config, index: int, stream: Stream, position: int = 0) -> int:
    """Return a seed of 63 bits for a position of a stream."""
    words = np.random.SeedSequence((config.seed, index, stream, position))
    return int(words.generate_state(1, np.uint64)[0] >> np.uint64(1))


def task_of(config: Config) -> TableTask:
    """Return the task with the training settings."""
    task: Any = make_task(
        config.env, length=config.length, value_range=config.value_range, **machine_of(config)
    )
    return cast(TableTask, task)


def machine_of(config: Config) -> dict[str, Any]:
    """Return the environment's settings that training and tests share."""
    return {"columns": config.columns, "steps": config.steps, "operations": list(OPERATIONS)}


def examples(
    config: Config, index: int, task: TableTask, rows: NDArray[np.int64]
) -> TableInstances:
    """Return the training examples of the given indices."""
    key = seed(config, index, Stream.EXAMPLES)
    posed: TableInstances = draw(task, key, rows, config.length, "train")
    return posed


def templates(
    config: Config, index: int, task: TableTask, pulse: Pulse
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the number of each example's template, and how many numbers it has, (examples,) each.

    A template is a question's words, with one placeholder for every word that occurs in tables, as
    a column's name or as an entry.
    """
    questions, numbers, in_tables = [], [], [np.zeros(1, np.int32)]
    for first in range(0, config.examples, _DRAWN):
        pulse()
        rows = np.arange(first, min(first + _DRAWN, config.examples))
        posed = examples(config, index, task, rows)
        questions.append(posed.question)
        numbers.append(posed.pivot_count)
        in_tables += [np.unique(posed.names), np.unique(posed.words)]
    asked, known = np.concatenate(questions), np.unique(np.concatenate(in_tables))
    masked = np.where((asked > 0) & np.isin(asked, known), -1, asked)
    _, number = np.unique(masked, axis=0, return_inverse=True)
    return number.reshape(-1).astype(np.int64), np.concatenate(numbers)


def are_right(
    task: TableTask, posed: TableInstances, actions: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which instances a program for each, (B, T, 3), answers rightly, (B,)."""
    state = task.machine.initial(posed)
    for t in range(actions.shape[1]):
        state = task.machine.step(state, actions[:, t])
    right: NDArray[np.bool_] = task.score(state, posed) == 1.0
    return right


def rows_of_steps(config: Config, index: int, step: int, count: int) -> NDArray[np.int64]:
    """Return the indices of the examples of ``count`` steps, (count · batch,)."""
    each = config.examples // config.batch
    epochs = range(step // each, (step + count - 1) // each + 1)
    return np.concatenate([_rows(config, index, epoch, count, step) for epoch in epochs])


def _rows(config: Config, index: int, epoch: int, count: int, step: int) -> NDArray[np.int64]:
    """Return the indices of the examples of those steps that lie in one epoch."""
    each = config.examples // config.batch
    low, high = max(step - epoch * each, 0), min(step + count - epoch * each, each)
    order = np.random.default_rng(seed(config, index, Stream.ORDER, epoch))
    rows = order.permutation(config.examples)
    return rows[low * config.batch : high * config.batch]


def judged(config: Config, index: int, count: int) -> tuple[TableTask, TableInstances]:
    """Return validation instances of the training lengths and range, and their task.

    Their tables have the most columns, as the test tables do.
    """
    task = task_of(replace(config, columns=(config.columns[1], config.columns[1])))
    key = seed(config, index, Stream.JUDGED)
    held_out: TableInstances = pairs(
        task, count, length=config.length, seed=key, split="validation"
    )
    return task, held_out
