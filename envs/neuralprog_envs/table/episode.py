"""One table machine, one action at a time: the batch machine at a batch of one.

An operation works on a whole column, so plain Python would not be faster than NumPy here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.task import Machine
from neuralprog_envs.table.state import TableInstances, TableState


class TableEpisode:
    """One instance; see ``neuralprog_envs.core.task.Episode``."""

    __slots__ = ("_machine", "_state", "halted")

    def __init__(self, machine: Machine, instances: TableInstances) -> None:
        self._machine = machine
        self._state: TableState = machine.initial(instances)
        self.halted = False

    def step(self, action: Any) -> None:
        """Execute ``(operation, column, pivot)``; raise ValueError when one is out of range."""
        machine, numbers = self._machine, arguments.action(self._machine, action)
        self._state = machine.step(self._state, np.array([numbers]))
        self.halted = bool(machine.halted(self._state)[0])

    def observe(self) -> dict[str, NDArray[Any]]:
        """Return new observation arrays, without a batch axis."""
        return {name: array[0] for name, array in self._machine.observe(self._state).items()}

    def action_mask(self) -> NDArray[np.bool_]:
        """Return which operations, columns and pivots there are, shape (sum of ``actions``,)."""
        mask: NDArray[np.bool_] = self._machine.action_mask(self._state)[0]
        return mask

    def state(self) -> TableState:
        """Return the state as a batch of one row."""
        return self._state
