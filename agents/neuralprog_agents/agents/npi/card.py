"""What the card of an NPI must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuralprog_agents.npi_network.sizes import Sizes


@dataclass(frozen=True)
class LearnedTask:
    """A task that a network has learned.

    Attributes:
        env: Its environment.
        settings: The environment's settings, besides the length.
        verification_set_used_for_training: Whether frames of it were learned from.
    """

    env: str
    settings: dict[str, Any]
    verification_set_used_for_training: bool = False


@dataclass(frozen=True)
class Card:
    """The task where it acts, the network's sizes, and all tasks where it learned several."""

    env: str
    settings: dict[str, Any]
    sizes: Sizes
    verification_set_used_for_training: bool = False
    tasks: tuple[LearnedTask, ...] = ()

    def __post_init__(self) -> None:
        if len(self.learned) != len(self.sizes.domains) or self.env not in self.envs:
            raise ValueError(f"{self.env} and tasks are not those that the sizes are for")

    @property
    def learned(self) -> tuple[LearnedTask, ...]:
        """Every task; task i has domain i of the network."""
        own = LearnedTask(self.env, self.settings, self.verification_set_used_for_training)
        return self.tasks or (own,)

    @property
    def envs(self) -> list[str]:
        """The environment of each task."""
        return [task.env for task in self.learned]
