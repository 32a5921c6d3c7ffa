"""Distillation: a Neural Programmer-Interpreter is trained on runs of the bodies that were found.

The bodies are the expert. The network is trained on frames of their runs until none is wrong, then
also on frames of the verification set that fail (every frame that the bodies meet on inputs of any
length; see ``neuralprog_agents.npi_network``). Everything random is a function of (seed, restart,
step).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np

from neuralprog_agents.agents.synthesis.bodies import Body, task_of
from neuralprog_agents.agents.synthesis.config import Config
from neuralprog_agents.npi_network.model import NPI
from neuralprog_agents.npi_network.sizes import Sizes, lay_out
from neuralprog_agents.npi_network.trainer import Trainer
from neuralprog_agents.npi_network.training_set import Examples, TrainingSet
from neuralprog_agents.npi_network.verification_set import verification_set
from neuralprog_agents.training.network import seeded
from neuralprog_envs.core.draws import key_of
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.frames import batch_frames, frames


class Stream(IntEnum):
    """The independent random streams; smaller numbers are those of the programs' searches."""

    TRACES = 1000
    WEIGHTS = 1001
    BATCHES = 1002


def distillation(config: Config, index: int, bodies: Sequence[Body]) -> Trainer:
    """Return the training of a network on the bodies that a restart has found."""

    def key(stream: Stream, step: int = 0) -> int:
        return key_of(config.seed, index, int(stream), step)

    task = task_of(config.env, config.traced[1], bodies)
    sizes = Sizes.like(config, lay_out([task.machine]))
    model = seeded(lambda: NPI(sizes), key(Stream.WEIGHTS))
    training_set = TrainingSet(lambda _: _examples(config, task, key(Stream.TRACES)))
    return Trainer(model, [training_set], config, lambda step, _: key(Stream.BATCHES, step))


def _examples(config: Config, task: Any, key: int) -> Examples:
    """Return the different frames of runs of the bodies, and all that there can be."""
    low, high = config.traced
    lengths = np.repeat(np.arange(low, high + 1, dtype=np.int32), config.traces)
    found = frames(task, draw(task, key, np.arange(len(lengths)), lengths))
    return Examples(batch_frames(found), verification_set(task))
