"""Lock-step inference: n environments at once, each with an explicit stack of the core's states.

The observed depth tells what the last action of an environment did. If the depth has grown, a call
has begun, and its state is 0. If it has shrunk, the running call has returned, and its caller
continues from the state that it had. So the stack is an array indexed by depth and environment.
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
"""Computes one step of n calls.

Takes their programs (n,), arguments (n, 3), views (n, E) and states (n, S); if the task has
pictures, also these, shape (n, 128, 128, 3).
Returns the actions (n, 4) and the next states (n, S).
"""


class LockStep:
    """Chooses the actions of n program environments.

    The core's state has the size S; that of a new call is 0.
    """

    def __init__(self, core: Core, size: int) -> None:
        self._core, self._size = core, size
        self.start(0)

    def start(self, n: int) -> None:
        """Start n episodes."""
        self._states: Floats = np.zeros((4, n, self._size), dtype=np.float32)
        self._depth = np.zeros(n, dtype=np.int64)
        self._acted = np.zeros(0, dtype=np.intp)

    def act(self, observation: Mapping[str, Ints]) -> Actions:
        """Return the next action of each environment, shape (n, 4); 0 where no call is running."""
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
        """Return values of the environments that acted last as n rows; the other rows are 0."""
        whole = np.zeros((len(self._depth), *values.shape[1:]), dtype=values.dtype)
        whole[self._acted] = values
        return whole

    def _make_room(self, depth: int) -> None:
        """Double the stack until it can hold a depth."""
        while depth >= len(self._states):
            self._states = np.concatenate([self._states, np.zeros_like(self._states)])
