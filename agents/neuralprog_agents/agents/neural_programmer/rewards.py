"""Reinforcement learning: programs are tried, and all that is learned from is which were right.

For each question the networks' policy π samples whole programs; others are drawn at random, or are
remembered ones with a step drawn anew. Each is run on the question's table; its reward is 1 if the
answer is right, else 0. The gradient is that of REINFORCE with the mean reward of the question's
samples as the baseline (Williams 1992), plus that of log π of a remembered program. Which one is
drawn by how often each was right on questions of this text (``successes``): a program that is right
by luck half of the time gives way to the one that is always right. Once some were never wrong, it
is the one of these that π is likeliest to sample, or π would be pulled to and fro between them.

Sources: Liang et al. 2018, "Memory augmented policy optimization"; Oh et al. 2018, "Self-imitation
learning"; the draw by rate is Thompson's (1933); the likeliest of several right programs: Min et
al. 2019, "A discrete hard EM approach for weakly supervised question answering".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softmax

from neuralprog_agents.agent import Pulse
from neuralprog_agents.agents.neural_programmer import data, model
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_agents.agents.neural_programmer.successes import Successes, Texts, texts_of
from neuralprog_agents.agents.neural_programmer.tensors import Questions, questions_of
from neuralprog_envs.core import batch
from neuralprog_envs.table.state import TableInstances
from neuralprog_envs.table.task import TableTask

_AGAIN = 4
"""Remembered programs that each question tries again."""
_NAMED = 0.9
"""The probability that a random step takes a column which the question names."""
_COMPARISONS = ("greater", "lesser")
Programs = NDArray[np.int64]


@dataclass(frozen=True)
class _Asked:
    """A minibatch: the questions, as tensors, and their texts."""

    posed: TableInstances
    questions: Questions
    texts: Texts


class RewardObjective:
    """The objective of a restart; see ``train.Objective``."""

    given_up = False

    def __init__(self, config: Config, index: int, task: TableTask, shape: Shape) -> None:
        self.config, self.index, self.task, self.shape = config, index, task, shape
        self.successes = Successes(config.remembered, config.steps)

    def state(self) -> dict[str, Tensor]:
        """Return the memory of successes."""
        return self.successes.state()

    def restore(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state`` returned."""
        self.successes.restore(state)

    def gradients(self, state: State, count: int, pulse: Pulse) -> Iterator[tuple[float, Tensor]]:
        """Yield the loss and the gradient of each of the next minibatches, at the current θ."""
        rows = data.rows_of_steps(self.config, self.index, state.step, count)
        for each in rows.reshape(count, self.config.batch):
            pulse()
            posed = data.examples(self.config, self.index, self.task, each)
            asked = _Asked(posed, questions_of(posed), texts_of(posed))
            key = data.seed(self.config, self.index, data.Stream.TRIES, state.step)
            yield self._gradient(state.theta, asked, np.random.default_rng(key))

    def _gradient(self, theta: Tensor, asked: _Asked, random: Generator) -> tuple[float, Tensor]:
        sampled = self._sampled(theta, asked, random)
        reward = self._try(asked, sampled, random)
        variable = theta.detach().requires_grad_()
        p = model.unflatten(variable, self.shape)
        cost = self._policy_cost(p, asked, sampled, reward) + self._memory_cost(p, asked, random)
        (gradient,) = torch.autograd.grad(cost, variable)
        return float(cost.detach()), gradient

    def _sampled(self, theta: Tensor, asked: _Asked, random: Generator) -> Programs:
        """Return the policy's programs, (B · S, T, 3)."""
        share = 1 - self.config.explore
        owner = _each(len(asked.posed.length), max(1, round(share * self.config.tries)))
        generator = torch.Generator().manual_seed(int(random.integers(2**63)))
        with torch.no_grad():
            p = model.unflatten(theta, self.shape)
            found = sample(p, self.shape, asked.questions, torch.from_numpy(owner), generator)
        return found.numpy()

    def _try(self, asked: _Asked, sampled: Programs, random: Generator) -> NDArray[np.bool_]:
        """Run and count all tries of a minibatch; return which of the policy's were right."""
        B = len(asked.posed.length)
        owner, texts = _each(B, len(sampled) // B), asked.texts
        parts = [(owner, sampled)]
        explored = self._explored(asked, random)
        if explored is not None:
            parts.append(explored)
        again = [self.successes.draw(key, random, _AGAIN) for key in texts.keys]
        owners = np.repeat(np.arange(B), [len(each) for each in again])
        parts.append((owners, texts.on_tables(np.concatenate(again), owners)))
        owner = np.concatenate([owners for owners, _ in parts])
        programs = np.concatenate([programs for _, programs in parts])
        right = data.are_right(self.task, batch.take(asked.posed, owner), programs)
        self._count(texts, owner, programs, right)
        return right[: len(sampled)]

    def _count(
        self, texts: Texts, owner: NDArray[np.int64], programs: Programs, right: NDArray[np.bool_]
    ) -> None:
        """Count each question's different tries."""
        kept = texts.on_texts(programs, owner)
        rows = np.concatenate([owner[:, None], kept.reshape(len(kept), -1)], axis=1)
        _, first = np.unique(rows, axis=0, return_index=True)
        ends = np.searchsorted(owner[first], np.arange(1, len(texts.keys)))
        for key, each in zip(texts.keys, np.split(first, ends), strict=True):
            self.successes.count(key, kept[each], right[each])

    def _explored(
        self, asked: _Asked, random: Generator
    ) -> tuple[NDArray[np.int64], Programs] | None:
        """Return random programs, and remembered ones of any text with a step drawn anew."""
        count = round(self.config.explore * self.config.tries)
        if not count:
            return None
        posed, T = asked.posed, self.config.steps
        owner = _each(len(posed.length), count)
        n = len(owner)
        programs = self._random(asked, owner, random)
        known = self.successes.programs()
        if len(known):
            near = np.flatnonzero(random.random(n) < 0.5)
            parents = known[random.integers(len(known), size=len(near))].astype(np.int64)
            parents[:, :, 1] = np.minimum(parents[:, :, 1], posed.names.shape[1] - 1)
            step, fresh = random.integers(T, size=len(near)), programs[near]
            rows = np.arange(len(near))
            parents[rows, step] = fresh[rows, step]
            programs[near] = parents
        return owner, asked.texts.on_tables(programs, owner)

    def _random(self, asked: _Asked, owner: NDArray[np.int64], random: Generator) -> Programs:
        """Return random programs in the terms of texts, (n, T, 3)."""
        size = (len(owner), self.config.steps)
        named = np.maximum(asked.texts.named[owner], 1)[:, None]
        among = np.where(
            random.random(size) < _NAMED, named, asked.posed.column_count[owner][:, None]
        )
        numbers = np.maximum(asked.posed.pivot_count[owner], 1)[:, None]
        operations = random.integers(len(OPERATIONS), size=size)
        columns, pivots = random.integers(among, size=size), random.integers(numbers, size=size)
        return np.stack([operations, columns, pivots], axis=2)

    def _policy_cost(
        self, p: model.Parameters, asked: _Asked, sampled: Programs, right: NDArray[np.bool_]
    ) -> Tensor:
        """Return -Σ (r - mean r of the question) log π / (B S)."""
        B = len(asked.posed.length)
        reward = right.reshape(B, -1).astype(np.float32)
        advantage = torch.from_numpy((reward - reward.mean(axis=1, keepdims=True)).reshape(-1))
        some = torch.nonzero(advantage)[:, 0]
        if not len(some):
            return torch.zeros(())
        owner = torch.from_numpy(_each(B, reward.shape[1]))[some]
        programs = torch.from_numpy(sampled)[some]
        logs = model.log_probability(p, self.shape, asked.questions, programs, owner)
        return -(advantage[some] * logs).sum() / reward.size

    def _memory_cost(self, p: model.Parameters, asked: _Asked, random: Generator) -> Tensor:
        """Return -Σ log π / B of a remembered program for each question that has one."""
        owner, programs = self._remembered(asked, random)
        if not len(owner):
            return p["V"].sum() * 0.0
        with torch.no_grad():
            chosen = _likeliest(self._logs(p, asked, owner, programs).numpy(), owner)
        logs = self._logs(p, asked, owner[chosen], programs[chosen])
        return -logs.sum() / len(asked.texts.keys)

    def _remembered(
        self, asked: _Asked, random: Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return programs to choose from for each question: all that are sure, else a drawn one."""
        drawn = []
        for key in asked.texts.keys:
            sure = self.successes.sure(key)
            drawn.append(sure if len(sure) else self.successes.draw(key, random, 1))
        owner = np.repeat(np.arange(len(drawn)), [len(each) for each in drawn])
        programs = asked.texts.on_tables(np.concatenate(drawn), owner)
        there = (programs[:, :, 1] < asked.posed.column_count[owner][:, None]).all(axis=1)
        return owner[there], programs[there]

    def _logs(
        self,
        p: model.Parameters,
        asked: _Asked,
        owner: NDArray[np.int64],
        programs: NDArray[np.int64],
    ) -> Tensor:
        actions, whose = torch.from_numpy(programs), torch.from_numpy(owner)
        return model.log_probability(p, self.shape, asked.questions, actions, whose)


def _likeliest(logs: NDArray[np.float32], owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row of the highest value of each owner."""
    order = np.lexsort((-logs, owner))
    _, first = np.unique(owner[order], return_index=True)
    return order[first]


def _each(count: int, times: int) -> NDArray[np.int64]:
    return np.repeat(np.arange(count), times)


def sample(
    p: model.Parameters,
    shape: Shape,
    questions: Questions,
    owner: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Return a program drawn from π for each of n owners among the questions, (n, T, 3)."""
    encoding = model.encode(p, shape, questions)
    seen, every = encoding.take(owner), torch.arange(len(owner))
    pivots = {
        OPERATIONS.index(name): model.pivot_weights(p, name, encoding.left, questions)[owner]
        for name in _COMPARISONS
    }
    h, steps = seen.q.new_zeros(len(owner), shape.hidden), []
    for _ in range(shape.steps):
        operations, columns = model.scores(p, shape, seen, h)
        operation = _draw(softmax(operations, dim=1), generator)
        column = _draw(softmax(columns, dim=1), generator)
        pivot = torch.zeros_like(operation)
        for number, weights in pivots.items():
            pivot = torch.where(operation == number, _draw(weights + 1e-9, generator), pivot)
        steps.append(torch.stack([operation, column, pivot], dim=1))
        h = model.history(p, p["U"][operation], seen.names[every, column], h)
    return torch.stack(steps, dim=1)


def _draw(weights: Tensor, generator: torch.Generator) -> Tensor:
    return torch.multinomial(weights, 1, generator=generator)[:, 0]
