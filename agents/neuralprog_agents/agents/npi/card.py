"""The schema of the card of an NPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuralprog_agents.npi_network.sizes import Sizes


@dataclass(frozen=True)
class LearnedTask:
    """A task that a network was trained on, and its environment's settings, without the length.

    Frames of its verification set may have been training data. ``proof`` is what training ended
    with, where it went on until the verification set was right.
    """

    env: str
    settings: dict[str, Any]
    verification_set_used_for_training: bool = False
    proof: dict[str, Any] | None = None


@dataclass(frozen=True)
class Card:
    """The task that it acts in, the sizes of the network, and all tasks if there are several.

    ``base`` names the agent that it was built on, with the hash of its weights.
    """

    env: str
    settings: dict[str, Any]
    sizes: Sizes
    verification_set_used_for_training: bool = False
    proof: dict[str, Any] | None = None
    tasks: tuple[LearnedTask, ...] = ()
    base: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if len(self.learned) != len(self.sizes.domains) or self.env not in self.envs:
            raise ValueError(f"the tasks do not fit the sizes, or {self.env} is not one of them")

    @property
    def learned(self) -> tuple[LearnedTask, ...]:
        """Every task; task i has domain i of the network."""
        own = LearnedTask(self.env, self.settings, self.verification_set_used_for_training)
        return self.tasks or (own,)

    @property
    def envs(self) -> list[str]:
        """The id of each task's environment."""
        return [task.env for task in self.learned]
