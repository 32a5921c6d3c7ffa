"""Our learner: maximum marginal likelihood over the programs that give the right answer.

For each training question, ``programs.search`` finds Z, the set of programs with the right answer.
Most of them are right by accident. But accidents differ from table to table, and the networks see
only the question. So the loss - log Σ_{z ∈ Z} p(z | question) is least for the programs that are
right on all tables. The supervision is still only the answers.

Some wrong programs are right on nearly all tables: the sum of a column minus the sum over "greater"
is the sum over "lesser", unless a cell equals the pivot. So long programs are penalised at first:
- log Σ_z p(z | question) e^(-λ |z|), where |z| is the number of steps other than reset, and λ
falls to 0.

Source of the objective: Guu et al. 2017 ("From Language to Programs", ACL), who review it for
semantic parsers. The exact search for all of Z is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agent import Pulse
from neuralprog_agents.agents.neural_programmer import data
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.model import log_probability, unflatten
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_agents.agents.neural_programmer.programs import Found, search
from neuralprog_agents.agents.neural_programmer.tensors import Questions, questions_of
from neuralprog_envs.table.task import TableTask

_CHUNK = 250
"""Questions between two pulses: some 0.06 CPU-seconds. More are no faster, and overran budgets."""
_NEVER = -1e30


class ProgramObjective:
    """The objective of a restart; see ``train.Objective``. At first it searches all programs."""

    given_up = False

    def __init__(self, config: Config, index: int, task: TableTask, shape: Shape) -> None:
        self.config, self.index, self.task, self.shape = config, index, task, shape
        self.searched: tuple[Questions, Found] | None = None

    def state(self) -> dict[str, Tensor]:
        """Return nothing: the programs are a function of the config."""
        return {}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state`` returned."""

    def gradients(self, state: State, count: int, pulse: Pulse) -> Iterator[tuple[float, Tensor]]:
        """Yield the loss and the gradient of each of the next minibatches, at the current θ."""
        if self.searched is None:
            self.searched = searched(self.config, self.index, self.task, pulse)
        questions, found = self.searched
        rows = data.rows_of_steps(self.config, self.index, state.step, count)
        for each in rows.reshape(count, self.config.batch):
            simplicity = self.config.simplicity
            simplicity *= max(0.0, 1.0 - state.step / self.config.simplicity_steps)
            pulse()
            programs, owner = found.of(each)
            asked = take(questions, torch.from_numpy(each))
            yield gradient_of(self.shape, state.theta, asked, programs, owner, simplicity)


def searched(config: Config, index: int, task: TableTask, pulse: Pulse) -> tuple[Questions, Found]:
    """Return a restart's questions and the programs that answer them.

    A question with more than ``max_programs`` programs carries little information; it gets none.
    """
    questions, found = [], []
    for first in range(0, config.examples, _CHUNK):
        rows = np.arange(first, min(first + _CHUNK, config.examples))
        pulse()
        posed = data.examples(config, index, task, rows)
        questions.append(questions_of(posed))
        found.append(search(posed, config.max_programs))
    return joined(questions), Found.joined(found)


def joined(parts: list[Questions]) -> Questions:
    """Concatenate questions."""
    names = [field.name for field in fields(Questions)]
    return Questions(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def take(questions: Questions, rows: Tensor) -> Questions:
    """Return the questions in the given rows."""
    return Questions(**{f.name: getattr(questions, f.name)[rows] for f in fields(Questions)})


def gradient_of(
    shape: Shape,
    theta: Tensor,
    questions: Questions,
    programs: NDArray[np.int8],
    owner: NDArray[np.int64],
    simplicity: float = 0.0,
) -> tuple[float, Tensor]:
    """Return the mean loss of B questions, and its gradient, (P,); λ is ``simplicity``.

    ``programs`` are the right ones, (n, T, 3), and ``owner`` has the question of each, (n,). A
    question without a program has loss 0.
    """
    variable = theta.detach().requires_grad_()
    whose, actions = torch.from_numpy(owner), torch.from_numpy(programs).long()
    logs = log_probability(unflatten(variable, shape), shape, questions, actions, whose)
    busy = (actions[:, :, 0] != OPERATIONS.index("reset")).sum(dim=1)
    cost = -log_sum_exp(logs - simplicity * busy, whose, len(questions.length)).mean()
    (gradient,) = torch.autograd.grad(cost, variable)
    return float(cost.detach()), gradient


def log_sum_exp(logs: Tensor, owner: Tensor, B: int) -> Tensor:
    """Return log Σ e^logs over the entries of each owner, (B,); 0 for an owner without entries."""
    most = torch.full((B,), _NEVER).scatter_reduce(0, owner, logs.detach(), "amax")
    shifted = torch.zeros(B).index_add(0, owner, torch.exp(logs - most[owner]))
    some = shifted > 0
    return torch.where(some, torch.log(torch.where(some, shifted, 1.0)) + most, 0.0)
