"""AlphaNPI as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.agent import Learner, Policy, Tensors
from neuralprog_agents.agents.alphanpi.card import Card
from neuralprog_agents.agents.alphanpi.config import Config
from neuralprog_agents.specifications.registry import specifications
from neuralprog_envs.registry import find

__all__ = ["SUPERVISION", "Card", "Config", "check", "learner", "load"]

SUPERVISION = "a specification of every program"


def check(config: Config) -> None:
    """Raise ValueError if the environment has no specifications."""
    specifications(find(config.env).id, config.recursive)


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.alphanpi import train

    return train.AlphaNPILearner(config, index)


def load(weights: Tensors, card: Card) -> Policy:
    """Return the policy of a network's parameters, by name; see ``AgentModule.load``."""
    from neuralprog_agents.agents.alphanpi.model import Network
    from neuralprog_agents.agents.alphanpi.policy import AlphaNPIPolicy
    from neuralprog_agents.training.network import restored

    model = restored(lambda: Network(card.sizes), weights)
    return AlphaNPIPolicy(card.env, card.settings, model)
