"""What the steps of all families share: actions are checked, episodes end, answers are scored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.compiled.jit import compiled
from neuralprog_envs.core.episodes import Slots
from neuralprog_envs.core.task import Bools, Floats, Ints


@compiled
def all_below(numbers: NDArray[np.int64], limits: NDArray[np.int64]) -> bool:
    """Do what ``arguments.all_below`` does."""
    flat, most, wrong = numbers.reshape(-1).view(np.uint64), limits.reshape(-1).view(np.uint64), 0
    for place in range(len(flat)):
        wrong += flat[place] >= most[place]
    return wrong == 0


@compiled
def ended(halted: Bools, steps: Ints, limit: NDArray[np.int64]) -> tuple[Bools, Bools, Slots]:
    """Return the first three of ``Endings``."""
    n, count = len(limit), 0
    terminated, truncated = halted.copy(), np.empty(n, dtype=np.bool_)
    slots = np.empty(n, dtype=np.intp)
    for slot in range(n):
        truncated[slot] = (steps[slot] >= limit[slot]) & (not terminated[slot])
    for slot in range(n):
        slots[count] = slot
        count += terminated[slot] | truncated[slot]
    return terminated, truncated, slots[:count]


@compiled
def fraction(right: Bools, mask: Bools) -> Floats:
    """Do what ``task.fraction`` does."""
    found = np.empty(len(mask), dtype=np.float64)
    for row in range(len(mask)):
        count, marked = 0, 0
        for cell in range(mask.shape[1]):
            count += right[row, cell] & mask[row, cell]
            marked += mask[row, cell]
        found[row] = count / marked
    return found
