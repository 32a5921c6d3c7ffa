"""Program search as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.circuits import examples
from neuralprog_agents.circuits.card import Card, load
from neuralprog_agents.circuits.search import SearchLearner, named_modules
from neuralprog_agents.circuits.search_config import SearchConfig as Config

__all__ = ["COMPILED", "SUPERVISION", "Card", "Config", "check", "learner", "load"]

SUPERVISION = "input/output pairs"
COMPILED = True


def check(config: Config) -> None:
    """Raise ValueError where tapes are too long, pairs too few, or a module cannot be had."""
    examples.check_memory(config)
    named_modules(config.modules)


def learner(config: Config, index: int) -> SearchLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return SearchLearner(config, index)
