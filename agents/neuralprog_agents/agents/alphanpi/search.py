"""Monte Carlo tree search for one call of a program: PUCT, guided by the network.

Source: Pierrot et al., NeurIPS 2019, section 3.3, after AlphaZero. As in the paper, calls of
programs of a level just below are preferred. We differ in three points: this preference is part of
the prior; actions that lead back to a state of the same call are pruned; the outcome of a call is
discount^k after k actions, or 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from neuralprog_agents.agents.alphanpi.config import Config
from neuralprog_agents.specifications.call_model import STOP, CallModel, View
from neuralprog_agents.specifications.specification import same
from neuralprog_envs.program.state import ProgramState

Floats = NDArray[np.float64]
Predict = Callable[[int, tuple[View, ...]], tuple[Floats, float]]
"""The network: maps a program and its views so far to the choices' probabilities (C,) and V."""

_CONCENTRATION = 0.3
"""α of the Dirichlet noise."""


@dataclass
class Node:
    """A node of the search tree: a step of the call, before its action.

    It has the views of the call so far, the current one included, and the legal choices; for each
    of these the prior probability P, the number of visits N, and W (``total_value``), the sum of
    the values backed up through it. ``children`` are the nodes after the choices that were tried.
    """

    state: ProgramState
    views: tuple[View, ...]
    choices: list[int]
    prior: Floats
    visits: Floats
    total_value: Floats
    children: dict[int, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class SearchedCall:
    """One call as it was searched, with the view before each of T steps.

    ``policies`` are π*, the visit frequencies at each step, shape (T, C). ``outcome`` is z:
    discount^T for a success, 0 for a failure.
    """

    program: int
    views: tuple[View, ...]
    policies: Floats
    outcome: float


class TreeSearch:
    """The search of one call of a program that begins in a state."""

    def __init__(
        self,
        config: Config,
        call_model: CallModel,
        predict: Predict,
        program: int,
        state: ProgramState,
        rng: Generator,
    ) -> None:
        self._config, self._call_model, self._predict, self._rng = config, call_model, predict, rng
        self._program, self._before = program, state
        self._steps = config.most_steps(int(state.length[0]))
        self._wanted = call_model.target(program, state)
        self._level_prior = call_model.level_prior(program)

    def run(self) -> SearchedCall:
        """Search and act until the call returns or has no steps left."""
        policies, path = [], [self._node(self._before, (), [])[0]]
        self._add_noise(path[0])
        while True:
            node = path[-1]
            for _ in range(self._config.simulations):
                self._simulate(list(path))
            frequencies = node.visits / node.visits.sum()
            policies.append(self._full_policy(node.choices, frequencies))
            choice = self._rng.choice(len(node.choices), p=frequencies)
            if node.choices[choice] == STOP:
                break
            path.append(node.children[choice])
        outcome = self._outcome_of(path[-1].state, len(path))
        return SearchedCall(self._program, path[-1].views, np.array(policies), outcome)

    def _node(
        self, state: ProgramState, views: tuple[View, ...], path: list[Node]
    ) -> tuple[Node, float]:
        seen = (*views, self._call_model.view(state))
        probabilities, value = self._predict(self._program, seen)
        last = len(path) + 1 == self._steps
        legal = [STOP] if last else self._call_model.legal(self._program, self._before, state)
        prior = (probabilities * self._level_prior)[legal] + 1e-6
        zero = np.zeros(len(legal))
        return Node(state, seen, legal, prior / prior.sum(), zero, zero.copy()), value

    def _add_noise(self, root: Node) -> None:
        noise = self._rng.dirichlet([_CONCENTRATION] * len(root.choices))
        root.prior = (1 - self._config.noise) * root.prior + self._config.noise * noise

    def _simulate(self, path: list[Node]) -> None:
        """Follow the tree from the last node of a path, add a leaf, and back up its value."""
        first, taken, value = len(path) - 1, [], None
        while value is None:
            choice, value = self._descend(path)
            taken.append(choice)
        for node, choice in zip(path[first:], taken, strict=True):
            node.visits[choice] += 1
            node.total_value[choice] += value

    def _descend(self, path: list[Node]) -> tuple[int, float | None]:
        """Choose in a path's last node; return also the value of a leaf, or lengthen the path."""
        node = path[-1]
        choice, state = self._choose(path)
        if state is not None:
            node.children[choice], value = self._node(state, node.views, path)
            return choice, value
        if node.choices[choice] == STOP:
            return choice, self._outcome_of(node.state, len(path))
        path.append(node.children[choice])
        return choice, None

    def _choose(self, path: list[Node]) -> tuple[int, ProgramState | None]:
        """Select a choice, and prune those that lead back; return also a state that is new."""
        node = path[-1]
        while True:
            choice = self._select(node)
            if node.choices[choice] == STOP or choice in node.children:
                return choice, None
            state = self._call_model.act(self._program, node.choices[choice], node.state)
            if not any(same(state, earlier.state) for earlier in path):
                return choice, state
            self._prune(node, choice)

    def _select(self, node: Node) -> int:
        q = node.total_value / np.maximum(node.visits, 1)
        u = self._config.exploration * node.prior * np.sqrt(node.visits.sum() + 1)
        score = np.where(node.prior > 0, q + u / (1 + node.visits), -np.inf)
        return int(score.argmax())

    def _prune(self, node: Node, choice: int) -> None:
        """Remove a choice that leads to an earlier state. RETURN is never removed."""
        node.prior[choice] = 0.0
        node.prior /= node.prior.sum()

    def _outcome_of(self, state: ProgramState, steps: int) -> float:
        return self._config.discount**steps if same(state, self._wanted) else 0.0

    def _full_policy(self, choices: list[int], frequencies: Floats) -> Floats:
        policy = np.zeros(len(self._call_model.choices))
        policy[choices] = frequencies
        return policy
