"""One restart: gradient descent from answers alone, judged with every choice made hard.

Everything random is a function of (seed, restart, step), and every decision falls at the end of
a chunk of steps, so a killed restart that goes on from its checkpoint ends with the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
import torch

from neuralprog_agents.agent import Outcome, Report, Stop
from neuralprog_agents.agents.neural_programmer import data, optimiser
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.likelihood import ProgramLessons
from neuralprog_agents.agents.neural_programmer.model import (
    actions,
    choose,
    initial_theta,
    unflatten,
)
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_agents.agents.neural_programmer.records import questions_of
from neuralprog_agents.agents.neural_programmer.soft import SoftLessons
from neuralprog_agents.training import checkpoint
from neuralprog_envs.table.state import TableInstances
from neuralprog_envs.table.task import TableTask

CHUNK = 50
"""Gradient steps between two reports and decisions."""
_SAVED_SECONDS = 5.0
_CHECKPOINT = "checkpoint.safetensors"
_KIND = "neural-programmer-training"
_JUDGED = 2000
"""Instances on which hard choices are judged."""


@dataclass(frozen=True)
class Progress:
    """What the judgements so far have found.

    Attributes:
        accuracy: The last hard accuracy.
        best: The best one.
        best_step: When it was reached.
    """

    accuracy: float = 0.0
    best: float = -1.0
    best_step: int = 0


class Lessons(Protocol):
    """What a restart learns from: made of a config, an index, a task and the networks' sizes."""

    def gradients(self, state: State, count: int) -> Iterator[tuple[float, torch.Tensor]]:
        """Yield loss and gradient of the next minibatches, at the state's θ of the moment."""


LESSONS: Mapping[str, Callable[[Config, int, TableTask, Shape], Lessons]] = MappingProxyType(
    {"programs": ProgramLessons, "gradient": SoftLessons}
)
"""The lessons of each ``Config.learner``."""


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    torch.set_num_threads(1)
    return _Restart(config, index, folder).run(report, stop)


def accuracy(theta: torch.Tensor, shape: Shape, task: TableTask, posed: TableInstances) -> float:
    """Return the fraction of instances that hard choices answer rightly on the hard machine."""
    with torch.no_grad():
        questions = questions_of(posed)
        chosen = actions(choose(unflatten(theta, shape), shape, questions, hard=True)).numpy()
    state = task.machine.initial(posed)
    for t in range(shape.steps):
        state = task.machine.step(state, chosen[:, t])
    return float(np.mean(task.score(state, posed) == 1.0))


class _Restart:
    def __init__(self, config: Config, index: int, folder: Path) -> None:
        self.config, self.index = config, index
        self.of = checkpoint.identity(config, index)
        self.path = folder / _CHECKPOINT
        self.task = data.task_of(config)
        self.shape = shape_of(config, self.task)
        theta = initial_theta(self.shape, data.seed(config, index, data.Stream.WEIGHTS))
        self.state, self.best = State.begin(theta), theta.clone()
        self.progress = Progress()
        self.judged_task, self.held_out = data.judged(config, index, _JUDGED)
        self.lessons = LESSONS[config.learner](config, index, self.task, self.shape)
        self._resume()

    def run(self, report: Report, stop: Stop) -> Outcome:
        saved = time.perf_counter()
        while self.state.step < self.config.budget and not stop():
            cost = self._chunk()
            if not np.isfinite(cost):
                return self._outcome(pruned=True)
            if self._judge_now():
                self._judge()
            report(self._report(cost))
            if self.progress.best >= self.config.success_rate:
                return self._outcome(success=True)
            if self.state.step - self.progress.best_step >= self.config.patience:
                return self._outcome(pruned=True)
            if time.perf_counter() - saved > _SAVED_SECONDS:
                self._save()
                saved = time.perf_counter()
        self._save()
        return self._outcome()

    def _chunk(self) -> float:
        """Do some gradient steps; return their mean loss."""
        count = min(CHUNK, self.config.budget - self.state.step)
        noise = torch.Generator()
        noise.manual_seed(data.seed(self.config, self.index, data.Stream.NOISE, self.state.step))
        costs = []
        for cost, gradient in self.lessons.gradients(self.state, count):
            self._follow(gradient, noise)
            costs.append(cost)
        return float(np.mean(costs))

    def _follow(self, gradient: torch.Tensor, noise: torch.Generator) -> None:
        config, step = self.config, self.state.step
        gradient = optimiser.clipped(gradient, config.clip_norm)
        if config.noise > 0:
            sigma = optimiser.noise_sigma(step, config.noise)
            gradient += torch.empty_like(gradient).normal_(0.0, sigma, generator=noise)
        optimiser.update(self.state, gradient, config.learning_rate)

    def _judge_now(self) -> bool:
        step = self.state.step
        return step % self.config.judged_every < CHUNK or step >= self.config.budget

    def _judge(self) -> None:
        found = accuracy(self.state.theta, self.shape, self.judged_task, self.held_out)
        self.progress = replace(self.progress, accuracy=found)
        if found > self.progress.best:
            self.best = self.state.theta.clone()
            self.progress = Progress(found, found, self.state.step)

    def _report(self, cost: float) -> dict[str, float]:
        return {
            "step": self.state.step,
            "progress": self.state.step / self.config.budget,
            "loss": cost,
            "accuracy": self.progress.accuracy,
            "best": max(self.progress.best, 0.0),
        }

    def _save(self) -> None:
        state = self.state
        tensors = {"theta": state.theta, "m": state.m, "v": state.v, "best": self.best}
        metadata = {
            **asdict(self.progress),
            "step": state.step,
            "of": self.of,
        }
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        checkpoint.save(self.path, _KIND, arrays, metadata)

    def _resume(self) -> None:
        size = ("float32", (self.shape.size,))
        names = ("theta", "m", "v", "best")
        found = checkpoint.resume(self.path, _KIND, self.of, dict.fromkeys(names, size))
        if found is None:
            return
        arrays, metadata = found
        tensors = {name: torch.tensor(array) for name, array in arrays.items()}
        self.best = tensors.pop("best")
        self.state = State(**tensors, step=metadata.pop("step"))
        self.progress = Progress(**metadata)

    def _outcome(self, *, success: bool = False, pruned: bool = False) -> Outcome:
        metrics = {
            "step": float(self.state.step),
            "samples": float(self.state.step * self.config.batch),
            "accuracy": max(self.progress.best, 0.0),
            "best_step": float(self.progress.best_step),
        }
        card = {
            "env": self.config.env,
            "shape": asdict(self.shape),
            "columns": self.config.columns[1],
            "value_range": self.config.test_value_range,
        }
        theta = self.best if self.progress.best >= 0 else self.state.theta
        return Outcome(success, metrics, {"theta": theta.numpy().copy()}, card, pruned)


def shape_of(config: Config, task: TableTask) -> Shape:
    """Return the sizes of a config's networks."""
    return Shape(
        words=len(task.vocabulary),
        hidden=config.hidden,
        steps=config.steps,
        bidirectional=config.bidirectional,
        attention=config.attention,
    )
