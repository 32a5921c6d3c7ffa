"""AlphaNPI as an agent: its config, its restart, and its policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neuralprog_agents.agents.alphanpi.card import Card
from neuralprog_agents.agents.alphanpi.config import Config
from neuralprog_agents.specifications.known import specifications
from neuralprog_envs.registry import find

if TYPE_CHECKING:
    from neuralprog_agents.agent import Outcome, Report, Stop, Tensors
    from neuralprog_agents.agents.alphanpi.policy import AlphaNPIPolicy

__all__ = ["SUPERVISION", "Card", "Config", "check", "load", "restart"]

SUPERVISION = "a specification of every program"


def check(config: Config) -> None:
    """Raise ValueError if the environment has no specifications."""
    specifications(find(config.env).id, config.recursive)


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    from neuralprog_agents.agents.alphanpi import train

    return train.restart(config, index, folder, report, stop)


def load(weights: Tensors, card: Card) -> AlphaNPIPolicy:
    """Return the policy of trained weights.

    Args:
        weights: The network's parameters, by name.
        card: As ``restart`` gives it.

    Raises:
        ValueError: The card and the weights do not fit each other.
    """
    from neuralprog_agents.agents.alphanpi import policy

    return policy.load(weights, card)
