"""Our way to learn: the likelihood of the right answer, over the programs that give it.

For each training question, ``programs.search`` finds the programs Z that answer it rightly. Most
are right by accident; but accidents differ from table to table, and the networks see only the
question, so the loss - log Σ_{z ∈ Z} p(z | question) is least for what is right on all tables.
Supervision stays the answers.

Sum less the sum of "greater" is the sum of "lesser", unless a cell equals the pivot: to settle
what so few examples can, programs of more steps count less in the beginning,
- log Σ_z p(z | question) e^(-λ |z|) with |z| the steps that are no reset and λ falling to 0.

Source of the objective: maximum marginal likelihood, as Guu et al. 2017 ("From Language to
Programs", ACL) review it for semantic parsers. That all of Z is found exactly is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agents.neural_programmer import data
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.model import log_probability, unflatten
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_agents.agents.neural_programmer.programs import Found, search
from neuralprog_agents.agents.neural_programmer.records import Questions, questions_of
from neuralprog_envs.core.instances import draw
from neuralprog_envs.table.task import TableTask

_CHUNK = 2500
_NEVER = -1e30


class ProgramLessons:
    """The gradients of a restart; see ``train.Lessons``. All examples are searched at first."""

    def __init__(self, config: Config, index: int, task: TableTask, shape: Shape) -> None:
        self.config, self.index, self.shape = config, index, shape
        self.questions, self.found = searched(config, index, task)

    def gradients(self, state: State, count: int) -> Iterator[tuple[float, Tensor]]:
        """Yield loss and gradient of the next minibatches, at the state's θ of the moment."""
        rows = data.rows_of_steps(self.config, self.index, state.step, count)
        for each in rows.reshape(count, self.config.batch):
            simplicity = self.config.simplicity
            simplicity *= max(0.0, 1.0 - state.step / self.config.simplicity_steps)
            programs, owner = self.found.of(each)
            questions = take(self.questions, torch.from_numpy(each))
            yield gradient_of(self.shape, state.theta, questions, programs, owner, simplicity)


def searched(config: Config, index: int, task: TableTask) -> tuple[Questions, Found]:
    """Return a restart's questions and the programs that answer them, at most ``most`` each.

    A question with more of them says next to nothing: it keeps none.
    """
    questions, found = [], []
    key = data.seed(config, index, data.Stream.EXAMPLES)
    for first in range(0, config.examples, _CHUNK):
        rows = np.arange(first, min(first + _CHUNK, config.examples))
        posed = draw(task, key, rows, config.length, "train")
        questions.append(questions_of(posed))
        found.append(search(posed, config.max_programs))
    return joined(questions), Found.joined(found)


def joined(parts: list[Questions]) -> Questions:
    """Return questions one after another."""
    names = [field.name for field in fields(Questions)]
    return Questions(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def take(questions: Questions, rows: Tensor) -> Questions:
    """Return some of the questions."""
    return Questions(**{f.name: getattr(questions, f.name)[rows] for f in fields(Questions)})


def gradient_of(
    shape: Shape,
    theta: Tensor,
    questions: Questions,
    programs: NDArray[np.int8],
    owner: NDArray[np.int64],
    simplicity: float = 0.0,
) -> tuple[float, Tensor]:
    """Return the mean loss of B questions, and its gradient, (P,).

    Args:
        shape: The networks' sizes.
        theta: θ, (P,).
        questions: B questions; those without a program count nothing.
        programs: The right programs, (n, T, 3).
        owner: The question that each is for, (n,).
        simplicity: λ.
    """
    variable = theta.detach().requires_grad_()
    whose, actions = torch.from_numpy(owner), torch.from_numpy(programs).long()
    logs = log_probability(unflatten(variable, shape), shape, questions, actions, whose)
    busy = (actions[:, :, 0] != OPERATIONS.index("reset")).sum(dim=1)
    cost = -log_sum_exp(logs - simplicity * busy, whose, len(questions.length)).mean()
    (gradient,) = torch.autograd.grad(cost, variable)
    return float(cost.detach()), gradient


def log_sum_exp(logs: Tensor, owner: Tensor, B: int) -> Tensor:
    """Return log Σ e^logs over each owner's entries, (B,); 0 for those that have none."""
    most = torch.full((B,), _NEVER).scatter_reduce(0, owner, logs.detach(), "amax")
    shifted = torch.zeros(B).index_add(0, owner, torch.exp(logs - most[owner]))
    some = shifted > 0
    return torch.where(some, torch.log(torch.where(some, shifted, 1.0)) + most, 0.0)
