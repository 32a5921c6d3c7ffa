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
import torch

from neuralprog_agents.agent import Pulse, Tensors
from neuralprog_agents.agents.synthesis.bodies import Body, task_of
from neuralprog_agents.agents.synthesis.config import Config
from neuralprog_agents.npi_network.model import NPI, without_onednn
from neuralprog_agents.npi_network.sizes import Sizes, lay_out
from neuralprog_agents.npi_network.training_set import TrainingSet, adam, gradient_step
from neuralprog_agents.npi_network.verification_set import verification_set
from neuralprog_agents.training.network import restore, seeded, training_state
from neuralprog_envs.core.draws import as_words, combine
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.frames import FrameBatch, batch_frames, frames

CHUNK = 50
"""Gradient steps between two decisions."""


class Stream(IntEnum):
    """The independent random streams; smaller numbers are those of the programs' searches."""

    TRACES = 1000
    WEIGHTS = 1001
    BATCHES = 1002


class Distillation:
    """The training of a network on found bodies.

    Args:
        config: The settings.
        index: The index of the restart.
        bodies: The body of each program.

    Attributes:
        model: The network.
        training_set: The frames it is trained on.
        step: The number of gradient steps so far.
        proven: Whether it chooses the bodies' action in every frame of the verification set.
    """

    def __init__(self, config: Config, index: int, bodies: Sequence[Body]) -> None:
        torch.set_num_threads(1)
        self._config, self._index = config, index
        task = task_of(config.env, config.traced[1], bodies)
        sizes = sizes_of(config, task)
        self.model = seeded(lambda: NPI(sizes), self._key(Stream.WEIGHTS))
        self._optimizer = adam(self.model, config.learning_rate)
        self.training_set = TrainingSet(self._traces(task), verification_set(task))
        self.step, self.proven = 0, False

    @property
    def finished(self) -> bool:
        """Whether the network is proven, or all steps are taken."""
        return self.proven or self.step >= self._config.updates

    def _key(self, stream: Stream, position: int = 0) -> int:
        words = self._config.seed, self._index, int(stream), position
        return int(combine(*map(as_words, words))[0])

    def _traces(self, task: Any) -> FrameBatch:
        """Return the different frames of runs of the bodies."""
        low, high = self._config.traced
        lengths = np.repeat(np.arange(low, high + 1, dtype=np.int32), self._config.traces)
        key = self._key(Stream.TRACES)
        return batch_frames(frames(task, draw(task, key, np.arange(len(lengths)), lengths)))

    @without_onednn()
    def advance(self, pulse: Pulse) -> None:
        """Take a chunk of gradient steps, and check all frames."""
        self._train(pulse)
        self.training_set.check(self.model)
        self.proven = not self.training_set.wrong and self.training_set.proven(self.model)

    def _train(self, pulse: Pulse) -> None:
        config, sampler = self._config, self.training_set.sampler(self._config.boost)
        for _ in range(CHUNK):
            pulse()
            rate = config.learning_rate * 0.5 ** (self.step / config.half_life)
            self._optimizer.param_groups[0]["lr"] = rate
            rows = sampler.rows(config.batch, self._key(Stream.BATCHES, self.step))
            cost = self.training_set.cost(self.model, rows)
            gradient_step(self.model, self._optimizer, cost, config.clip_norm)
            self.step += 1

    def counts(self) -> dict[str, float]:
        """Return the reported counts."""
        return {
            "updates": float(self.step),
            "failing": float(self.training_set.wrong),
            "unproven": float(self.training_set.unproven),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the network, Adam's moments, and the priorities of the frames."""
        arrays, counts = self.training_set.state()
        tensors = {**training_state(self.model, self._optimizer), **arrays}
        return tensors, {"step": self.step, "counts": counts}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self.training_set.restore(tensors, metadata["counts"])
        self.step = metadata["step"]
        restore(self.model, self._optimizer, tensors, self.step)


def sizes_of(config: Config, task: Any) -> Sizes:
    """Return the sizes of a config's network."""
    return Sizes(
        domains=lay_out([task.machine]),
        state=config.state,
        program=config.program,
        key=config.key,
        hidden=config.hidden,
        layers=config.layers,
    )
