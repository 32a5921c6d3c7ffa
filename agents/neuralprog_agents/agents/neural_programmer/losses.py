"""The losses of scalar answers and of printed cells.

Source: Neelakantan, Le and Sutskever 2016, section 2.5.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neuralprog_agents.agents.neural_programmer.tensors import Answers, Choice, Memory, Tables

EPSILON = 1e-6
"""Keeps the logarithms of the lookup loss finite."""


def huber(error: Tensor, delta: float) -> Tensor:
    """Return a²/2 where a = |error| ≤ δ, and δ a - δ²/2 beyond, elementwise."""
    a = error.abs()
    return torch.where(a <= delta, a * a / 2, delta * a - delta * delta / 2)


def lookup_loss(lookup: Tensor, cells: Tensor, tables: Tables) -> Tensor:
    """Return the mean cross-entropy over each table's cells, (B,).

    L = -1/(M C) Σ_ij [ y_ij log L_ij + (1 - y_ij) log(1 - L_ij) ]
    """
    there = tables.present[:, :, None] * tables.columns[:, None, :]
    right = torch.where(cells > 0, lookup, 1.0 - lookup).clamp(min=0.0)
    costs = -torch.log(right + EPSILON) * there
    return costs.sum(dim=(1, 2)) / there.sum(dim=(1, 2))


def entropy(choices: list[Choice]) -> Tensor:
    """Return the mean entropy of the choices of operation and column, over batch and steps."""
    each = [_entropy(c.operation) + _entropy(c.column) for c in choices]
    return torch.stack(each).mean()


def _entropy(weights: Tensor) -> Tensor:
    return -(weights * torch.log(weights + 1e-12)).sum(dim=1)


def loss(
    final: Memory, answers: Answers, tables: Tables, *, delta: float, power: float, weight: float
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
