"""One restart: train a network until it makes no error on its frames.

Frames are calls of the experts' traces. Since h is 0 at the start of a call, each frame is a
training sequence of its own. A gradient step takes a batch of frames of each task. After each chunk
of steps all frames are checked, and those that were wrong recently are drawn more often. The
restart ends when no frame is wrong. With ``prove`` the verification sets are checked then, failing
frames are added to the training sets, and the restart ends when no frame of these sets fails
either.

With a ``base``, its weights are fixed, and only the new programs' rows of the memories are trained.
They are trained on frames of the new task and of all old tasks, since a new key could win the
look-ups of old tasks. Everything random is a function of (seed, restart, step).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.npi.base import Base, domains_of, freeze, open_base, tasks_of
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.agents.npi.data import Stream, seed, settings_of, task_of
from neuralprog_agents.agents.npi.training_sets import training_set_of
from neuralprog_agents.npi_network.model import NPI, without_onednn
from neuralprog_agents.npi_network.proof import prove
from neuralprog_agents.npi_network.sizes import Sizes
from neuralprog_agents.npi_network.training_set import adam, gradient_step
from neuralprog_agents.training.network import restore, seeded, training_state, weights

CHUNK = 50
"""Gradient steps between two decisions."""


class NPILearner:
    """One restart of an NPI; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        torch.set_num_threads(1)
        self.config, self.index = config, index
        self.base = open_base(config.base) if config.base else None
        self.model = initial(sizes_of(config), seed(config, index, Stream.WEIGHTS), self.base)
        self.optimizer = adam(self.model, config.learning_rate)
        seeded_tasks = tasks_of(config, index)
        self.tasks = [task for task, _ in seeded_tasks]
        self.sets = [
            training_set_of(task, number, key) for number, (task, key) in enumerate(seeded_tasks)
        ]
        self.step, self.rounds = 0, 0
        self.loss, self.success = 0.0, False

    @property
    def finished(self) -> bool:
        """Whether no frame is wrong, the loss is not finite, or the budget is spent."""
        return self.success or not np.isfinite(self.loss) or self.step >= self.config.budget

    @property
    def samples(self) -> int:
        """The number of frames in all minibatches so far."""
        return self.step * self.config.batch * len(self.sets)

    @without_onednn()
    def advance(self, pulse: Pulse) -> None:
        """Take a chunk of gradient steps, and check all frames."""
        self.loss = self._train(pulse)
        for part in self.sets:
            part.check(self.model)
        self.success = self._sum("wrong") == 0 and self._proven()

    def _train(self, pulse: Pulse) -> float:
        """Take a chunk of gradient steps; return the mean loss."""
        samplers = [part.sampler(self.config.boost) for part in self.sets]
        total = 0.0
        for _ in range(CHUNK):
            pulse()
            costs = []
            for number, (part, sampler) in enumerate(zip(self.sets, samplers, strict=True)):
                key = seed(self.config, self.index, Stream.BATCHES, self.step, number)
                costs.append(part.cost(self.model, sampler.rows(self.config.batch, key)))
            total += self._descend(torch.stack(costs).sum())
            self.step += 1
        return total / CHUNK

    def _descend(self, cost: Tensor) -> float:
        rate = self.config.learning_rate * 0.5 ** (self.step / self.config.half_life)
        self.optimizer.param_groups[0]["lr"] = rate
        return gradient_step(self.model, self.optimizer, cost, self.config.clip_norm)

    def _proven(self) -> bool:
        """Return whether all verification sets pass; add failing frames to the training sets."""
        self.rounds += any(task.prove for task in self.tasks)
        proven = [part.proven(self.model) for part in self.sets]
        return all(proven)

    def _sum(self, name: str) -> int:
        """Return a count, summed over all tasks."""
        return sum(getattr(part, name) for part in self.sets)

    def status(self) -> dict[str, float]:
        """Return the reported metrics."""
        return {
            "step": self.step,
            "progress": self.step / self.config.budget,
            "loss": self.loss,
            **self._counts(),
        }

    def _counts(self) -> dict[str, float]:
        """Return the number of frames and of failing frames, summed over all tasks."""
        return {
            "frames": float(sum(len(part.frames.program) for part in self.sets)),
            "failing": float(self._sum("wrong")),
            "unproven": float(self._sum("unproven")),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the network, Adam's moments, and the priorities of the frames."""
        tensors, counts = training_state(self.model, self.optimizer), []
        for number, part in enumerate(self.sets):
            arrays, own = part.state()
            tensors |= {f"{number}.{name}": array for name, array in arrays.items()}
            counts.append(own)
        base = self.base and self.base.sha256
        return tensors, {"step": self.step, "rounds": self.rounds, "sets": counts, "base": base}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned.

        Raises:
            ValueError: The weights of the base have changed.
        """
        if metadata["base"] != (self.base and self.base.sha256):
            raise ValueError(f"the weights of base {self.config.base} have changed")
        for number, (part, counts) in enumerate(zip(self.sets, metadata["sets"], strict=True)):
            names = "priority", "added"
            part.restore({name: tensors[f"{number}.{name}"] for name in names}, counts)
        self.step, self.rounds = metadata["step"], metadata["rounds"]
        restore(self.model, self.optimizer, tensors, self.step)

    @without_onednn()
    def outcome(self) -> Outcome:
        """Return the network, and its proof if there is one."""
        metrics = {
            "step": float(self.step),
            **self._counts(),
            "frames": float(sum(len(part.drawn.program) for part in self.sets)),
            "added": float(sum(len(part.added) for part in self.sets)),
            "rounds": float(self.rounds),
            "parameters": float(self._parameters()),
        }
        return Outcome(self.success, metrics, weights(self.model), self._card())

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
            "trained_lengths": list(task.length),
            "verification_set_used_for_training": task.prove,
        }
        if self.success and task.prove:
            proved = prove(self.model, task_of(task, 1), trained_on=True, domain=number)
            record["proof"] = asdict(proved)
        return record


def sizes_of(config: Config) -> Sizes:
    """Return the sizes of a config's network."""
    source: Any = open_base(config.base).sizes if config.base else config
    return Sizes(
        domains=domains_of(tasks_of(config, 0)),
        state=source.state,
        program=source.program,
        key=source.key,
        hidden=source.hidden,
        layers=source.layers,
    )


def initial(sizes: Sizes, key: int, base: Base | None = None) -> NPI:
    """Return a network with random weights drawn from the key; a base's weights are copied."""
    model = seeded(lambda: NPI(sizes), key)
    if base is not None:
        freeze(model, base)
    return model
