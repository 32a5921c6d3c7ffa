"""Library learning as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.agents.library_learning.card import Card, load
from neuralprog_agents.agents.library_learning.config import Config, check
from neuralprog_agents.agents.library_learning.train import LibraryLearner

__all__ = ["COMPILED", "SUPERVISION", "Card", "Config", "check", "learner", "load"]

SUPERVISION = "input/output pairs, and a check of functions on all numbers"
COMPILED = True


def learner(config: Config, index: int) -> LibraryLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return LibraryLearner(config, index)
