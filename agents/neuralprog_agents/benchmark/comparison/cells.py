"""Cells of the comparison: one entrant on one task with one seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.benchmark.comparison import tasks
from neuralprog_agents.benchmark.comparison.entrants import Entrant, NotApplicableError, entrant
from neuralprog_agents.evaluation.policy_file import is_policy_file, policy_file
from neuralprog_agents.training import config as settings

UNTRAINED = "nothing"
"""The supervision of what learns from nothing."""


@dataclass(frozen=True)
class Cell:
    """What is measured at once.

    Attributes:
        entrant: See ``entrants.entrant``.
        env: The task.
        seed: The agent's.
        length: The trained lengths, where they are not the entrant's own: for the question
            whether memory can grow.
    """

    entrant: str
    env: str
    seed: int
    length: tuple[int, int] | None = None

    @property
    def who(self) -> Entrant:
        """The entrant."""
        return entrant(self.entrant)

    @property
    def longest(self) -> int:
        """The length that it is judged at."""
        return self.length[1] if self.length else tasks.longest(self.env)


@dataclass(frozen=True)
class ConfiguredCell:
    """A cell with what it needs of this machine's files, so that any machine can measure it.

    Attributes:
        cell: The cell.
        seconds: The budget of CPU time for training.
        config: The settings of its agent; of a policy's file the SHA-256; None for a reference.
        refused: Why its entrant cannot face the task; empty if it can.
    """

    cell: Cell
    seconds: float
    config: Any = None
    refused: str = ""

    @property
    def key(self) -> str:
        """A name of the cell with its settings, whatever the budget: its curve may go on.

        Settings at their defaults are left out, so that a new one leaves the record valid. Who
        changes a default, or what an agent does, removes the records that this concerns.
        """
        text = json.dumps(
            [asdict(self.cell), settings.changed_settings(self.config)], sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def trained(self) -> bool:
        """Whether an agent is trained in it; references and what is refused need no training."""
        return bool(self.cell.who.agent) and not self.refused

    @property
    def supervision(self) -> str:
        """What its agent learns from."""
        agent = self.cell.who.agent
        return registry.supervision(agent, self.config) if agent and self.config else UNTRAINED


def configure(cell: Cell, seconds: float) -> ConfiguredCell:
    """Look up a cell's settings."""
    config, refused = _config(cell.entrant, cell.env, cell.length)
    if config is not None and cell.who.agent:
        config = replace(config, seed=cell.seed)
    return ConfiguredCell(cell, seconds, config, refused)


@cache
def _config(name: str, env: str, length: tuple[int, int] | None) -> tuple[Any, str]:
    """Return an entrant's settings for a task, or None and why it has none."""
    who, own = entrant(name), {} if length is None else {"length": list(length)}
    try:
        if who.agent:
            return who.config(env, **own), ""
        return _source(name, env) if is_policy_file(name) else None, ""
    except NotApplicableError as error:
        return None, str(error)


def _source(name: str, env: str) -> str:
    """Return the SHA-256 of a policy's file."""
    if (home := policy_file(name).env_id) != env:
        raise NotApplicableError(f"it acts in {home} only")
    return hashlib.sha256(Path(name).read_bytes()).hexdigest()
