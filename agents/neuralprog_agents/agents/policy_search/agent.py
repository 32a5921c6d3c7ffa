"""Policy search as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.agent import Learner, Policy, Tensors
from neuralprog_agents.agents.policy_search.card import Card
from neuralprog_agents.agents.policy_search.config import Config
from neuralprog_agents.agents.policy_search.table import task_of
from neuralprog_agents.training import rewards
from neuralprog_agents.training.rewards import SUPERVISION
from neuralprog_envs.core.instances import check_lengths

__all__ = ["SUPERVISION", "Card", "Config", "check", "learner", "load", "supervision"]


def supervision(config: Config) -> str:
    """Return what is learned from; see ``neuralprog_agents.training.rewards``."""
    return rewards.supervision(config.reward)


def check(config: Config) -> None:
    """Raise ValueError if a table cannot act in the environment; see ``table.task_of``."""
    check_lengths(task_of(config.env, config.settings, config.length), config.length, "train")


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.policy_search.train import PolicySearchLearner

    return PolicySearchLearner(config, index)


def load(weights: Tensors, card: Card) -> Policy:
    """Return the policy of a table: "situations" and "actions"; see ``AgentModule.load``."""
    from neuralprog_agents.agents.policy_search.policy import TablePolicy

    return TablePolicy(card, weights)
