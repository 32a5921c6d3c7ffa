"""Input/output pairs, the only data of the differentiable solvers and the program search."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralprog_envs.core.instances import check_lengths, check_split, draw
from neuralprog_envs.core.task import Task


def pairs(
    task: Task,
    size: int,
    *,
    length: int | tuple[int, int],
    seed: int = 0,
    split: str = "train",
    start: int = 0,
) -> Any:
    """Return ``size`` instances: inputs, answers and the mask of the scored cells.

    Row i is the instance at the address (seed, start + i), which is also that of episode
    start + i of an environment with the same task, lengths and split after ``reset(seed=seed)``.
    They have the family's form, for tapes ``TapeInstances``: tape, answer, mask of shape (size, M),
    and length of shape (size,). Raise ValueError if the lengths or the split are impossible.
    """
    lengths = check_lengths(task, length, check_split(split))
    return draw(task, seed, np.arange(start, start + size), lengths, split)
