"""The algorithms: where their class is, what it needs, and our defaults for it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Union, get_args

from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.setup import Setup
from neuralprog_agents.training.schema import check_names, structured

_ROLLOUTS = {"n_steps": 64, "ent_coef": 0.01, "learning_rate": 1e-3}
_PPO = {**_ROLLOUTS, "batch_size": 512, "n_epochs": 4}


@dataclass(frozen=True)
class Kind:
    """One algorithm.

    Attributes:
        module: The package of its class.
        name: Its class; ``BC`` has none and takes PPO's network.
        defaults: Arguments, those of ``Config.options`` go over them.
        policy: The last part of its policies' names.
        network: More arguments of the network.
        masked: Whether it is told which choices are legal.
        critic: Whether its network has a value besides the policy.
    """

    module: str
    name: str
    defaults: Mapping[str, Any]
    policy: str = "Policy"
    network: Mapping[str, Any] = field(default_factory=dict)
    masked: bool = False
    critic: bool = True


ALGORITHMS: Mapping[str, Kind] = MappingProxyType(
    {
        "PPO": Kind("stable_baselines3", "PPO", _PPO),
        "A2C": Kind("stable_baselines3", "A2C", {**_ROLLOUTS, "n_steps": 8}),
        "DQN": Kind(
            "stable_baselines3",
            "DQN",
            {
                "learning_rate": 5e-4,
                "buffer_size": 50_000,
                "learning_starts": 5_000,
                "batch_size": 256,
                "train_freq": 1,
                "gradient_steps": 2,
                "target_update_interval": 2_000,
                "exploration_fraction": 0.2,
                "exploration_final_eps": 0.02,
            },
            critic=False,
        ),
        "MaskablePPO": Kind("sb3_contrib", "MaskablePPO", _PPO, masked=True),
        "RecurrentPPO": Kind(
            "sb3_contrib",
            "RecurrentPPO",
            _PPO,
            policy="LstmPolicy",
            network={"lstm_hidden_size": 64},
        ),
        "BC": Kind(
            "stable_baselines3",
            "PPO",
            {"learning_rate": 1e-3, "batch_size": 512, "demonstrations": 5_000},
        ),
    }
)
"""Every algorithm by its name."""


def check_installed() -> None:
    """Raise ModuleNotFoundError if the libraries are missing."""
    for name in ("stable_baselines3", "sb3_contrib"):
        importlib.import_module(name)


def class_of(kind: Kind) -> Any:
    """Return the algorithm's class."""
    return getattr(importlib.import_module(kind.module), kind.name)


def options_of(config: Config) -> dict[str, Any]:
    """Return the arguments of a config's algorithm: ours, and its own over them.

    Raises:
        ValueError: It has no such argument, or one of another type; or there is no such algorithm.
    """
    for name in config.options:
        if name not in ALGORITHMS:
            raise ValueError(f"options: unknown algorithm {name!r}: {', '.join(ALGORITHMS)}")
    kind, own = ALGORITHMS[config.algorithm], config.options.get(config.algorithm, {})
    known = {name: type(value) for name, value in kind.defaults.items()}
    if config.algorithm != "BC":
        parameters = inspect.signature(class_of(kind)).parameters
        known |= {name: each.annotation for name, each in parameters.items() if name not in _OURS}
    try:
        check_names(list(own), list(known))
        for name, value in own.items():
            structured(dict[str, _of_yaml(known[name])], {name: value})  # type: ignore
    except ValueError as error:
        raise ValueError(f"options.{config.algorithm}: {error}") from None
    return {**kind.defaults, **own}


def _of_yaml(annotation: Any) -> Any:
    """Return the part of a parameter's type that a YAML file can give; Any where there is none."""
    kinds = get_args(annotation) or (annotation,)
    plain = tuple(kind for kind in kinds if kind in (bool, int, float, str, type(None)))
    return Union[plain] if plain else Any  # noqa: UP007


_OURS = {"policy", "env", "policy_kwargs", "seed", "gamma", "device", "_init_setup_model"}
"""Arguments that follow from the rest of a config."""


def policy_name(kind: Kind, dictionary: bool) -> str:
    """Return the name of the policy for arrays, or for dictionaries of arrays."""
    return f"{'MultiInput' if dictionary else 'Mlp'}{kind.policy}"


def policy_arguments(setup: Setup) -> dict[str, Any]:
    """Return the ``policy_kwargs`` of a setup's network."""
    from neuralprog_agents.agents.rl.network import Symbols

    kind = ALGORITHMS[setup.algorithm]
    layers = list(setup.layers)
    return {
        "features_extractor_class": Symbols,
        "features_extractor_kwargs": {"width": setup.width},
        "net_arch": {"pi": layers, "vf": layers} if kind.critic else layers,
        **kind.network,
    }
