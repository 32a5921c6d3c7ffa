"""Program search as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.agents.search.config import Config
from neuralprog_agents.agents.search.search import SearchLearner
from neuralprog_agents.circuits.card import Card, load
from neuralprog_agents.circuits.examples import check_memory as check

__all__ = ["COMPILED", "SUPERVISION", "Card", "Config", "check", "learner", "load"]

SUPERVISION = "input/output pairs"
COMPILED = True


def learner(config: Config, index: int) -> SearchLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return SearchLearner(config, index)
