"""The gradient learner: answers alone, through a soft machine that runs all choices at once.

The gradient goes through every operation, weighted by its choice. Four things stop plain descent
on the published loss, and each has a remedy here:

- Sums are wrong by hundreds, counts by tens, and a program that is exact on half of the tables
  seems good. So an error counts relative to the mean square error of its *template*: the
  question's words, with one placeholder for every name and entry of the table.
- Templates that are not learned yet have small gradients, and others drown them. So the gradient
  at the logits is divided by the norm of its template's mean gradient.
- Choices saturate on programs that are right on half of the tables. So, for templates that hard
  choices do not answer yet, the loss has the term β KL(uniform ‖ α_op), whose gradient at the
  logits, β (α - uniform), does not vanish where α saturates. β falls, and starts anew with each
  stage.
- What was learned wrong stands in the way of generalising from what was learned right. So a stage
  can begin with new networks, which imitate the hard choices of the old ones where these are right
  (iterated learning: Kirby 2001; Vani et al. 2021).

Source of machine and losses: Neelakantan, Le and Sutskever 2016, sections 2.3 and 2.5; the first
three remedies are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agent import Pulse
from neuralprog_agents.agents.neural_programmer import data, machine, model, tensors
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.config import Config, Stage
from neuralprog_agents.agents.neural_programmer.likelihood import gradient_of
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_agents.agents.neural_programmer.tensors import Choice
from neuralprog_envs.table.state import TableInstances
from neuralprog_envs.table.task import TableTask

EPSILON = 1e-6
"""Keeps the logarithms of the lookup loss finite."""
_TINY = 1e-30
_NUMBERS = [machine.OPERATIONS.index(name) for name in ("sum", "count", "difference")]
_PRINT = machine.OPERATIONS.index("print")
_JUDGED_EVERY = 50
"""Gradient steps between two judgements of which templates are solved. A stage whose last step is a
mixture has none: its choices stay soft, so that later stages can change them."""
_JUDGED = 2000
"""The number of training examples that are judged."""
_SOLVED = 0.98
"""A template is solved when hard choices answer more than this share of its judged examples."""
_SHARING = 8
"""About how many examples of a template in a minibatch share a dropout mask: on many tables at
once, a program that is right by luck shows."""
_LEAST_MASKS, _MOST_MASKS = 2, 8
"""The fewest and the most dropout masks of a template in a minibatch."""
_UNSOLVED = 0.5
"""The share of a minibatch that is drawn from unsolved templates only."""
_DROPPED = 0.9
"""The share of a stage in which operations are dropped; the rest shows what has been learned."""
_ERROR_RATE, _NORM_RATE = 0.02, 0.05
"""How fast mean errors (by an example) and mean norms (by a minibatch) follow."""
_ERROR_FLOOR, _NORM_FLOOR = 1.0, 1e-3
_STATE = ("error2", "norm2", "solved", "taught", "teacher")


@dataclass(frozen=True)
class _Minibatch:
    """B examples; ``template`` (B,), ``unsolved`` (B,) 0 or 1, ``dropped`` operations (T, B, O)."""

    posed: TableInstances
    template: Tensor
    unsolved: Tensor
    dropped: Tensor


@dataclass(frozen=True)
class _Weights:
    """The weights of all steps: α_op, (B, T, O), α_col, (B, T, C), and both β, (B, N)."""

    operations: Tensor
    columns: Tensor
    greater: Tensor
    lesser: Tensor


class SoftObjective:
    """The objective of a restart; see ``train.Objective``."""

    def __init__(self, config: Config, index: int, task: TableTask, shape: Shape) -> None:
        self.config, self.index, self.task, self.shape = config, index, task, shape
        self.template, self.numbers = np.zeros(0, np.int64), np.zeros(0, np.int32)
        self.error2 = torch.zeros(0, 0)
        self.norm2, self.solved, self.taught, self.teacher = (torch.zeros(0) for _ in range(4))
        self.given_up = False

    def _forget(self, stage: Stage) -> None:
        """Begin the templates' statistics: mean square errors and norms, and which are solved."""
        count, config = int(self.template.max()) + 1, self.config
        scales = len(_NUMBERS) if stage.mixture and config.scales == "operation" else 1
        variance_of_sum = config.value_range**2 / 3 * np.mean(config.length)
        self.error2 = torch.full((count, scales), float(variance_of_sum))
        self.norm2, self.solved = torch.zeros(count), torch.zeros(count)

    def state(self) -> dict[str, Tensor]:
        """Return the templates' statistics and the teachers; empty before the first gradient."""
        return {name: getattr(self, name) for name in _STATE}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state`` returned."""
        for name in _STATE:
            setattr(self, name, state[name])

    def gradients(self, state: State, count: int, pulse: Pulse) -> Iterator[tuple[float, Tensor]]:
        """Yield the loss and the gradient of each of the next minibatches, at the current θ."""
        if not len(self.template):
            self.template, self.numbers = data.templates(self.config, self.index, self.task, pulse)
        for _ in range(count):
            pulse()
            stage, step = stage_at(self.config.stages, state.step)
            if step == 0:
                self._forget(stage)
            if step % _JUDGED_EVERY == 0 and not stage.mixture:
                self._judge(state)
            if step == 0 and stage.imitation:
                self._begin_generation(state)
            yield (
                self._imitated(state)
                if step < stage.imitation
                else self._gradient(state, stage, step)
            )
            if state.step == self.config.stages[0].steps and self.config.least_solved > 0:
                self.given_up = self._solved_share(state, stage) < self.config.least_solved

    def _begin_generation(self, state: State) -> None:
        """Keep the networks as teachers, and begin new ones, in place; remember what is solved."""
        self.teacher, self.taught = state.theta.clone(), self.solved.clone()
        key = data.seed(self.config, self.index, data.Stream.WEIGHTS, state.step)
        state.theta.copy_(model.initial_theta(self.shape, key))
        state.m.zero_()
        state.v.zero_()

    def _imitated(self, state: State) -> tuple[float, Tensor]:
        """Return the mean of - log p of the teachers' hard choices on what they solve; gradient."""
        random = self._random(data.Stream.ORDER, state.step)
        known = np.flatnonzero(self.taught.numpy()[self.template] > 0)
        rows = random.choice(known if len(known) else len(self.template), self.config.batch)
        posed = data.examples(self.config, self.index, self.task, rows)
        programs = model.hard_actions(self.teacher, self.shape, posed).astype(np.int8)
        questions, owner = tensors.questions_of(posed), np.arange(len(rows))
        return gradient_of(self.shape, state.theta, questions, programs, owner)

    def _judge(self, state: State) -> None:
        """Find the templates that hard choices answer, on training examples."""
        random = self._random(data.Stream.JUDGED, state.step)
        rows = random.choice(len(self.template), min(_JUDGED, len(self.template)), replace=False)
        posed = data.examples(self.config, self.index, self.task, rows)
        right = data.are_right(self.task, posed, model.hard_actions(state.theta, self.shape, posed))
        count = np.bincount(self.template[rows], minlength=len(self.solved))
        hits = np.bincount(self.template[rows], right, len(self.solved))
        solved = np.where(count > 0, hits > _SOLVED * count, self.solved > 0)
        self.solved = torch.from_numpy(solved).float()

    def _solved_share(self, state: State, stage: Stage) -> float:
        """Return the share of a stage's training questions whose templates are solved."""
        self._judge(state)
        asked = self.template[self.numbers <= stage.max_numbers]
        return float(self.solved[torch.from_numpy(asked)].mean())

    def _random(self, stream: data.Stream, step: int) -> np.random.Generator:
        return np.random.default_rng(data.seed(self.config, self.index, stream, step))

    def _gradient(self, state: State, stage: Stage, step: int) -> tuple[float, Tensor]:
        """Return a minibatch's mean loss, and the gradient, (P,)."""
        drawn = self._draw(stage, step, state.step)
        theta = state.theta.detach().requires_grad_()
        soft = self._choose(theta, drawn)
        losses, at = self._slopes(stage, drawn, soft)
        weight = self._weight(drawn.template, at[0])
        beta = stage.pull * 0.5 ** (step / stage.pull_half_life)
        pull = beta * drawn.unsolved / (len(losses) * self.shape.steps)
        slopes = [_times(weight, slope) for slope in at]
        slopes[0] = slopes[0] + _times(pull, _from_uniform(soft.operations.detach()))
        terms = [
            (torch.log(alpha.clamp(min=_TINY)) * slope).sum()
            for alpha, slope in zip(vars(soft).values(), slopes, strict=True)
        ]
        (gradient,) = torch.autograd.grad(torch.stack(terms).sum(), theta)
        return float(losses.mean()), gradient

    def _draw(self, stage: Stage, step: int, position: int) -> _Minibatch:
        """Draw a minibatch and its dropout masks."""
        random = self._random(data.Stream.ORDER, position)
        rows = self._rows(stage, random)
        template = torch.from_numpy(self.template[rows])
        unsolved = 1.0 - self.solved[template]
        alike = np.bincount(self.template[rows])[self.template[rows]]
        number = random.integers(np.clip(alike // _SHARING, _LEAST_MASKS, _MOST_MASKS))
        mask = template + len(self.solved) * torch.from_numpy(number)
        masks = self._masks(stage, step, position)
        return _Minibatch(
            posed=data.examples(self.config, self.index, self.task, rows),
            template=template,
            unsolved=unsolved,
            dropped=masks[:, mask] & (unsolved > 0)[:, None],
        )

    def _rows(self, stage: Stage, random: np.random.Generator) -> NDArray[np.int64]:
        """Draw the examples of a minibatch, (B,), of which a share has unsolved templates."""
        allowed = np.flatnonzero(self.numbers <= stage.max_numbers)
        unsolved = allowed[self.solved.numpy()[self.template[allowed]] == 0]
        count = int(_UNSOLVED * self.config.batch) if len(unsolved) else 0
        others = random.choice(allowed, self.config.batch - count)
        return np.concatenate([others, random.choice(unsolved, count)]) if count else others

    def _masks(self, stage: Stage, step: int, position: int) -> Tensor:
        """Draw the dropout masks of all templates, (T, masks, O); their share falls to 0."""
        share = stage.dropout * max(0.0, 1.0 - step / (_DROPPED * stage.steps))
        key = data.seed(self.config, self.index, data.Stream.DROPOUT, position)
        generator = torch.Generator().manual_seed(key)
        return model.drop([share] * self.shape.steps, _MOST_MASKS * len(self.solved), generator)

    def _choose(self, theta: Tensor, drawn: _Minibatch) -> _Weights:
        questions = tensors.questions_of(drawn.posed)
        parameters = model.unflatten(theta, self.shape)
        choices = model.choose(parameters, self.shape, questions, hard=False, dropped=drawn.dropped)
        operations = torch.stack([choice.operation for choice in choices], dim=1)
        columns = torch.stack([choice.column for choice in choices], dim=1)
        return _Weights(operations, columns, choices[0].greater, choices[0].lesser)

    def _slopes(
        self, stage: Stage, drawn: _Minibatch, soft: _Weights
    ) -> tuple[Tensor, list[Tensor]]:
        """Return each example's loss, (B,), and its gradients at the logits of ``soft``."""
        leaves = [weights.detach().requires_grad_() for weights in vars(soft).values()]
        operations, columns, greater, lesser = leaves
        choices = [
            Choice(operations[:, t], columns[:, t], greater, lesser)
            for t in range(self.shape.steps)
        ]
        tables, answers = tensors.tables_of(drawn.posed), tensors.answers_of(drawn.posed)
        loss = mixture_loss if stage.mixture else mean_loss
        losses, error2 = loss(tables, answers, choices, self.error2[drawn.template])
        self._follow_errors(drawn.template, answers.is_scalar, error2)
        slopes = torch.autograd.grad(
            losses.sum(), leaves, allow_unused=True, materialize_grads=True
        )
        at = [at_logits(w.detach(), s) for w, s in zip(leaves, slopes, strict=True)]
        return losses.detach(), at

    def _weight(self, template: Tensor, at_operations: Tensor) -> Tensor:
        """Return each example's weight, (B,): the mean gradient of every template has norm 1."""
        size = len(self.norm2)
        count = torch.bincount(template, minlength=size).float()
        sums = at_operations.new_zeros(size, at_operations[0].numel())
        sums.index_add_(0, template, at_operations.flatten(1))
        norm2 = (sums / count.clamp(min=1)[:, None]).square().sum(dim=1)
        followed = torch.where(self.norm2 > 0, torch.lerp(self.norm2, norm2, _NORM_RATE), norm2)
        self.norm2 = torch.where(count > 0, followed, self.norm2)
        norm = self.norm2[template].sqrt() + _NORM_FLOOR
        return 1.0 / (norm * count[template] * (count > 0).sum())

    def _follow_errors(self, template: Tensor, is_scalar: Tensor, error2: Tensor) -> None:
        size = len(self.error2)
        count = torch.bincount(template, is_scalar, size).float()
        sums = [torch.bincount(template, each * is_scalar, size) for each in error2.unbind(dim=1)]
        mean = torch.stack(sums, dim=1).float() / count.clamp(min=1)[:, None] + _ERROR_FLOOR
        rate = 1 - (1 - _ERROR_RATE) ** count
        self.error2 = torch.lerp(self.error2, mean, rate[:, None])


def stage_at(stages: tuple[Stage, ...], step: int) -> tuple[Stage, int]:
    """Return the stage of a gradient step, and the step in it; the last stage repeats."""
    for stage in stages[:-1]:
        if step < stage.steps:
            return stage, step
        step -= stage.steps
    return stages[-1], step % stages[-1].steps


def at_logits(weights: Tensor, slope: Tensor) -> Tensor:
    """Return the gradient at the logits of a softmax from the one at its weights."""
    return weights * (slope - (weights * slope).sum(dim=-1, keepdim=True))


def _from_uniform(weights: Tensor) -> Tensor:
    """Return weights minus the uniform distribution over those that are not 0."""
    there = (weights > 0).to(weights.dtype)
    return weights - there / there.sum(dim=-1, keepdim=True)


def _times(each: Tensor, values: Tensor) -> Tensor:
    """Return the values, (B, …), times a factor for each row, (B,)."""
    return each.view(-1, *[1] * (values.dim() - 1)) * values


def mean_loss(
    tables: tensors.Tables, answers: tensors.Answers, choices: list[Choice], error2: Tensor
) -> tuple[Tensor, Tensor]:
    """Return each example's loss, (B,), and squared error, (B, 1), of the soft machine's answer.

    L = 1[scalar] (scalar_T - y)² / (2 error2) + 1[lookup] L_lookup
    """
    final = machine.run(tables, choices)
    found = (final.scalars[0] - answers.scalar).square()
    printed = lookup_loss(final.lookup, answers.cells, tables)
    losses = answers.is_scalar * found / (2 * error2[:, 0]) + (1 - answers.is_scalar) * printed
    return losses, found[:, None].detach()


def mixture_loss(
    tables: tensors.Tables, answers: tensors.Answers, choices: list[Choice], error2: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the losses, (B,), and squared errors, where the last step is a mixture of operations.

    L = -log Σ_o α_T(o) exp(-(o(memory_{T-1}) - y)² / (2 error2)) for numbers: unlike the error of
    the mean answer, it does not punish an operation for what the others would answer.

    If ``error2`` is (B, 1), the squared error is the expected one, (B, 1). If it is (B, 3), one for
    each operation, so are the errors, and each is relative to its own: they are the variances of
    a mixture of Gaussians, L = -log Σ_o α_T(o) N(y; o(memory_{T-1}), error2_o) + constant.
    """
    memory, last = machine.run(tables, choices[:-1]), choices[-1]
    s, difference = memory.selected, memory.scalars[2] - memory.scalars[0]
    total = (machine.read(tables, last)[:, 0] * s).sum(dim=1)
    cells = s[:, :, None] * (last.column * tables.columns)[:, None, :]
    outputs = torch.stack([total, s.sum(dim=1), difference], dim=1)
    found = (outputs - answers.scalar[:, None]).square()
    log_alpha = torch.log(last.operation + _TINY)
    scores = log_alpha[:, _NUMBERS] - found / (2 * error2)
    shared = error2.shape[1] == 1
    if not shared:
        scores = scores - torch.log(error2) / 2
    printed = lookup_loss(cells, answers.cells, tables) - log_alpha[:, _PRINT]
    losses = -answers.is_scalar * torch.logsumexp(scores, dim=1)
    expected = (torch.softmax(scores, dim=1) * found).sum(dim=1, keepdim=True)
    errors = expected if shared else found
    return losses + (1 - answers.is_scalar) * printed, errors.detach()


def lookup_loss(lookup: Tensor, cells: Tensor, tables: tensors.Tables) -> Tensor:
    """Return the mean cross-entropy over each table's cells, (B,).

    L = -1/(M C) Σ_ij [ y_ij log L_ij + (1 - y_ij) log(1 - L_ij) ]
    """
    there = tables.present[:, :, None] * tables.columns[:, None, :]
    right = torch.where(cells > 0, lookup, 1.0 - lookup).clamp(min=0.0)
    costs = -torch.log(right + EPSILON) * there
    return costs.sum(dim=(1, 2)) / there.sum(dim=(1, 2))
