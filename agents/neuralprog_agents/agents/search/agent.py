"""Program search as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.search import data
from neuralprog_agents.agents.search.card import Card
from neuralprog_agents.agents.search.config import Config
from neuralprog_agents.agents.search.search import SearchLearner
from neuralprog_agents.circuits.lanes import MOST_MEMORY
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.training.checkpoint import check_arrays

__all__ = ["COMPILED", "SUPERVISION", "Card", "Config", "check", "learner", "load"]

SUPERVISION = "input/output pairs"
COMPILED = True


def check(config: Config) -> None:
    """Raise ValueError where tapes are too long for the compiled interpreter, or pairs too few."""
    memory = data.task_of(config, config.length[1], config.spare).machine.memory_size
    if memory > MOST_MEMORY:
        raise ValueError(
            f"the longest pair needs {memory} cells, the search has at most {MOST_MEMORY}"
        )
    data.first_rows(config)


def learner(config: Config, index: int) -> SearchLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return SearchLearner(config, index)


def load(weights: Tensors, card: Card) -> TablePolicy:
    """Return the policy of "table", shape (2^R, K), int64; see ``AgentModule.load``."""
    check_arrays(weights, {"table": ("int64", (None, None))})
    return TablePolicy(card.env, weights["table"], card.time_limit, card.trained_lengths)
