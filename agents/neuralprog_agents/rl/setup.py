"""What a network is made for: an environment at some lengths, and what of it the network sees."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neuralprog_agents.rl.config import Config
from neuralprog_envs.core.instances import check_lengths
from neuralprog_envs.core.task import Task
from neuralprog_envs.registry import find, make_task

MOST_FLAT = 16_384
"""The most flat actions for which a network of values is made."""


@dataclass(frozen=True)
class Setup:
    """All that a network's shape depends on, in the types of JSON.

    Attributes:
        env: The environment's id.
        algorithm: See ``Config``.
        length: The shortest and the longest instance in training.
        settings: The environment's arguments.
        fields: The arrays that the network sees, at least one.
        width: See ``Config``.
        layers: See ``Config``.
    """

    env: str
    algorithm: str
    length: tuple[int, int]
    settings: dict[str, Any]
    fields: tuple[str, ...]
    width: int
    layers: tuple[int, ...]

    def task(self, length: int | tuple[int, int] | None = None) -> Task:
        """Return the task for the trained lengths, or for others.

        Raises:
            ValueError: There are no such instances on this machine.
        """
        asked = self.length if length is None else length
        task = make_task(self.env, **{**self.settings, "length": asked})
        check_lengths(task, asked, "train")
        return task

    def card(self) -> dict[str, Any]:
        """Return the setup as JSON; ``from_card`` undoes it."""
        return asdict(self)


def from_card(card: dict[str, Any]) -> Setup:
    """Return the setup of a card."""
    sequences = {name: tuple(card[name]) for name in ("length", "fields", "layers")}
    return Setup(**{**card, **sequences})


def setup_of(config: Config) -> Setup:
    """Return a config's setup.

    Raises:
        ValueError: The environment can't be had so, or this algorithm can't act in it.
    """
    row = find(config.env)
    low, high = config.length or row.defaults["length"]
    settings = dict(config.settings)
    if row.family == "tape" and settings.get("observation", "full") == "full":
        machine: Any = make_task(row.id, **{**settings, "length": (low, 2 * high)}).machine
        settings.setdefault("memory_size", machine.memory_size)
    task = make_task(row.id, **{**settings, "length": (low, high)})
    fields = config.fields or tuple(task.machine.observation)
    setup = Setup(
        env=row.id,
        algorithm=config.algorithm,
        length=(low, high),
        settings=settings,
        fields=fields,
        width=config.width,
        layers=config.layers,
    )
    _check(setup, setup.task())
    return setup


def _check(setup: Setup, task: Task) -> None:
    known = task.machine.observation
    for name in setup.fields:
        if name not in known:
            raise ValueError(f"fields: {setup.env} shows no {name!r}, but {', '.join(known)}")
        if known[name].dtype is np.uint8:
            raise ValueError(f"rl has no network for pictures, which {setup.env} shows")
    flat = int(np.prod([float(n) for n in task.machine.actions]))
    if setup.algorithm == "DQN" and flat > MOST_FLAT:
        raise ValueError(
            f"DQN has a value for every action, and {setup.env} has {flat:.2g}, "
            f"more than {MOST_FLAT}"
        )


def shown(task: Task, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of an observation that a network sees, by name."""
    return {name: task.machine.observation[name] for name in fields}
