"""One restart: gradient descent on answers alone, validated with hard choices.

Everything random is a function of (seed, restart, step).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import torch

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.neural_programmer import data, model, optimiser
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.likelihood import ProgramObjective
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_agents.agents.neural_programmer.rewards import RewardObjective
from neuralprog_agents.agents.neural_programmer.soft import SoftObjective
from neuralprog_envs.table.state import TableInstances
from neuralprog_envs.table.task import TableTask

CHUNK = 50
"""Gradient steps between two decisions."""
_JUDGED = 2000
"""The number of validation instances."""


@dataclass(frozen=True)
class Progress:
    """The accuracies in the validations so far; the best is -1 before the first validation."""

    accuracy: float = 0.0
    best: float = -1.0
    best_step: int = 0


class Objective(Protocol):
    """A training objective, made of a config, an index, a task and the networks' sizes."""

    given_up: bool
    """Whether the restart is to be given up."""

    def gradients(
        self, state: State, count: int, pulse: Pulse
    ) -> Iterator[tuple[float, torch.Tensor]]:
        """Yield the loss and the gradient of each of the next minibatches, at the current θ."""

    def state(self) -> dict[str, torch.Tensor]:
        """Return what a checkpoint needs, besides θ."""

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Restore what ``state`` returned."""


OBJECTIVES: Mapping[str, Callable[[Config, int, TableTask, Shape], Objective]] = MappingProxyType(
    {"programs": ProgramObjective, "gradient": SoftObjective, "rewards": RewardObjective}
)
"""The objective of each ``Config.learner``."""


def accuracy(theta: torch.Tensor, shape: Shape, task: TableTask, posed: TableInstances) -> float:
    """Return the fraction of instances that hard choices answer correctly."""
    programs = model.hard_actions(theta, shape, posed)
    return float(np.mean(data.are_right(task, posed, programs)))


class ProgrammerLearner:
    """One restart of a Neural Programmer; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        torch.set_num_threads(1)
        self.config, self.index = config, index
        self.task = data.task_of(config)
        self.shape = shape_of(config, self.task)
        theta = model.initial_theta(self.shape, data.seed(config, index, data.Stream.WEIGHTS))
        self.adam, self.best = State.begin(theta), theta.clone()
        self.progress = Progress()
        self.validation_task, self.held_out = data.judged(config, index, _JUDGED)
        self.objective = OBJECTIVES[config.learner](config, index, self.task, self.shape)
        self.loss = 0.0

    @property
    def success(self) -> bool:
        """Whether the best accuracy is high enough."""
        return self.progress.best >= self.config.success_rate

    @property
    def pruned(self) -> bool:
        """Whether the loss is not finite, or it is not worth going on without a success."""
        waited = self.adam.step - self.progress.best_step
        late = waited >= self.config.patience or self.objective.given_up
        return (late and not self.success) or not np.isfinite(self.loss)

    @property
    def finished(self) -> bool:
        """Whether it has succeeded, is pruned, or the budget is spent."""
        return self.success or self.pruned or self.adam.step >= self.config.budget

    def go_on(self) -> None:
        """Train on until the next networks that are accurate enough."""
        best = float(np.nextafter(self.config.success_rate, 0.0))
        self.progress = replace(self.progress, best=best)

    def advance(self, pulse: Pulse) -> None:
        """Take a chunk of gradient steps; validate when it is due."""
        self.loss = self._chunk(pulse)
        if np.isfinite(self.loss) and self._is_validation_due():
            self._validate()

    def _chunk(self, pulse: Pulse) -> float:
        """Take a chunk of gradient steps; return their mean loss."""
        count = min(CHUNK, self.config.budget - self.adam.step)
        noise = torch.Generator()
        noise.manual_seed(data.seed(self.config, self.index, data.Stream.NOISE, self.adam.step))
        costs = []
        for cost, gradient in self.objective.gradients(self.adam, count, pulse):
            self._update(gradient, noise)
            costs.append(cost)
        return float(np.mean(costs))

    def _update(self, gradient: torch.Tensor, noise: torch.Generator) -> None:
        config, step = self.config, self.adam.step
        gradient = optimiser.clipped(gradient, config.clip_norm)
        if config.noise > 0:
            sigma = optimiser.noise_sigma(step, config.noise)
            gradient += torch.empty_like(gradient).normal_(0.0, sigma, generator=noise)
        optimiser.update(self.adam, gradient, config.learning_rate)

    def _is_validation_due(self) -> bool:
        step = self.adam.step
        return step % self.config.validation_interval < CHUNK or step >= self.config.budget

    def _validate(self) -> None:
        found = accuracy(self.adam.theta, self.shape, self.validation_task, self.held_out)
        self.progress = replace(self.progress, accuracy=found)
        if found > self.progress.best:
            self.best = self.adam.theta.clone()
            self.progress = Progress(found, found, self.adam.step)

    def status(self) -> dict[str, float]:
        """Return the reported metrics."""
        return {
            "step": self.adam.step,
            "progress": self.adam.step / self.config.budget,
            "samples": float(self.adam.step * self.config.batch),
            "loss": self.loss,
            "accuracy": self.progress.accuracy,
            "best": max(self.progress.best, 0.0),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return θ, Adam's moments, the best θ, the objective's state, and the progress."""
        adam = self.adam
        tensors = {"theta": adam.theta, "m": adam.m, "v": adam.v, "best": self.best}
        tensors |= self.objective.state()
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        return arrays, {"step": adam.step, "progress": asdict(self.progress)}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        found = {name: torch.tensor(array) for name, array in tensors.items()}
        theta, m, v, self.best = (found.pop(name) for name in ("theta", "m", "v", "best"))
        self.objective.restore(found)
        self.adam = State(theta, m, v, metadata["step"])
        self.progress = Progress(**metadata["progress"])

    def outcome(self) -> Outcome:
        """Return the best networks, or the current ones before the first validation."""
        metrics = {
            "step": float(self.adam.step),
            "accuracy": max(self.progress.best, 0.0),
            "best_step": float(self.progress.best_step),
        }
        card = {
            "env": self.config.env,
            "shape": asdict(self.shape),
            "columns": self.config.columns[1],
            "value_range": self.config.test_value_range,
        }
        theta = self.best if self.progress.best >= 0 else self.adam.theta
        return Outcome(self.success, metrics, {"theta": theta.numpy().copy()}, card, self.pruned)


def shape_of(config: Config, task: TableTask) -> Shape:
    """Return the sizes of a config's networks."""
    return Shape(
        words=len(task.vocabulary),
        hidden=config.hidden,
        steps=config.steps,
        bidirectional=config.bidirectional,
        attention=config.attention,
        pointer=config.pointer,
    )
