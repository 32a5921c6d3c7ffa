"""The paper's learner: the gradient of the soft machine's loss, through every operation.

Source of the losses: Neelakantan, Le and Sutskever 2016, section 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from neuralprog_agents.agent import Pulse
from neuralprog_agents.agents.neural_programmer import data, machine, tensors
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.model import choose, drop, unflatten
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_envs.core import batch as rows_of
from neuralprog_envs.table.state import TableInstances
from neuralprog_envs.table.task import TableTask

EPSILON = 1e-6
"""Keeps the logarithms of the lookup loss finite."""


class SoftObjective:
    """The objective of a restart; see ``train.Objective``."""

    def __init__(self, config: Config, index: int, task: TableTask, shape: Shape, _: Pulse) -> None:
        self.config, self.index, self.task, self.shape = config, index, task, shape

    def gradients(self, state: State, count: int) -> Iterator[tuple[float, Tensor]]:
        """Yield the loss and the gradient of each of the next minibatches, at the current θ."""
        step, size = state.step, self.config.batch
        drawn = data.draw_batches(self.config, self.index, self.task, step, count)
        randomness = torch.Generator()
        randomness.manual_seed(data.seed(self.config, self.index, data.Stream.DROPOUT, step))
        for i in range(count):
            posed = rows_of.take(drawn, slice(i * size, (i + 1) * size))
            yield self._gradient(state, posed, randomness)

    def _gradient(
        self, state: State, posed: TableInstances, randomness: torch.Generator
    ) -> tuple[float, Tensor]:
        config = self.config
        left = max(0.0, 1.0 - state.step / config.dropout_steps)
        shares = [left * config.dropout] * (config.steps - 1) + [left * config.last_dropout]
        dropped = drop(shares, config.batch, randomness) if left > 0 else None
        bonus = config.entropy * 0.5 ** (state.step / config.entropy_half_life)
        return gradient_of(config, self.shape, state.theta, posed, bonus, dropped)


def gradient_of(
    config: Config,
    shape: Shape,
    theta: Tensor,
    posed: TableInstances,
    bonus: float = 0.0,
    dropped: Tensor | None = None,
) -> tuple[float, Tensor]:
    """Return a minibatch's loss, and the gradient of the loss minus the entropy bonus, (P,)."""
    variable = theta.detach().requires_grad_()
    tables = tensors.tables_of(posed)
    parameters, questions = unflatten(variable, shape), tensors.questions_of(posed)
    choices = choose(parameters, shape, questions, hard=False, dropped=dropped)
    cost = loss(
        machine.run(tables, choices),
        tensors.answers_of(posed),
        tables,
        delta=config.huber,
        power=config.power,
        weight=config.lookup_weight,
    )
    objective = cost - bonus * entropy(choices) if bonus > 0 else cost
    (gradient,) = torch.autograd.grad(objective, variable)
    return float(cost.detach()), gradient


def huber(error: Tensor, delta: float) -> Tensor:
    """Return a²/2 where a = |error| ≤ δ, and δ a - δ²/2 beyond, elementwise."""
    a = error.abs()
    return torch.where(a <= delta, a * a / 2, delta * a - delta * delta / 2)


def lookup_loss(lookup: Tensor, cells: Tensor, tables: tensors.Tables) -> Tensor:
    """Return the mean cross-entropy over each table's cells, (B,).

    L = -1/(M C) Σ_ij [ y_ij log L_ij + (1 - y_ij) log(1 - L_ij) ]
    """
    there = tables.present[:, :, None] * tables.columns[:, None, :]
    right = torch.where(cells > 0, lookup, 1.0 - lookup).clamp(min=0.0)
    costs = -torch.log(right + EPSILON) * there
    return costs.sum(dim=(1, 2)) / there.sum(dim=(1, 2))


def entropy(choices: list[tensors.Choice]) -> Tensor:
    """Return the mean entropy of the choices of operation and column, over batch and steps."""
    each = [_entropy(c.operation) + _entropy(c.column) for c in choices]
    return torch.stack(each).mean()


def _entropy(weights: Tensor) -> Tensor:
    return -(weights * torch.log(weights + 1e-12)).sum(dim=1)


def loss(
    final: tensors.Memory,
    answers: tensors.Answers,
    tables: tensors.Tables,
    *,
    delta: float,
    power: float,
    weight: float,
) -> Tensor:
    """Return the batch's mean loss.

    L = 1/B Σ_b ( 1[scalar] f(huber(scalar_T - y)) + 1[lookup] λ L_lookup ) with
    f(x) = ((1 + x / δ²)^p - 1) / p: Huber's loss, over δ², at p = 1, its logarithm as p → 0.
    Below 1 the large errors of sums outweigh the small ones of counts less.
    """
    numbers = huber(final.scalars[0] - answers.scalar, delta) / delta**2
    numbers = ((1.0 + numbers) ** power - 1.0) / power
    printed = lookup_loss(final.lookup, answers.cells, tables)
    each = answers.is_scalar * numbers + (1.0 - answers.is_scalar) * weight * printed
    return each.mean()
