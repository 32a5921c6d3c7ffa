"""A compiled start: whose circuits a controller holds before training."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import limits, pairs, task_of
from neuralprog_agents.circuits.expert import expert_table
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.circuits.search import named_modules
from neuralprog_agents.evaluation.agents import open_agent
from neuralprog_envs.tape.circuit import occurring


class Start(NamedTuple):
    """A table of circuits, shape (2^R, K), and the patterns that occur."""

    table: NDArray[np.int64]
    patterns: tuple[int, ...]


def start_of(config: Config) -> Start:
    """Return the circuits that ``config.start`` names: an agent's or the expert's.

    Raises:
        ValueError: There is no such agent, its program has another form, or the circuits do not
            fit the config's controller.
    """
    task = task_of(config, config.length[1])
    expert = config.start == "expert"
    table = expert_table(task.algorithm) if expert else _table_of(config)
    found = len(table).bit_length() - 1
    if found != config.registers:
        raise ValueError(
            f"start: the circuits of {config.start} have {found} registers, not {config.registers}"
        )
    if table.shape[1] != len(task.machine.actions):
        raise ValueError(f"start: the circuits of {config.start} have another list of modules")
    instances = pairs(config)
    patterns = occurring(
        task.machine, table, instances, int(limits(config, instances.length).max())
    )
    if len(patterns) > config.hidden:
        raise ValueError(
            f"start: {config.start} needs {len(patterns)} hidden units, one for each pattern of "
            f"flags that occurs, not {config.hidden}"
        )
    return Start(table, patterns)


def _table_of(config: Config) -> NDArray[np.int64]:
    policy = open_agent(config.start).policy
    if not isinstance(policy, TablePolicy):
        raise ValueError(f"start: {config.start} has no table of circuits; search-sort has one")
    if policy.learned != named_modules(config.modules):
        raise ValueError(f"start: the circuits of {config.start} have other learned modules")
    return policy.table
