"""The 2017 system as a policy: it searches for a program once a question is posed, and plays it.

The viewer shows the action probabilities of the program, step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agents.neural_programmer_2017.decode import programs_of, state_of
from neuralprog_agents.agents.neural_programmer_2017.features import (
    Features,
    Observation,
    features_of,
)
from neuralprog_agents.agents.neural_programmer_2017.model import Programmer, Rows
from neuralprog_agents.agents.neural_programmer_2017.traces import cells_of, size_of
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.ops import OPERATIONS, SETS
from neuralprog_envs.table.state import TableState
from neuralprog_envs.table.vocabulary import Vocabulary

Probabilities = dict[str, NDArray[Any]]


class WikiPolicy:
    """Reads question and table, finds a program by beam search, and plays it.

    Args:
        env_id: The id of the environment.
        settings: The environment's settings, without sizes and data.
        models: The networks; their log probabilities are averaged.
        beam: The width of the beam.
    """

    def __init__(
        self, env_id: str, settings: dict[str, Any], models: list[Programmer], beam: int
    ) -> None:
        self.env_id, self._settings, self.models, self.beam = env_id, settings, models, beam
        self.operations = tuple(SETS[settings["operations"]])
        self._program: NDArray[np.int64] | None = None
        self._observation: Any = None
        self._step = 0

    def alike(self, other: WikiPolicy) -> bool:
        """Return whether another policy acts in the same environment with the same words."""
        return (self.env_id, self._settings) == (other.env_id, other._settings)

    def joined(self, others: list[WikiPolicy]) -> WikiPolicy:
        """Return a policy of its own networks and those of others."""
        models = [model for policy in (self, *others) for model in policy.models]
        return WikiPolicy(self.env_id, self._settings, models, self.beam)

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings: operations, T, the known words."""
        return dict(self._settings)

    def start(self, n: int) -> None:
        """Forget the questions of earlier episodes."""
        self._program = None

    def act(self, observation: Any, action_mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the action of each environment, (operation, column, pivot), shape (n, 3)."""
        if self._program is None:
            self._program, self._observation = self._choose(observation), observation
        done = (observation["program"][:, :, 0] > 0).sum(axis=1)
        self._step = int(done.min())
        return self._program[np.arange(len(done)), np.minimum(done, self._program.shape[1] - 1)]

    def action_probabilities(self) -> dict[str, NDArray[Any]]:
        """Return the probabilities behind the last actions; see ``agent.Policy``."""
        if self._program is None:
            raise ValueError("there are no action probabilities before the first action")
        machine = self._machine(self._observation)
        return action_probabilities(self.models, machine, self._observation, self._program)[
            self._step
        ]

    def _choose(self, observation: Any) -> NDArray[np.int64]:
        return programs_of(self.models, self._machine(observation), observation, self.beam)

    def _machine(self, observation: Any) -> TableMachine:
        """Return a machine of an observation's sizes."""
        _, rows, columns = observation["numbers"].shape
        return TableMachine(
            rows=rows,
            columns=columns,
            operations=self.operations,
            vocabulary=Vocabulary.of(()),
            question_words=observation["question"].shape[1],
            name_words=observation["names"].shape[2],
            cell_words=1,
            steps=observation["program"].shape[1],
        )


def action_probabilities(
    models: Sequence[Programmer],
    machine: TableMachine,
    observation: Observation,
    programs: NDArray[np.int64],
) -> list[Probabilities]:
    """Return the action probabilities of each step, given the program's earlier steps.

    The beam search also looks at what programs do, so the likeliest choice is not always taken.

    Args:
        models: The networks, whose probabilities are averaged.
        machine: The machine, with the networks' operations.
        observation: The first observation of B environments.
        programs: The program of each, resets in front, (B, T, 3).

    Returns:
        For each of T steps the distributions "operation" (B, O), "column" (B, C), "numbers"
        (B, N) and "words" (B, Q); all 0 where a step is padding, or reads no column or number.
    """
    features = features_of(observation, machine.operations)
    states = _states(machine, observation, programs)
    with torch.no_grad():
        found = [_of_one(model, features, machine, states, programs) for model in models]
    return [
        {name: np.mean([each[t][name].numpy() for each in found], axis=0) for name in found[0][t]}
        for t in range(programs.shape[1])
    ]


def _states(
    machine: TableMachine, observation: Observation, programs: NDArray[np.int64]
) -> list[TableState]:
    """Return the machine's state before each step."""
    states = [state_of(observation, machine)]
    for t in range(programs.shape[1] - 1):
        states.append(machine.step(states[-1], programs[:, t]))
    return states


def _of_one(
    model: Programmer,
    features: Features,
    machine: TableMachine,
    states: Sequence[TableState],
    programs: NDArray[np.int64],
) -> list[dict[str, Tensor]]:
    seen, steps, every = model.encode(features), [], torch.arange(len(programs))
    h, rows = model.initial_history(seen), Rows(every, len(programs))
    for state, action in zip(states, torch.as_tensor(programs).unbind(dim=1), strict=True):
        operation, column, _ = action.unbind(dim=1)
        sizes, cells = torch.from_numpy(size_of(state)), torch.from_numpy(cells_of(machine, state))
        context = model.context(seen, rows, h, sizes)
        columns = model.columns(seen, rows, model.column(context), operation, cells)
        goes, reads, compares = _masks(model.shape.operations, operation)
        steps.append(
            {
                "operation": model.operations(seen, rows, context).exp() * goes,
                "column": columns.exp() * goes * reads,
                "numbers": model.pivots(seen, rows, operation).exp() * goes * compares,
                "words": model.attention(seen, rows, h) * goes,
            }
        )
        h = torch.where(goes > 0, model.next_history(h, operation, seen.P[every, column]), h)
    return steps


def _masks(names: Sequence[str], operation: Tensor) -> list[Tensor]:
    """Return where an operation is no padding, reads a column, reads a number, (B, 1) each."""
    facts = [(name != "reset", OPERATIONS[name].column, OPERATIONS[name].pivot) for name in names]
    return list(torch.tensor(facts).float()[operation][:, :, None].unbind(dim=1))
