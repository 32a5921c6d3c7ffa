"""What every interface is built from: a task, and how episodes are drawn, limited and rewarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

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
        discount: The learner's discount γ; only the shaped reward uses it.
        split: A key of ``SPLITS``.
        max_steps: The step limit of every episode; None takes the task's own.
    """

    task: Task
    lengths: tuple[int, int]
    reward: str
    discount: float
    split: str
    max_steps: int | None

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
    **task_settings: Any,
) -> Setting:
    """Return the setting of an environment id; see ``Setting`` for the arguments.

    Raises:
        ValueError: The id is unknown or a value is out of its range.
        TypeError: There is no such keyword argument.
    """
    asked = find(env_id).defaults["length"] if length is None else length
    asked = int(asked) if np.ndim(asked) == 0 else (int(asked[0]), int(asked[-1]))
    task = make_task(env_id, length=asked, **task_settings)
    if reward not in REWARDS:
        raise ValueError(f"unknown reward {reward!r}: {', '.join(map(repr, REWARDS))}")
    if not 0 < discount <= 1:
        raise ValueError(f"discount must be in (0, 1], got {discount}")
    if max_steps is not None and max_steps < 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    lengths = check_lengths(task, asked, check_split(split))
    return Setting(task, lengths, reward, discount, split, max_steps)


def action_space(task: Task) -> spaces.MultiDiscrete:
    """Return the Gymnasium space of the machine's actions."""
    return spaces.MultiDiscrete(list(task.machine.actions))


def observation_space(task: Task) -> spaces.Space:
    """Return the Gymnasium space of the machine's observations; one array needs no dictionary."""
    arrays = {name: _space(field) for name, field in task.machine.observation.items()}
    return next(iter(arrays.values())) if len(arrays) == 1 else spaces.Dict(arrays)


def _space(field: Field) -> spaces.Space:
    if field.dtype is np.int8 and (field.low, field.high) == (0, 1):
        return spaces.MultiBinary(field.shape)
    return spaces.Box(field.low, field.high, field.shape, field.dtype)  # type: ignore[arg-type]


def bare(observation: dict[str, Any]) -> Any:
    """Return an observation as its space has it: a single array without its dictionary."""
    return next(iter(observation.values())) if len(observation) == 1 else observation


def check_options(options: dict[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    """Return the options of ``reset``; raise ValueError when one is not known."""
    unknown = set(options or {}) - set(known)
    if unknown:
        raise ValueError(f"unknown reset option {sorted(unknown)[0]!r}: {', '.join(known)}")
    return dict(options or {})
