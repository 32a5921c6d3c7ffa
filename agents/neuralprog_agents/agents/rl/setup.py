"""The setup of a network: an environment, its lengths, and the arrays that the network sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from neuralprog_agents.agents.rl.actions import Table, distinct_actions
from neuralprog_agents.agents.rl.config import Algorithm, Config, Layers, Width
from neuralprog_agents.agents.rl.observations import packed_space, packs, shown_space
from neuralprog_agents.training.ranges import without_length
from neuralprog_envs.core.instances import check_lengths
from neuralprog_envs.core.task import Task
from neuralprog_envs.interfaces.setting import observation_space
from neuralprog_envs.program.library import RETURN
from neuralprog_envs.registry import find, make_task

MOST_FLAT = 16_384
"""The most combinations of integers that are enumerated to find the distinct actions."""

GROWING = {"registers", "tape", "pointed"}
"""The arrays of tapes whose shape or range grows with the memory."""


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
    width: Width
    layers: Layers

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
    settings = without_length(config.settings)
    task = make_task(row.id, **{**settings, "length": (low, high)})
    fields = config.fields or tuple(task.machine.observation)
    if row.family == "tape" and GROWING & set(fields):
        machine: Any = make_task(row.id, **{**settings, "length": (low, 2 * high)}).machine
        settings.setdefault("memory_size", machine.memory_size)
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
    """Return the index of the network's output that ends an episode; None for tables."""
    family = find(setup.env).family
    if family == "program":
        return RETURN
    if family != "tape":
        return None
    if setup.flat or setup.settings.get("action") == "circuit":
        return -1
    return setup.task().machine.actions[0] - 1  # HALT is the last operation


def first_bias(setup: Setup, halt_bias: float) -> NDArray[np.float32]:
    """Return what an untrained policy's logits are shifted by, one for each of its outputs.

    Flat instructions share the chance of their operation, so that one with few arguments is tried
    as often as one with many.
    """
    machine, table = setup.task().machine, table_of(setup)
    bias = np.zeros(sum(machine.actions) if table is None else len(table), dtype=np.float32)
    if table is not None and find(setup.env).family == "tape":
        bias -= np.log(np.bincount(table[:, 0])[table[:, 0]])
    last = ending(setup)
    if last is not None:
        bias[last] += halt_bias
    return bias


def seen_space(setup: Setup) -> spaces.Space[Any]:
    """Return the space of what the network sees."""
    space = _shown_space(setup)
    return packed_space(space) if packs(space) else space


def packed_fields(setup: Setup) -> tuple[str, ...]:
    """Return the arrays that the network sees packed, in their order; none where it sees others."""
    space = _shown_space(setup)
    return tuple(space.spaces) if packs(space) else ()


def _shown_space(setup: Setup) -> Any:
    task = setup.task()
    whole = observation_space(task)
    return shown_space(whole, setup.fields) if len(task.machine.observation) > 1 else whole


def check_n_steps(setup: Setup, options: Mapping[str, Any]) -> None:
    """Raise ValueError if Stable-Baselines3 has no n-step returns for these observations."""
    if setup.algorithm == "DQN" and options.get("n_steps", 1) > 1:
        space = seen_space(setup)
        if isinstance(space, spaces.Dict):
            raise ValueError("options.DQN: n_steps above 1 needs fields of integers only")


def key_columns(setup: Setup, names: tuple[str, ...]) -> NDArray[np.intp]:
    """Return where the named arrays are in a packed observation.

    Raises:
        ValueError: The network does not see one of them.
    """
    seen, arrays = packed_fields(setup), shown(setup.task(), setup.fields)
    for name in names:
        if name not in seen:
            raise ValueError(
                f"self_imitation_key: the network does not see {name!r} among integers; "
                f"it sees {', '.join(seen) or 'none'}"
            )
    names_of = [name for name in seen for _ in range(int(np.prod(arrays[name].shape)))]
    return np.flatnonzero(np.isin(names_of, names))


def shown(task: Task, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the observed arrays that a network sees, by name."""
    return {name: task.machine.observation[name] for name in fields}
