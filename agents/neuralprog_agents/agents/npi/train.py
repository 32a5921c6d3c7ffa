"""One restart: train a network until it makes no error on its frames.

Frames are calls of the experts' traces. Since h is 0 at the start of a call, each frame is a
training sequence of its own. ``npi_network.trainer`` trains on them, with ``prove`` until no frame
of the verification sets fails either.

With a ``base``, its weights are fixed, and only the new programs' rows of the memories are trained.
They are trained on frames of the new task and of all old tasks, since a new key could win the
look-ups of old tasks. Everything random is a function of (seed, restart, step).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.npi.base import Base, domains_of, freeze, open_base, tasks_of
from neuralprog_agents.agents.npi.config import Config, TaskConfig
from neuralprog_agents.agents.npi.data import Stream, draw_frames, seed, settings_of, task_of
from neuralprog_agents.npi_network.model import NPI, without_onednn
from neuralprog_agents.npi_network.pictures import distinct_pictures
from neuralprog_agents.npi_network.proof import prove
from neuralprog_agents.npi_network.sizes import Sizes
from neuralprog_agents.npi_network.trainer import Trainer
from neuralprog_agents.npi_network.training_set import Examples, TrainingSet
from neuralprog_agents.npi_network.verification_set import verification_set
from neuralprog_agents.training.network import seeded, weights
from neuralprog_envs.program.frames import FrameBatch


class NPILearner:
    """One restart of an NPI; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        self.config, self.index = config, index
        self.base = open_base(config.base) if config.base else None
        self.model = initial(sizes_of(config), seed(config, index, Stream.WEIGHTS), self.base)
        seeded_tasks = tasks_of(config, index)
        self.tasks = [task for task, _ in seeded_tasks]
        sets = [
            TrainingSet(partial(examples_of, task, key), number)
            for number, (task, key) in enumerate(seeded_tasks)
        ]
        key = partial(seed, config, index, Stream.BATCHES)
        self.trainer = Trainer(self.model, sets, config, key)
        self.finished = False

    def advance(self, pulse: Pulse) -> None:
        """Take a chunk of gradient steps, and check all frames."""
        self.trainer.advance(pulse)
        hopeless = not np.isfinite(self.trainer.loss)
        self.finished = self.trainer.done or hopeless or self.trainer.step >= self.config.budget

    def status(self) -> dict[str, float]:
        """Return the reported metrics."""
        return {
            "step": self.trainer.step,
            "progress": self.trainer.step / self.config.budget,
            "loss": self.trainer.loss,
            "samples": float(self.trainer.samples),
            **self.trainer.frames(),
            **self.trainer.counts(),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the training, and which base it builds on."""
        tensors, metadata = self.trainer.state()
        return tensors, {**metadata, "base": self.base and self.base.sha256}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned.

        Raises:
            ValueError: The weights of the base have changed.
        """
        if metadata["base"] != (self.base and self.base.sha256):
            raise ValueError(f"the weights of base {self.config.base} have changed")
        self.trainer.restore(tensors, metadata)

    @without_onednn()
    def outcome(self) -> Outcome:
        """Return the network, and its proof if there is one."""
        metrics = {
            "step": float(self.trainer.step),
            **self.trainer.counts(),
            **self.trainer.frames(),
            "rounds": float(self.trainer.rounds),
            "parameters": float(self._parameters()),
        }
        return Outcome(self.trainer.done, metrics, weights(self.model), self._card())

    def _parameters(self) -> int:
        """Return the number of trained parameters."""
        old = self.base.sizes if self.base else None
        trained = sum(p.numel() for p in self.model.parameters() if p.requires_grad)
        return trained - (old.programs * (old.program + old.key) if old else 0)

    def _card(self) -> dict[str, Any]:
        records = [self._record(number) for number in range(len(self.tasks))]
        (own,) = (record for record in records if record["env"] == self.config.env)
        card: dict[str, Any] = {**own, "sizes": asdict(self.model.sizes)}
        if len(records) > 1:
            card["tasks"] = records
        if self.base is not None:
            card["base"] = {"agent": self.config.base, "weights_sha256": self.base.sha256}
        return card

    def _record(self, number: int) -> dict[str, Any]:
        """Return the card's entry for a task."""
        task = self.tasks[number]
        record: dict[str, Any] = {
            "env": task.env,
            "settings": settings_of(task),
            "verification_set_used_for_training": task.prove,
        }
        if self.trainer.done and task.prove:
            proved = prove(self.model, task_of(task, 1), trained_on=True, domain=number)
            record["proof"] = asdict(proved)
        return record


def sizes_of(config: Config) -> Sizes:
    """Return the sizes of a config's network."""
    source = open_base(config.base).sizes if config.base else config
    return Sizes.like(source, domains_of(tasks_of(config, 0)))


def initial(sizes: Sizes, key: int, base: Base | None = None) -> NPI:
    """Return a network with random weights drawn from the key; a base's weights are copied."""
    model = seeded(lambda: NPI(sizes), key)
    if base is not None:
        freeze(model, base)
    return model


def examples_of(task: TaskConfig, key: int, pulse: Pulse) -> Examples:
    """Return what a network learns a task from: its traces have the seed ``key``."""
    drawn, pictures = _pictured(task, draw_frames(task, key, pulse=pulse), pulse)
    proof = verification_set(task_of(task, 1)) if task.prove else None
    return Examples(drawn, proof, pictures)


def _pictured(
    task: TaskConfig, drawn: FrameBatch, pulse: Pulse
) -> tuple[FrameBatch, Tensor | None]:
    """Return frames with the index of each step's picture, and the pictures, if there are any."""
    machine = task_of(task, task.length[1]).machine
    if machine.world.picture is None:
        return drawn, None
    pictures, number = distinct_pictures(machine, drawn.hidden, pulse)
    indexed = replace(drawn, hidden=number[..., None].astype(np.int32))
    return indexed, torch.from_numpy(pictures)
