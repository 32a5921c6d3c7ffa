"""Whether a controller is right: discretised, on the hard machine, and soft."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import Stream, limits, pairs, seed, task_of
from neuralprog_agents.agents.nram.discretise import Stepper
from neuralprog_agents.agents.nram.records import Batch, Floats
from neuralprog_agents.agents.nram.shape import Shape
from neuralprog_agents.circuits import tables
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.tape.state import TapeInstances

_FIRST = 64
"""Pairs that are tried first: most wrong circuits fail on them."""


def fits(config: Config, learned: Stepper) -> bool:
    """Whether circuits are right on all pairs of the training lengths."""
    task, instances = task_of(config, config.length[1]), pairs(config)
    parts = np.split(np.arange(len(instances.length)), [_FIRST])
    return all(_right(config, task, learned, batch.take(instances, rows)) for rows in parts)


def share(config: Config, learned: Stepper) -> float:
    """Return the share of the pairs of the training lengths on which circuits are right."""
    scores = _scores(config, task_of(config, config.length[1]), learned, pairs(config))
    return float(np.mean(scores == 1.0))


def generalises(config: Config, learned: Stepper) -> bool:
    """Whether circuits are right on ``longer_pairs`` held-out pairs of twice the longest length."""
    return longer_share(config, learned) == 1.0


def longer_share(config: Config, learned: Stepper) -> float:
    """Return the share of these pairs on which circuits are right."""
    length = 2 * config.length[1]
    task, key = task_of(config, length), seed(config, 0, Stream.LONGER)
    instances = draw(task, key, np.arange(config.longer_pairs), (length, length), "validation")
    return float(np.mean(_scores(config, task, learned, instances) == 1.0))


def soft_wrong(config: Config, theta: Floats, shape: Shape) -> float:
    """Return the share of cells that the soft machine gets wrong at the training lengths."""
    from neuralprog_agents.agents.nram.kernel import loss_and_grad  # numba takes a second

    instances = pairs(config)
    steps = limits(config, instances.length)
    _, _, errors = loss_and_grad(
        shape,
        theta,
        Batch(instances.tape, instances.answer, instances.mask, steps),
        sharpen_flags=config.sharpen_flags,
        straight_through=config.straight_through,
    )
    return float(errors.mean())


def _right(config: Config, task: Any, learned: Stepper, instances: TapeInstances) -> bool:
    return bool(np.all(_scores(config, task, learned, instances) == 1.0))


def _scores(config: Config, task: Any, learned: Stepper, instances: TapeInstances) -> Any:
    learned.reset()
    state = tables.run(task.machine, learned, instances, limits(config, instances.length))
    return task.score(state, instances)
