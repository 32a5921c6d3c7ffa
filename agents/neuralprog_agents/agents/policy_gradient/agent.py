"""The policy gradient over programs as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.agents.policy_gradient.config import Config
from neuralprog_agents.agents.policy_gradient.train import PolicyGradientLearner
from neuralprog_agents.circuits.card import Card, load
from neuralprog_agents.circuits.search import check, with_modules
from neuralprog_agents.training import rewards
from neuralprog_agents.training.rewards import SUPERVISION

__all__ = ["COMPILED", "SUPERVISION", "Card", "Config", "check", "learner", "load", "supervision"]

COMPILED = True


def supervision(config: Config) -> str:
    """Return what is learned from; see ``neuralprog_agents.training.rewards``."""
    words = rewards.supervision(config.reward)
    if config.reward == "progress" and (config.hint or config.contrast):
        words += ", also for having read the answer"
    words += ", cell by cell" if config.unveil else ""
    return with_modules(words, config.modules)


def learner(config: Config, index: int) -> PolicyGradientLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return PolicyGradientLearner(config, index)
