"""Synthesis as an agent: its config, its restart, and its policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from neuralprog_agents.specifications.known import specifications
from neuralprog_agents.synthesis.config import Config
from neuralprog_envs.registry import find

if TYPE_CHECKING:
    from neuralprog_agents.registry import Outcome, Report, Stop
    from neuralprog_agents.synthesis.policy import BodiesPolicy

__all__ = ["SUPERVISION", "Config", "check", "check_certificate", "load", "restart"]

SUPERVISION = "a specification of every program"


def check(config: Config) -> None:
    """Raise ValueError if a config's environment has no specifications."""
    specifications(find(config.env).id, True)


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.registry.AgentModule.restart``."""
    from neuralprog_agents.synthesis import train

    return train.restart(config, index, folder, report, stop)


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> BodiesPolicy:
    """Return the policy of found bodies.

    Args:
        weights: "nodes" and "roots"; see ``bodies.tabulate``.
        card: "env", "settings" and "beyond", as ``restart`` gives them.

    Raises:
        ValueError: They are no bodies of the environment's programs.
    """
    from neuralprog_agents.synthesis.policy import BodiesPolicy

    return BodiesPolicy(card, weights)


def check_certificate(
    weights: dict[str, NDArray[Any]], card: dict[str, Any], record: dict[str, Any]
) -> None:
    """Check a certificate anew; see ``neuralprog_agents.synthesis.checker``."""
    from neuralprog_agents.synthesis import checker

    checker.check_certificate(load(weights, card), record)
