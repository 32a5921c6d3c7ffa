"""The gradient learner: answers alone, through a soft machine that runs all choices at once.

The gradient goes through every operation, weighted by its choice. Three things stop plain descent
on the published loss (section 2.5), and each has a remedy here:

- Sums are wrong by thousands, counts by tens. So the error of a number counts relative to the mean
  square error of its *template* (the question's words without names of columns and table entries).
- Templates that are learned early have large gradients and drown others. So the gradient at the
  logits is divided by the root mean square norm of its template's gradients.
- Choices saturate on programs that are right on half of the tables. So the choices of templates
  that hard choices do not answer yet are pulled to uniform, by the gradient of β KL(uniform ‖ α),
  which does not vanish where α saturates. β falls, and starts anew in each stage.

Source: Neelakantan, Le and Sutskever 2016, sections 2.3 and 2.5; the remedies are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agent import Pulse, Tensors
from neuralprog_agents.agents.neural_programmer import data, machine
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.config import Config, Stage
from neuralprog_agents.agents.neural_programmer.model import actions, choose, drop, unflatten
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_agents.agents.neural_programmer.tensors import (
    Answers,
    Choice,
    Tables,
    answers_of,
    questions_of,
    tables_of,
)
from neuralprog_envs.core import batch as rows_of
from neuralprog_envs.table.state import TableInstances
from neuralprog_envs.table.task import TableTask

import os
COPIES=int(os.environ.get('COPIES','2'))
RESET=bool(int(os.environ.get('RESET','0')))
MEAN=bool(int(os.environ.get('MEAN','1')))
EPSILON = 1e-6
"""Keeps the logarithms of the lookup loss finite."""
_TINY = 1e-30
_LAST_OUTPUTS = [machine.OPERATIONS.index(name) for name in ("sum", "count", "difference")]
_PRINT = machine.OPERATIONS.index("print")
_SOLVED = 0.98
"""A template is solved when hard choices answer more than this share of its judged examples."""
_JUDGED = 2000
"""How many training examples are judged."""
_ERROR_RATE, _NORM_RATE = 0.02, 0.05
"""How fast the means follow: an error's by this share an example, a norm's by this a batch."""
_NORM_FLOOR = 1e-3


class SoftObjective:
    """The objective of a restart; see ``train.Objective``."""

    def __init__(
        self, config: Config, index: int, task: TableTask, shape: Shape, pulse: Pulse
    ) -> None:
        self.config, self.index, self.task, self.shape = config, index, task, shape
        self.template, self.numbers = data.templates(config, index, task, pulse)
        self.count = int(self.template.max()) + 1
        self._forget()

    def _forget(self) -> None:
        """Set the templates' statistics as they are when a stage begins."""
        largest = (self.config.length[1] * self.config.value_range / 30) ** 2
        self.error2 = torch.full((self.count,), largest)
        self.norm2, self.solved = torch.zeros(self.count), torch.zeros(self.count)

    def gradients(self, state: State, count: int) -> Iterator[tuple[float, Tensor]]:
        """Yield the loss and the gradient of each of the next minibatches, at the current θ."""
        for _ in range(count):
            stage, step = self.stage_at(state.step)
            if step == 0:
                self._forget()
                if RESET:
                    state.m.zero_(), state.v.zero_()
            if step % self.config.solved_every == 0 and stage.numbers:
                self._judge(state)
            yield self._gradient(state, stage, step)

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """Return the stage of a gradient step, and the step in it; the last stages repeat."""
        stages = self.config.stages
        for stage in stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        again = stages[1:]
        step %= sum(s.steps for s in again)
        for stage in again:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        raise AssertionError

    def _judge(self, state: State) -> None:
        """Find the templates that hard choices always answer, on training examples."""
        key = data.seed(self.config, self.index, data.Stream.NOISE, state.step)
        rows = np.random.default_rng(key).choice(len(self.template), _JUDGED, replace=False)
        posed = data.examples(self.config, self.index, self.task, rows)
        with torch.no_grad():
            parameters = unflatten(state.theta, self.shape)
            chosen = actions(choose(parameters, self.shape, questions_of(posed), hard=True)).numpy()
        right = data.are_right(self.task, posed, chosen)
        count = np.bincount(self.template[rows], minlength=self.count)
        hits = np.bincount(self.template[rows], right, self.count)
        share = np.where(count > 0, hits / np.maximum(count, 1), self.solved.numpy())
        self.solved = torch.from_numpy(share > _SOLVED).float()

    def _gradient(self, state: State, stage: Stage, step: int) -> tuple[float, Tensor]:
        config, key = self.config, data.seed(self.config, self.index, data.Stream.ORDER, state.step)
        allowed = np.flatnonzero(self.numbers <= stage.numbers)
        rows = np.random.default_rng(key).choice(allowed, config.batch, replace=False)
        posed = data.examples(config, self.index, self.task, rows)
        template = torch.from_numpy(self.template[rows])
        unsolved = 1.0 - self.solved[template]
        randomness = torch.Generator().manual_seed(key)
        share = stage.dropout * max(0.0, 1.0 - step / (0.9 * stage.steps))
        masks = drop([share] * config.steps, COPIES * self.count, randomness)
        copy = torch.randint(COPIES, (config.batch,), generator=randomness)
        dropped = masks[:, template + self.count * copy] & (unsolved > 0)[:, None]

        variable = state.theta.detach().requires_grad_()
        choices = choose(unflatten(variable, self.shape), self.shape, questions_of(posed),
                         hard=False, dropped=dropped)
        soft = [torch.stack([c.operation for c in choices], 1), torch.stack([c.column for c in choices], 1),
                choices[0].greater, choices[0].lesser]
        leaves = [v.detach().requires_grad_() for v in soft]
        losses, error2 = self._losses(stage, posed, template, leaves)
        slopes = torch.autograd.grad(losses.sum(), leaves, materialize_grads=True, allow_unused=True)
        at_logits = [softmax_gradient(v.detach(), s) for v, s in zip(leaves, slopes)]
        self._follow_errors(template, error2, posed)
        weight = self._weights(template, at_logits[:2])
        pull = stage.pull * 0.5 ** (step / stage.pull_half_life) / (config.steps * config.batch)
        pulls = pull * (unsolved if stage.numbers else torch.ones_like(unsolved))
        total = variable.new_zeros(())
        for v, a, pulled in zip(soft, at_logits, (True, True, False, False)):
            w = weight.view(-1, *[1] * (v.dim() - 1))
            g = a * w
            if pulled:
                there = (v.detach() > 0).float()
                g = g + pulls[:, None, None] * (v.detach() - there / there.sum(-1, keepdim=True))
            total = total + (torch.log(v.clamp(min=_TINY)) * g).sum()
        (gradient,) = torch.autograd.grad(total, variable)
        return float(losses.detach().mean()), gradient

    def _weights(self, template: Tensor, at_logits: list[Tensor]) -> Tensor:
        count = torch.bincount(template, minlength=self.count).float()
        if MEAN:
            a = at_logits[0].flatten(1)
            mean = torch.zeros(self.count, a.shape[1]).index_add_(0, template, a) / count.clamp(min=1)[:, None]
            mean = (mean**2).sum(1)
        else:
            norm2 = sum((a**2).sum((1, 2)) for a in at_logits)
            mean = torch.bincount(template, norm2, self.count) / count.clamp(min=1)
        followed = torch.where(self.norm2 > 0, self.norm2 + _NORM_RATE * (mean - self.norm2), mean)
        self.norm2 = torch.where(count > 0, followed, self.norm2).float()
        U = (count > 0).sum()
        return 1.0 / ((self.norm2[template].sqrt() + _NORM_FLOOR) * count[template] * U)

    def _follow_errors(self, template: Tensor, error2: Tensor, posed: TableInstances) -> None:
        scalar = answers_of(posed).is_scalar
        count = torch.bincount(template, scalar, self.count)
        mean = torch.bincount(template, error2 * scalar, self.count) / count.clamp(min=1) + 1.0
        rate = 1 - (1 - _ERROR_RATE) ** count
        self.error2 = (self.error2 + rate * (mean - self.error2)).float()

    def _losses(self, stage: Stage, posed: TableInstances, template: Tensor, v: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return each example's loss, (B,), and its squared error, (B,)."""
        tables, answers = tables_of(posed), answers_of(posed)
        choices = [Choice(v[0][:, t], v[1][:, t], v[2], v[3]) for t in range(self.shape.steps)]
        scale2 = self.error2[template]
        if stage.mixture:
            return mixture(tables, answers, choices, scale2)
        final = machine.run(tables, choices)
        error2 = (final.scalars[0] - answers.scalar) ** 2
        printed = lookup_loss(final.lookup, answers.cells, tables)
        each = answers.is_scalar * 0.5 * error2 / scale2 + (1 - answers.is_scalar) * printed
        return each, error2.detach()


def softmax_gradient(weights: Tensor, slope: Tensor) -> Tensor:
    """Return the gradient at the logits of a softmax, from the one at its weights."""
    return weights * (slope - (weights * slope).sum(-1, keepdim=True))


def mixture(tables: Tables, answers: Answers, choices: list[Choice], scale2: Tensor) -> tuple[Tensor, Tensor]:
    """Return -log Σ_o α_T(o) N(y; what o would answer, σ²), and the expected squared error."""
    memory = machine.run(tables, choices[:-1])
    last, s = choices[-1], memory.selected
    cells = s[:, :, None] * (last.column * tables.columns)[:, None, :]
    outputs = torch.stack([(cells * tables.numbers).sum((1, 2)), s.sum(1), memory.scalars[2] - memory.scalars[0]], dim=1)
    error2 = (outputs - answers.scalar[:, None]) ** 2
    logs = torch.log(last.operation + 1e-12)
    scores = logs[:, _LAST_OUTPUTS] - 0.5 * error2 / scale2[:, None]
    printed = lookup_loss(cells, answers.cells, tables) - logs[:, _PRINT]
    each = -answers.is_scalar * torch.logsumexp(scores, 1) + (1 - answers.is_scalar) * printed
    return each, (torch.softmax(scores, 1) * error2).sum(1).detach()


def lookup_loss(lookup: Tensor, cells: Tensor, tables: Tables) -> Tensor:
    """Return the mean cross-entropy over each table's cells, (B,).

    L = -1/(M C) Σ_ij [ y_ij log L_ij + (1 - y_ij) log(1 - L_ij) ]
    """
    there = tables.present[:, :, None] * tables.columns[:, None, :]
    right = torch.where(cells > 0, lookup, 1.0 - lookup).clamp(min=0.0)
    costs = -torch.log(right + EPSILON) * there
    return costs.sum(dim=(1, 2)) / there.sum(dim=(1, 2))
