"""What every interface is built from: a task, and how episodes are drawn, limited and rewarded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.instances import check_lengths, check_split
from neuralprog_envs.core.task import Field, Ints, Task
from neuralprog_envs.registry import find, make_task

REWARDS = ("sparse", "shaped", "progress")

Length = Any
"""An int, or the shortest and the longest: a pair or a range of consecutive ints."""


@dataclass(frozen=True)
class Setting:
    """One environment's task and episodes; ``configure`` makes it from keyword arguments.

    Attributes:
        task: The task on its machine.
        lengths: Shortest and longest instance; each episode draws its length uniformly.
        reward: "sparse": 1 when the episode ends with a wholly right answer, otherwise 0.
            "shaped": that, plus discount·Φ(s') − Φ(s), where Φ is the fraction of the answer
            that is right, and 0 once the episode is over (Ng, Harada and Russell, "Policy
            invariance under reward transformations", ICML 1999): the same optimum. "progress":
            discount·Φ(s') − Φ(s) to the very end and nothing else: what is right of the answer
            counts for its part. A wholly right answer earns as much as with "shaped".
        discount: The learner's discount γ; the sparse reward does not use it.
        split: A key of ``SPLITS``.
        max_steps: The step limit of every episode; None takes the task's own. Gymnasium's own name
            for it, ``max_episode_steps``, says the same; of two limits the smaller holds.
    """

    task: Task
    lengths: tuple[int, int]
    reward: str
    discount: float
    split: str
    max_steps: int | None

    def at(self, length: Length) -> Setting:
        """Return the same setting at other lengths; raise ValueError if there are none of them."""
        return replace(self, lengths=check_lengths(self.task, length, self.split))

    def limits(self, lengths: Ints) -> NDArray[np.int64]:
        """Return the step limit of each instance, shape (B,)."""
        if self.max_steps is None:
            return self.task.horizon(lengths)
        return np.full(len(lengths), self.max_steps, dtype=np.int64)


def configure(
    env_id: str,
    *,
    length: Length | None = None,
    reward: str = "sparse",
    discount: float = 1.0,
    split: str = "train",
    max_steps: int | None = None,
    max_episode_steps: int | None = None,
    **task_settings: Any,
) -> Setting:
    """Return the setting of an environment id; see ``Setting`` for the arguments.

    Raise ValueError if the id is unknown or a value is out of its range, TypeError if there is no
    such keyword argument.
    """
    asked = find(env_id).defaults["length"] if length is None else length
    task = make_task(env_id, length=asked, **task_settings)
    arguments.choice("reward", reward, REWARDS)
    if not 0 < arguments.real("discount", discount) <= 1:
        raise ValueError(f"discount must be in (0, 1], got {arguments.shown(discount)}")
    lengths = check_lengths(task, asked, check_split(split))
    limits = {"max_steps": max_steps, "max_episode_steps": max_episode_steps}
    return Setting(task, lengths, reward, discount, split, _limit(limits))


def _limit(limits: Mapping[str, int | None]) -> int | None:
    """Return the smallest of the step limits that are given."""
    given = [
        arguments.integer(name, limit, 1, 2**62)
        for name, limit in limits.items()
        if limit is not None
    ]
    return min(given, default=None)


def action_space(task: Task) -> spaces.MultiDiscrete:
    """Return the Gymnasium space of the machine's actions."""
    return spaces.MultiDiscrete(list(task.machine.actions))


def observation_space(task: Task) -> spaces.Space:
    """Return the Gymnasium space of the machine's observations; one array needs no dictionary."""
    arrays = {name: _space(field) for name, field in task.machine.observation.items()}
    return next(iter(arrays.values())) if len(arrays) == 1 else spaces.Dict(arrays)


def _space(field: Field) -> spaces.Space:
    return spaces.Box(field.low, field.high, field.shape, field.dtype)  # type: ignore[arg-type]


def bare(observation: dict[str, Any]) -> Any:
    """Return an observation in the form of its space: a single array without its dictionary."""
    return next(iter(observation.values())) if len(observation) == 1 else observation


def by_number(task: Task, mask: NDArray[np.bool_]) -> tuple[Any, ...]:
    """Return a mask of legal choices in the form of ``action_space.sample(mask=…)``.

    The mask has shape (sum of choices,) or (n, sum of choices). It becomes an int8 array for each
    integer of an action, in n tuples if it has n rows.
    """
    if mask.ndim > 1:
        return tuple(by_number(task, row) for row in mask)
    starts = np.cumsum(task.machine.actions)[:-1]
    return tuple(np.split(mask.astype(np.int8), starts))
