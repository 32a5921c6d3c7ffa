"""The NRAM as an agent: its config, its learner, and its discretised policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Learner, Policy, Tensors
from neuralprog_agents.agents.nram.card import Card
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import limits, task_of
from neuralprog_agents.agents.nram.discretise import Stepper, circuit_table, probability_table
from neuralprog_agents.agents.nram.shape import Shape
from neuralprog_agents.agents.nram.start import start_of
from neuralprog_agents.agents.nram.train import NRAMLearner, population_of
from neuralprog_agents.circuits import tables
from neuralprog_agents.circuits.lanes import MOST_MEMORY, MOST_REGISTERS, MOST_STEPS
from neuralprog_agents.circuits.library import from_card
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.circuits.program import with_learned
from neuralprog_agents.circuits.search import with_modules
from neuralprog_agents.training.checkpoint import check_arrays
from neuralprog_envs.core.instances import check_lengths
from neuralprog_envs.registry import find

__all__ = [
    "COMPILED",
    "SUPERVISION",
    "Card",
    "Config",
    "RecurrentPolicy",
    "check",
    "learner",
    "load",
    "supervision",
]

SUPERVISION = "input/output pairs"
COMPILED = True


class RecurrentPolicy:
    """A discretised LSTM controller in circuit mode; it sees flags and remembers them.

    Args:
        env_id: The environment that it was trained for.
        theta: Its weights, shape (P,).
        shape: Its sizes; that of the memory is not used.
        time_limit: (c_0, c_1, ...): an instance of length n has at most Σ_k c_k · n^k steps.
    """

    def __init__(
        self, env_id: str, theta: NDArray[Any], shape: Shape, time_limit: Sequence[int]
    ) -> None:
        self.env_id, self.shape, self.time_limit = env_id, shape, tuple(time_limit)
        self._stepper = Stepper(theta, shape)

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's arguments: circuit mode, flags, and the time limit T."""
        limit, shape = int(tables.limits(self.time_limit, length)), self.shape
        modules = with_learned(shape.learned)
        return tables.settings(shape.registers, shape.repetitions, limit, modules)

    def start(self, n: int) -> None:
        """Begin n episodes."""
        self._stepper.reset()

    def act(self, observation: Any, action_mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return each slot's circuit, shape (n, K)."""
        return self._stepper(observation)


def supervision(config: Config) -> str:
    """Return what a run learns from; one that begins with given circuits does not learn them."""
    given = f"a compiled start ({config.start})" if config.start else SUPERVISION
    return with_modules(given, config.modules)


def check(config: Config) -> None:
    """Raise ValueError if a config's environment or circuits are not available."""
    family = find(config.env).family
    if family != "tape":
        raise ValueError(f"nram supports tape tasks only; {config.env} is a {family} task")
    low, high = config.length
    check_lengths(task_of(config, high), (low, high), "train")
    if config.start:
        start_of(config)
    if config.repair:
        _check_repair(config)


def _check_repair(config: Config) -> None:
    memory = task_of(config, config.length[1]).machine.memory_size
    steps = int(limits(config, np.array(config.length)).max())
    for name, size, most in (
        ("registers", config.registers, MOST_REGISTERS),
        ("cells of the longest pair", memory, MOST_MEMORY),
        ("steps", steps, MOST_STEPS),
    ):
        if size > most:
            raise ValueError(f"repair has at most {most} {name}, not {size}")


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return population_of(config, index) if config.population > 1 else NRAMLearner(config, index)


def load(weights: Tensors, card: Card) -> Policy:
    """Return the policy of "theta", shape (P,), float32; see ``AgentModule.load``.

    The weights also have the circuits of the learned modules, see ``circuits/library.py``.
    """
    shape = Shape(**vars(card.shape), learned=from_card(card.modules, card.calls, weights))
    circuits = {f"module.{each.name}": ("int64", (None, None)) for each in card.modules}
    check_arrays(weights, {"theta": ("float32", (shape.size,)), **circuits})
    theta = weights["theta"]
    if shape.controller == "lstm":
        return RecurrentPolicy(card.env, theta, shape, card.time_limit)
    return TablePolicy(
        card.env,
        circuit_table(theta, shape),
        card.time_limit,
        card.trained_lengths,
        shape.repetitions,
        probability_table(theta, shape),
        shape.learned,
    )
