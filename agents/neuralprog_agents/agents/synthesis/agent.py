"""Synthesis as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from typing import Any

from neuralprog_agents.agent import Learner, Policy, Tensors
from neuralprog_agents.agents.synthesis.card import Card
from neuralprog_agents.agents.synthesis.config import Config
from neuralprog_agents.specifications.registry import specifications
from neuralprog_envs.registry import find

__all__ = ["SUPERVISION", "Card", "Config", "check", "check_certificate", "learner", "load"]

SUPERVISION = "a specification of every program"


def check(config: Config) -> None:
    """Raise ValueError if the environment has no specifications."""
    specifications(find(config.env).id, True)


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.synthesis import train

    return train.SynthesisLearner(config, index)


def load(weights: Tensors, card: Card) -> Policy:
    """Return the policy of bodies, or of their network; see ``AgentModule.load``.

    The weights are "nodes" and "roots" (see ``bodies.tabulate``), and the network's parameters.
    """
    from neuralprog_agents.agents.synthesis.policy import SynthesisPolicy

    return SynthesisPolicy(card, weights)


def check_certificate(weights: Tensors, card: Card, record: dict[str, Any]) -> None:
    """Recheck a certificate; see ``neuralprog_agents.agents.synthesis.recheck``."""
    from neuralprog_agents.agents.synthesis import recheck

    recheck.check_certificate(weights, card, record)
