"""Whether a discretised controller is right, on the hard machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import Stream, limits, pairs, seed, task_of
from neuralprog_agents.agents.nram.discretise import Stepper
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
    length = 2 * config.length[1]
    task, key = task_of(config, length), seed(config, 0, Stream.LONGER)
    instances = draw(task, key, np.arange(config.longer_pairs), (length, length), "validation")
    return _right(config, task, learned, instances)


def _right(config: Config, task: Any, learned: Stepper, instances: TapeInstances) -> bool:
    return bool(np.all(_scores(config, task, learned, instances) == 1.0))


def _scores(config: Config, task: Any, learned: Stepper, instances: TapeInstances) -> Any:
    learned.reset()
    state = tables.run(task.machine, learned, instances, limits(config, instances.length))
    return task.score(state, instances)
