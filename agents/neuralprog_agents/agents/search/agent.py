"""Program search as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from neuralprog_agents.agents.search import data
from neuralprog_agents.agents.search.config import Config, check_memory
from neuralprog_agents.agents.search.search import SearchLearner
from neuralprog_agents.circuits.policy import TablePolicy

__all__ = ["SUPERVISION", "Config", "check", "learner", "load"]

SUPERVISION = "input/output pairs"


def check(config: Config) -> None:
    """Raise ValueError where tapes are too long for the compiled interpreter, or pairs too few."""
    check_memory(data.task_of(config, config.length[1], config.spare).machine.memory_size)
    data.first_rows(config)


def learner(config: Config, index: int) -> SearchLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    return SearchLearner(config, index)


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> TablePolicy:
    """Return the policy of a table.

    Args:
        weights: "table", shape (2^R, K), int64.
        card: "env", "time_limit" and "trained_lengths", as the learner gives them.

    Raises:
        ValueError: The table does not fit the machine.
    """
    if set(weights) != {"table"}:
        raise ValueError(f"a program has one array, table, not {sorted(weights)}")
    low, high = card["trained_lengths"]
    return TablePolicy(card["env"], weights["table"], card["time_limit"], (int(low), int(high)))
