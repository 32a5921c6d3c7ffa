"""The setup of a network: an environment, its lengths, and the arrays that the network sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from neuralprog_agents.agents.rl.actions import Table, distinct_actions
from neuralprog_agents.agents.rl.config import Algorithm, Config
from neuralprog_agents.training.ranges import Within
from neuralprog_envs.core.instances import check_lengths
from neuralprog_envs.core.task import Task
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.tape.ops import HALT

MOST_FLAT = 16_384
"""The most combinations of integers that are enumerated to find the distinct actions."""


@dataclass(frozen=True)
class Setup:
    """Everything that a network's shape depends on, in JSON types.

    Attributes:
        env: The environment's id.
        algorithm: See ``Config``.
        length: The shortest and the longest instance in training.
        settings: The environment's settings.
        fields: The arrays of the observation that the network sees, at least one.
        flat: Whether the network chooses among all distinct actions.
        width: See ``Config``.
        layers: See ``Config``.
    """

    env: str
    algorithm: Algorithm
    length: tuple[int, int]
    settings: dict[str, Any]
    fields: tuple[str, ...]
    flat: bool
    width: Annotated[int, Within(1, 4096)]
    layers: tuple[Annotated[int, Within(1, 4096)], ...]

    def task(self, length: int | tuple[int, int] | None = None) -> Task:
        """Return the task for the training lengths, or for other lengths.

        Raises:
            ValueError: The machine has no instances of these lengths.
        """
        asked = self.length if length is None else length
        task = make_task(self.env, **{**self.settings, "length": asked})
        check_lengths(task, asked, "train")
        return task


def setup_of(config: Config) -> Setup:
    """Return the setup of a config.

    Raises:
        ValueError: The environment is unavailable, or does not fit the algorithm.
    """
    try:
        return _setup(config)
    except TypeError as error:  # make_task knows no such setting
        raise ValueError(f"settings: {error}") from None


def _setup(config: Config) -> Setup:
    row = find(config.env)
    low, high = config.length or row.defaults["length"]
    settings = dict(config.settings)
    if row.family == "tape" and settings.get("observation") != "flags":
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
        flat=config.flat or config.algorithm == "DQN",
        width=config.width,
        layers=config.layers,
    )
    _check(setup, setup.task())
    return setup


def _check(setup: Setup, task: Task) -> None:
    known = task.machine.observation
    for name in setup.fields:
        if name not in known:
            raise ValueError(
                f"fields: {setup.env} has no observation {name!r}; it has {', '.join(known)}"
            )
    if any(field.dtype is np.uint8 for field in known.values()):
        raise ValueError(
            f"rl has no network for pictures, and observations of {setup.env} have some"
        )
    product = np.prod([float(n) for n in task.machine.actions])
    if setup.flat and product > MOST_FLAT:
        raise ValueError(
            f"{setup.env} has {product:.2g} actions; flat actions, which DQN needs, are at most "
            f"{MOST_FLAT}"
        )


def table_of(setup: Setup) -> Table | None:
    """Return the distinct actions that a network with flat actions chooses among, else None."""
    return distinct_actions(setup.task().machine) if setup.flat else None


def ending(setup: Setup) -> int | None:
    """Return the index of the network's output that ends a tape episode; None in other families."""
    if find(setup.env).family != "tape":
        return None
    if setup.flat:
        return -1
    return -1 if setup.settings.get("action") == "circuit" else HALT


def shown(task: Task, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the observed arrays that a network sees, by name."""
    return {name: task.machine.observation[name] for name in fields}
