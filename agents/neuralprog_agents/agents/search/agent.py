"""Program search as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.circuits.card import Card, load
from neuralprog_agents.circuits.search import SearchLearner, check, with_modules
from neuralprog_agents.circuits.search_config import SearchConfig as Config

__all__ = ["COMPILED", "SUPERVISION", "Card", "Config", "check", "learner", "load", "supervision"]

SUPERVISION = "input/output pairs"
COMPILED = True


def supervision(config: Config) -> str:
    """Return what is learned from: with modules also what other agents learned."""
    return with_modules(SUPERVISION, config.modules)


def learner(config: Config, index: int) -> SearchLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return SearchLearner(config, index)
