"""Lock-step inference: n problems at once, each with an explicit stack of the core's states.

In the environment a slot's depth says what its last action did: one more means that a call has
begun, and its state is new; one fewer, that the running call has returned, and its caller goes on
from the state it had. So the stack is an array with a place for each slot and depth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Actions = NDArray[np.int64]
Ints = NDArray[Any]

Core = Callable[..., tuple[Actions, Floats]]
"""One step of n calls: their programs (n,), arguments (n, 3), views (n, E) and states (n, S).

In worlds with pictures these follow, shape (n, 128, 128, 3).
Returns their actions (n, 4) and next states (n, S).
"""


class LockStep:
    """Acts in n slots of a program environment.

    Args:
        core: What decides.
        size: S, the numbers in a state; the state of a new call is 0.
    """

    def __init__(self, core: Core, size: int) -> None:
        self._core, self._size = core, size
        self.start(0)

    def start(self, n: int) -> None:
        """Begin n episodes."""
        self._states: Floats = np.zeros((4, n, self._size), dtype=np.float32)
        self._depth = np.zeros(n, dtype=np.int64)
        self._acted = np.zeros(0, dtype=np.intp)

    def act(self, observation: Mapping[str, Ints]) -> Actions:
        """Return the next action of every slot, shape (n, 4); 0 where no call is under way."""
        depth = observation["depth"][:, 0].astype(np.int64)
        self._make_room(int(depth.max(initial=0)))
        begun = np.flatnonzero(depth > self._depth)
        self._states[depth[begun], begun] = 0
        self._depth = depth
        rows = self._acted = np.flatnonzero(depth > 0)
        actions = np.zeros((len(depth), 4), dtype=np.int64)
        if rows.size:
            parts = [observation[name][rows] for name in ("program", "arguments", "view")]
            pictures = [observation["image"][rows]] if "image" in observation else []
            place = depth[rows], rows
            actions[rows], self._states[place] = self._core(
                parts[0][:, 0], parts[1], parts[2], self._states[place], *pictures
            )
        return actions

    def scattered(self, values: Floats) -> Floats:
        """Return what the core said of the slots that acted last in all n rows, else 0."""
        whole = np.zeros((len(self._depth), *values.shape[1:]), dtype=values.dtype)
        whole[self._acted] = values
        return whole

    def _make_room(self, depth: int) -> None:
        """Double the stack until it has a place for a depth."""
        while depth >= len(self._states):
            self._states = np.concatenate([self._states, np.zeros_like(self._states)])
