"""Synthesis as an agent: its config, its restart, and its policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuralprog_agents.agents.synthesis.card import Card
from neuralprog_agents.agents.synthesis.config import Config
from neuralprog_agents.specifications.known import specifications
from neuralprog_envs.registry import find

if TYPE_CHECKING:
    from neuralprog_agents.agent import Outcome, Report, Stop, Tensors
    from neuralprog_agents.agents.synthesis.policy import SynthesisPolicy

__all__ = ["SUPERVISION", "Card", "Config", "check", "check_certificate", "load", "restart"]

SUPERVISION = "a specification of every program"


def check(config: Config) -> None:
    """Raise ValueError if the environment has no specifications."""
    specifications(find(config.env).id, True)


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    from neuralprog_agents.agents.synthesis import train

    return train.restart(config, index, folder, report, stop)


def load(weights: Tensors, card: Card) -> SynthesisPolicy:
    """Return the policy of bodies, or of a network that was distilled from them.

    Args:
        weights: "nodes" and "roots" (see ``bodies.tabulate``), and the network's parameters.
        card: As ``restart`` returns it.

    Raises:
        ValueError: The weights do not fit the environment's library or the sizes.
    """
    from neuralprog_agents.agents.synthesis.policy import SynthesisPolicy

    return SynthesisPolicy(card, weights)


def check_certificate(weights: Tensors, card: Card, record: dict[str, Any]) -> None:
    """Recheck a certificate; see ``neuralprog_agents.agents.synthesis.recheck``."""
    from neuralprog_agents.agents.synthesis import recheck

    recheck.check_certificate(weights, card, record)
