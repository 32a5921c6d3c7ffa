"""The 2017 system as an agent: its config, its learner, and how it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuralprog_agents.agents.neural_programmer_2017.card import PARTS, Card
from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.training.checkpoint import check_dtypes
from neuralprog_envs.registry import find
from neuralprog_envs.table.ops import SETS

if TYPE_CHECKING:
    from neuralprog_agents.agent import Tensors
    from neuralprog_agents.agents.neural_programmer_2017.policy import WikiPolicy
    from neuralprog_agents.agents.neural_programmer_2017.train import WikiLearner

__all__ = ["SUPERVISION", "Card", "Config", "check", "ensemble", "learner", "load"]

SUPERVISION = "answers"


def check(config: Config) -> None:
    """Raise ValueError if the environment, the operations or what is left out do not fit."""
    if "real" not in find(config.env).tags:
        raise ValueError(
            f"neural_programmer_2017 supports NPWikiTableQuestions only; got {config.env}"
        )
    if "like" not in SETS.get(config.operations, ()):
        raise ValueError(
            f"operations must be a set with 'like' (wiki or all), got {config.operations!r}"
        )
    known = sorted({*SETS[config.operations], *PARTS} - {"print", "reset"})
    if unknown := [name for name in config.without if name not in known]:
        raise ValueError(f"without: each one of {', '.join(known)}; got {unknown[0]!r}")


def learner(config: Config, index: int) -> WikiLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.neural_programmer_2017 import train

    return train.WikiLearner(config, index)


def load(weights: Tensors, card: Card) -> WikiPolicy:
    """Return the policy of trained weights; see ``AgentModule.load``.

    The weights are the networks' parameters, float16 or float32, by "number.name".
    """
    from neuralprog_agents.agents.neural_programmer_2017.model import Programmer
    from neuralprog_agents.agents.neural_programmer_2017.policy import WikiPolicy
    from neuralprog_agents.training.network import restored

    check_dtypes(weights, ("float16", "float32"))
    own: list[Tensors] = [
        {
            name.removeprefix(f"{number}."): array.astype(np.float32)
            for name, array in weights.items()
            if name.startswith(f"{number}.")
        }
        for number in range(card.networks)
    ]
    if sum(map(len, own)) != len(weights):
        raise ValueError(f"there are weights of other networks than {card.networks}")
    models = [restored(lambda: Programmer(card.shape), each) for each in own]
    return WikiPolicy(card.env, card.settings, models, card.beam)


def ensemble(policies: list[WikiPolicy]) -> WikiPolicy:
    """Return an ensemble of policies: it averages their networks' log probabilities.

    Raises:
        ValueError: The policies were trained for different words or operations.
    """
    first, *others = policies
    if not all(first.alike(other) for other in others):
        raise ValueError("the networks of an ensemble must have the same words and operations")
    return first.joined(others)
