"""The NPI as an agent: its config, its restart, and its policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from neuralprog_agents.npi.config import Config
from neuralprog_envs.core.instances import check_lengths
from neuralprog_envs.registry import find

if TYPE_CHECKING:
    from neuralprog_agents.npi.policy import NPIPolicy
    from neuralprog_agents.registry import Outcome, Report, Stop

__all__ = ["SUPERVISION", "Config", "check", "check_certificate", "load", "restart"]

SUPERVISION = "execution traces"


def check(config: Config) -> None:
    """Raise ValueError if a config's environment can't be had or learned."""
    from neuralprog_agents.npi.data import task_of
    from neuralprog_agents.npi.verify import check_provable

    if find(config.env).family != "program":
        raise ValueError(f"npi learns program tasks, and {config.env} is none")
    task = task_of(config, config.length[1])
    check_lengths(task, config.length, "train")
    if task.machine.world.picture is not None:
        raise ValueError(f"npi has no encoder for pictures, which {config.env} shows")
    if config.prove:
        check_provable(task)


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.registry.AgentModule.restart``."""
    from neuralprog_agents.npi import train

    return train.restart(config, index, folder, report, stop)


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> NPIPolicy:
    """Return the policy of trained weights.

    Args:
        weights: The network's parameters, by name.
        card: "env", "settings" and "sizes", as ``restart`` gives them.

    Raises:
        ValueError: The weights do not fit the sizes.
    """
    from neuralprog_agents.npi import policy

    return policy.load(weights, card)


def check_certificate(
    weights: dict[str, NDArray[Any]], card: dict[str, Any], record: dict[str, Any]
) -> None:
    """Check a certificate anew; see ``neuralprog_agents.npi.checker``."""
    from neuralprog_agents.npi import checker

    checker.check_certificate(weights, card, record)
