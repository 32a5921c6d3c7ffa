"""The policy gradient over programs as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.agents.policy_gradient.config import Config
from neuralprog_agents.agents.policy_gradient.train import PolicyGradientLearner
from neuralprog_agents.circuits.card import Card, load
from neuralprog_agents.circuits.search import check, with_modules

__all__ = ["COMPILED", "SUPERVISION", "Card", "Config", "check", "learner", "load", "supervision"]

SUPERVISION = "rewards of programs"
COMPILED = True
_REWARDS = {"sparse": "success alone", "progress": "partial credit"}


def supervision(config: Config) -> str:
    """Return what is learned from: the reward of a program is its mean over input/output pairs."""
    rewards = f"rewards on input/output pairs: {_REWARDS[config.reward]}"
    if config.reward == "progress" and (config.hint or config.contrast):
        rewards += ", also for having read the answer"
    rewards += ", cell by cell" if config.unveil else ""
    return with_modules(rewards, config.modules)


def learner(config: Config, index: int) -> PolicyGradientLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return PolicyGradientLearner(config, index)
