"""A trained network as a greedy policy of the environment."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.utils import ConstantSchedule

from neuralprog_agents.agent import Actions, Masks, Tensors
from neuralprog_agents.agents.rl.actions import legal_actions
from neuralprog_agents.agents.rl.algorithms import (
    ALGORITHMS,
    class_of,
    policy_arguments,
    policy_name,
)
from neuralprog_agents.agents.rl.observations import chosen, packed
from neuralprog_agents.agents.rl.setup import Setup, packed_fields, seen_space, shown, table_of
from neuralprog_agents.agents.rl.vec_env import action_space
from neuralprog_agents.training.checkpoint import check_dtypes

_TARGET = "q_net_target."
"""The prefix of DQN's target network, which only training needs."""


class LearnedPolicy:
    """Chooses a network's most likely action, or the action of the highest value.

    Args:
        setup: The environment and the shape of the network.
        network: A policy of Stable-Baselines3.
    """

    def __init__(self, setup: Setup, network: Any) -> None:
        self.setup, self.env_id = setup, setup.env
        self.network = network
        self._kind = ALGORITHMS[setup.algorithm]
        self._machine, self._table = setup.task().machine, table_of(setup)
        self._packed = packed_fields(setup)
        self._memory: Any = None
        self._begins: NDArray[np.bool_] = np.ones(0, dtype=bool)
        self._seen: tuple[Any, Masks | None] | None = None

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings.

        Raises:
            ValueError: Observations at this length do not fit the network.
        """
        try:
            task = self.setup.task(length)
        except ValueError as error:
            raise ValueError(f"this network fits one machine only: {error}") from None
        ours, theirs = (shown(t, self.setup.fields) for t in (self.setup.task(), task))
        for name in ours:
            if ours[name] != theirs[name]:
                raise ValueError(
                    f"at length {length} the observation {name} of {self.env_id} has shape "
                    f"{theirs[name].shape} and values up to {theirs[name].high:g}; the network "
                    f"was made for shape {ours[name].shape} and values up to {ours[name].high:g}"
                )
        return dict(self.setup.settings)

    def start(self, n: int) -> None:
        """Start n episodes."""
        self._memory = None
        self._begins = np.ones(n, dtype=bool)

    def act(self, observation: Any, action_mask: Masks) -> Actions:
        """Return the action of each environment, shape (n, K)."""
        inputs = chosen(observation, self.setup.fields) if self._chooses else observation
        if self._packed:
            inputs = packed(inputs, self._packed)
        masks = self._legal(action_mask) if self._kind.masked else None
        extra = {} if masks is None else {"action_masks": masks}
        action, self._memory = self.network.predict(
            inputs, self._memory, self._begins, deterministic=True, **extra
        )
        self._begins[:] = False
        self._seen = inputs, masks
        return action if self._table is None else self._table[action]

    def _legal(self, masks: Masks) -> Masks:
        """Return the masks of the network's choices."""
        usable = _usable(masks, self._machine.actions)
        if self._table is None:
            return usable
        return legal_actions(usable, self._table, self._machine.actions)

    @property
    def _chooses(self) -> bool:
        """Whether observations are dictionaries, from which arrays are selected."""
        return len(self._machine.observation) > 1

    def action_probabilities(self) -> dict[str, NDArray[Any]]:
        """Return the probabilities behind the last actions; see ``agent.Policy``.

        Networks that choose whole actions and those with a memory tell none.
        """
        if self._seen is None:
            raise ValueError("there are no action probabilities before the first action")
        if self._table is not None or self._memory is not None:
            return {}
        inputs, masks = self._seen
        extra = {} if masks is None else {"action_masks": masks}
        with torch.no_grad():
            tensors, _ = self.network.obs_to_tensor(inputs)
            found = self.network.get_distribution(tensors, **extra)
        parts = getattr(found, "distributions", None) or found.distribution
        named = zip(self._machine.action_names, parts, strict=True)
        return {name: part.probs.numpy() for name, part in named}


def _usable(masks: Masks, choices: tuple[int, ...]) -> Masks:
    """Return masks in which each integer of an action has a legal choice, as networks need.

    Episodes that have ended may have no legal choice; then all choices are allowed.
    """
    parts = np.split(masks, np.cumsum(choices)[:-1], axis=1)
    return np.concatenate([part | ~part.any(axis=1, keepdims=True) for part in parts], axis=1)


def new_network(setup: Setup) -> Any:
    """Return a new policy of Stable-Baselines3; torch's global generator draws its weights."""
    kind, task = ALGORITHMS[setup.algorithm], setup.task()
    space = seen_space(setup)
    kind_of_policy = class_of(kind).policy_aliases[policy_name(kind, hasattr(space, "spaces"))]
    actions = action_space(task.machine.actions, table_of(setup))
    return kind_of_policy(space, actions, ConstantSchedule(0.0), **policy_arguments(setup))


def weights_of(network: Any) -> Tensors:
    """Return a copy of a network's weights, by name."""
    return {
        name: parameter.detach().numpy().copy()
        for name, parameter in network.named_parameters()
        if not name.startswith(_TARGET)
    }


def load(weights: Tensors, setup: Setup) -> LearnedPolicy:
    """Return the policy of ``weights_of`` and a setup.

    Raises:
        ValueError: They do not fit each other.
    """
    with torch.random.fork_rng(devices=[]):
        network = new_network(setup)
    ours = {
        name: parameter
        for name, parameter in network.named_parameters()
        if not name.startswith(_TARGET)
    }
    shapes = {name: tuple(parameter.shape) for name, parameter in ours.items()}
    if shapes != {name: array.shape for name, array in weights.items()}:
        raise ValueError(f"these are not the weights of a {setup.algorithm} network of this size")
    check_dtypes(weights, ("float32",))
    with torch.no_grad():
        for name, parameter in ours.items():
            parameter.copy_(torch.from_numpy(weights[name]))
    network.set_training_mode(False)
    return LearnedPolicy(setup, network)
