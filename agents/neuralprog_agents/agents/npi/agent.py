"""The NPI as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from typing import Any

from neuralprog_agents.agent import Learner, Policy, Tensors
from neuralprog_agents.agents.npi.card import Card
from neuralprog_agents.agents.npi.config import Config, TaskConfig
from neuralprog_envs.core.instances import check_lengths
from neuralprog_envs.registry import find

__all__ = ["SUPERVISION", "Card", "Config", "check", "check_certificate", "learner", "load"]

SUPERVISION = "execution traces"


def check(config: Config) -> None:
    """Raise ValueError if an environment is unavailable, or if `base` is not an NPI."""
    for task in config.tasks:
        _check_task(task)
    if config.base:
        from neuralprog_agents.agents.npi.base import check as check_base

        check_base(config)


def _check_task(task: TaskConfig) -> None:
    from neuralprog_agents.agents.npi.data import task_of
    from neuralprog_agents.npi_network.verification_set import check_provable

    if find(task.env).family != "program":
        raise ValueError(
            f"npi supports program tasks only; {task.env} is a {find(task.env).family} task"
        )
    made = task_of(task, task.length[1])
    check_lengths(made, task.length, "train")
    if task.prove:
        check_provable(made)


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.npi import train

    return train.NPILearner(config, index)


def load(weights: Tensors, card: Card) -> Policy:
    """Return the policy of a network's parameters, by name; see ``AgentModule.load``."""
    from neuralprog_agents.agents.npi import policy

    return policy.load(weights, card)


def check_certificate(weights: Tensors, card: Card, record: dict[str, Any]) -> None:
    """Recheck a certificate; see ``neuralprog_agents.npi_network.recheck``."""
    from neuralprog_agents.npi_network import recheck

    recheck.check_certificate(weights, card, record)
