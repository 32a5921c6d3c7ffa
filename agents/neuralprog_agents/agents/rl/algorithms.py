"""The algorithms of Stable-Baselines3: their classes, and our default arguments."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Union, get_args

from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.setup import Setup
from neuralprog_agents.training.ranges import Natural, NonNegative, Positive, Share, Within
from neuralprog_agents.training.schema import Size, check_names, structured

_WINDOW = {"stats_window_size": 1000}
_ROLLOUTS = {"n_steps": 64, "ent_coef": 0.01, "learning_rate": 1e-3, **_WINDOW}
_PPO = {**_ROLLOUTS, "batch_size": 512, "n_epochs": 4}


@dataclass(frozen=True)
class Algorithm:
    """One algorithm.

    Attributes:
        module: The package of its class.
        name: Its class. ``BC`` has no class; it uses the network of PPO.
        defaults: Its arguments; ``Config.options`` overrides them.
        parent: The algorithm whose ``Config.options`` are also its own, below those of its name.
        policy: The suffix of its policies' names.
        network: Additional arguments of the network.
        masked: Whether it uses action masks.
        critic: Whether its network also has a value function.
    """

    module: str
    name: str
    defaults: Mapping[str, Any]
    parent: str = ""
    policy: str = "Policy"
    network: Mapping[str, Any] = field(default_factory=dict)
    masked: bool = False
    critic: bool = True


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "PPO": Algorithm("stable_baselines3", "PPO", _PPO),
        "A2C": Algorithm("stable_baselines3", "A2C", {**_ROLLOUTS, "n_steps": 8}),
        "DQN": Algorithm(
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
                **_WINDOW,
            },
            critic=False,
        ),
        "MaskablePPO": Algorithm("sb3_contrib", "MaskablePPO", _PPO, parent="PPO", masked=True),
        "RecurrentPPO": Algorithm(
            "sb3_contrib",
            "RecurrentPPO",
            _PPO,
            parent="PPO",
            policy="LstmPolicy",
            network={"lstm_hidden_size": 64},
        ),
        "BC": Algorithm(
            "stable_baselines3",
            "PPO",
            {"learning_rate": 1e-3, "batch_size": 512, "demonstrations": 5_000},
        ),
    }
)
"""All algorithms, by name."""


def check_installed() -> None:
    """Raise ModuleNotFoundError if the libraries are missing."""
    for name in ("stable_baselines3", "sb3_contrib"):
        importlib.import_module(name)


def class_of(kind: Algorithm) -> Any:
    """Return the algorithm's class."""
    return getattr(importlib.import_module(kind.module), kind.name)


def options_of(config: Config) -> dict[str, Any]:
    """Return the arguments of a config's algorithm: the defaults, overridden by the config's.

    Raises:
        ValueError: An algorithm or an argument is unknown, or an argument has the wrong type.
    """
    for name in config.options:
        if name not in ALGORITHMS:
            raise ValueError(f"options: unknown algorithm {name!r}: {', '.join(ALGORITHMS)}")
    kind = ALGORITHMS[config.algorithm]
    own = config.options.get(kind.parent, {}) | config.options.get(config.algorithm, {})
    known = {name: type(value) for name, value in kind.defaults.items()}
    if config.algorithm != "BC":
        parameters = inspect.signature(class_of(kind)).parameters
        known |= {name: each.annotation for name, each in parameters.items() if name not in _OURS}
        known |= {f"{name}{END}": float for name in DECAYING if name in known}
    try:
        check_names(list(own), list(known))
        for name, value in own.items():
            kind_of = _RANGES.get(name) or _of_yaml(known[name])
            structured(dict[str, kind_of], {name: value})  # type: ignore[valid-type]
    except ValueError as error:
        raise ValueError(f"options.{config.algorithm}: {error}") from None
    options = {**kind.defaults, **own}
    for name in DECAYING:
        if f"{name}{END}" in options and not options[name] > 0:
            raise ValueError(f"options.{config.algorithm}: {name} must be above 0 to fall")
    return options


def _of_yaml(annotation: Any) -> Any:
    """Return the part of a parameter's type that a YAML file can give; Any where there is none."""
    kinds = get_args(annotation) or (annotation,)
    plain = tuple(kind for kind in kinds if kind in (bool, int, float, str, type(None)))
    return Union[plain] if plain else Any  # noqa: UP007


DECAYING, END = ("ent_coef", "learning_rate"), "_end"
"""What may fall, and the ending of the name of what it falls to."""

_RANGES: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys((f"{name}{END}" for name in DECAYING), Positive),
        **dict.fromkeys(("n_steps", "n_epochs", "train_freq", "stats_window_size"), Size),
        **dict.fromkeys(("target_update_interval", "demonstrations"), Size),
        **dict.fromkeys(("gae_lambda", "tau", "exploration_fraction"), Share),
        **dict.fromkeys(("exploration_initial_eps", "exploration_final_eps"), Share),
        **dict.fromkeys(("learning_rate", "clip_range", "max_grad_norm"), Positive),
        **dict.fromkeys(("ent_coef", "vf_coef"), NonNegative),
        "batch_size": Annotated[int, Within(2, 2**20)],
        "buffer_size": Annotated[int, Within(2, 10**7)],
        "gradient_steps": Annotated[int, Within(-1, 2**20)],
        "learning_starts": Natural,
    }
)
"""What Stable-Baselines3 takes, and mostly checks too late, or not at all."""

_OURS = {"policy", "env", "policy_kwargs", "seed", "gamma", "device", "_init_setup_model"}
"""Arguments that follow from other settings."""


def policy_name(kind: Algorithm, dictionary: bool) -> str:
    """Return the name of the policy class for observations that are arrays or dictionaries."""
    return f"{'MultiInput' if dictionary else 'Mlp'}{kind.policy}"


def policy_arguments(setup: Setup) -> dict[str, Any]:
    """Return the ``policy_kwargs`` of a setup's network."""
    from neuralprog_agents.agents.rl.network import OneHotExtractor

    kind = ALGORITHMS[setup.algorithm]
    layers = list(setup.layers)
    return {
        "features_extractor_class": OneHotExtractor,
        "features_extractor_kwargs": {"width": setup.width},
        "net_arch": {"pi": layers, "vf": layers} if kind.critic else layers,
        **kind.network,
    }
