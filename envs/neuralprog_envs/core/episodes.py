"""n episodes under way: what a vector environment steps, without what Gymnasium asks of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import InstanceStream
from neuralprog_envs.core.loops import Loop
from neuralprog_envs.core.task import Bools, Floats, Ints, Task

Slots = NDArray[np.intp]


class Endings(NamedTuple):
    """How a step has ended: where episodes are over, which, and whether the answer is wholly right.

    ``slots`` are the ends in order; the others have shape (n,).
    """

    terminated: Bools
    truncated: Bools
    slots: Slots
    success: Bools


@dataclass
class Episodes:
    """One episode in each of n slots.

    Attributes:
        task: The task of all.
        stream: Where the next instances come from.
        limits: Returns the step limits of instances, (B,), by their lengths, (B,).
        instances: What is posed now.
        state: The machines.
        limit: The step limits, (n,).
    """

    task: Task
    stream: InstanceStream
    limits: Callable[[Ints], NDArray[np.int64]]
    instances: Any
    state: Any = field(init=False)
    limit: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.task.machine.initial(self.instances)
        self.limit = self.limits(self.instances.length)

    def renew(self, slots: Slots) -> None:
        """Pose the next instance in some slots."""
        if not slots.size:
            return
        fresh = self.stream.next(slots)
        state, limit = self.task.machine.initial(fresh), self.limits(fresh.length)
        if len(slots) == len(self.limit):
            self.instances, self.state, self.limit = fresh, state, limit
            return
        batch.assign(self.instances, slots, fresh)
        batch.assign(self.state, slots, state, done=self.instances)
        self.limit[slots] = limit

    def successes(self, slots: Slots) -> Bools:
        """Return which of some slots hold a wholly right answer, shape (n,)."""
        right = np.zeros(len(self.limit), dtype=bool)
        if slots.size == len(right):
            return self.score() == 1.0
        if slots.size:
            state, instances = batch.take(self.state, slots), batch.take(self.instances, slots)
            right[slots] = self.task.score(state, instances) == 1.0
        return right

    def score(self) -> Floats:
        """Return how much of each answer is right, shape (n,)."""
        return self.task.score(self.state, self.instances)


@Loop
def step(episodes: Episodes, action: NDArray[np.int64], pending: Slots) -> Endings:
    """Execute one action in every slot, but pose the next instance in those that are pending.

    ``action`` has shape (n, K) and is in range.
    """
    machine = episodes.task.machine
    if len(pending) < len(action):
        episodes.state = machine.advance(episodes.state, action)
    episodes.renew(pending)
    terminated = machine.halted(episodes.state).copy()
    truncated = episodes.state.steps >= episodes.limit
    truncated &= ~terminated
    ended = np.flatnonzero(terminated | truncated)
    return Endings(terminated, truncated, ended, episodes.successes(ended))
