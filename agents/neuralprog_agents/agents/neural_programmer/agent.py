"""The Neural Programmer as an agent: its config, its learner, and how it is loaded."""

from __future__ import annotations

from neuralprog_agents.agent import Learner, Policy, Tensors
from neuralprog_agents.agents.neural_programmer.card import Card
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.training.checkpoint import check_arrays
from neuralprog_envs.registry import find

__all__ = ["SUPERVISION", "Card", "Config", "check", "learner", "load", "supervision"]

SUPERVISION = "answers"


def supervision(config: Config) -> str:
    """Return what is learned from: with "rewards" only whether an answer was right."""
    return "rewards: success alone" if config.learner == "rewards" else SUPERVISION


def check(config: Config) -> None:
    """Raise ValueError if the environment is not a synthetic table task, or does not fit.

    The search of the learner "programs" knows programs of one length alone.
    """
    if find(config.env).family != "table" or "real" in find(config.env).tags:
        raise ValueError(
            f"neural_programmer supports synthetic table tasks only; {config.env} is not one"
        )
    from neuralprog_agents.agents.neural_programmer.data import task_of

    task_of(config)
    if config.learner == "programs":
        from neuralprog_agents.agents.neural_programmer.programs import STEPS

        if config.steps != STEPS:
            raise ValueError(f"learner: programs needs steps: {STEPS}, got {config.steps}")


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.neural_programmer import train

    return train.ProgrammerLearner(config, index)


def load(weights: Tensors, card: Card) -> Policy:
    """Return the policy of "theta", shape (P,), float32; see ``AgentModule.load``."""
    from neuralprog_agents.agents.neural_programmer.policy import ProgrammerPolicy

    check_arrays(weights, {"theta": ("float32", (card.shape.size,))})
    theta = weights["theta"]
    return ProgrammerPolicy(card.env, card.shape, theta, card.columns, card.value_range)
