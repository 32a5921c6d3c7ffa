"""The memory: the best different programs so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.policy_gradient.kernel import Floats
from neuralprog_agents.circuits.tables import CircuitTable


class ProgramMemory:
    """At most K different programs, the best first.

    Args:
        size: K.
        shape: The shape of a program's table.

    Attributes:
        tables: The programs, ``kernel.UNUSED`` where a wire has no effect, shape (k, P, W).
        returns: Their returns, above 0, shape (k,).
    """

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        self._size = size
        self.tables: CircuitTable = np.zeros((0, *shape), dtype=np.int64)
        self.returns: Floats = np.zeros(0)

    def remember(self, tables: CircuitTable, returns: Floats) -> None:
        """Take in programs that are better than the worst remembered one; of equals the oldest."""
        full = len(self.returns) == self._size
        better = np.flatnonzero(returns > (self.returns[-1] if full else 0.0))
        better = better[np.argsort(-returns[better], kind="stable")[: self._size]]
        if len(better):
            self.replace(
                np.concatenate([self.tables, tables[better]]),
                np.concatenate([self.returns, returns[better]]),
            )

    def replace(self, tables: CircuitTable, returns: Floats) -> None:
        """Remember the best of these programs alone."""
        found = dict[bytes, int]()
        for i in np.argsort(-returns, kind="stable").tolist():
            if returns[i] > 0 and len(found) < self._size:
                found.setdefault(tables[i].tobytes(), i)
        best = list(found.values())
        self.tables, self.returns = tables[best], returns[best]

    def holds(self, tables: CircuitTable) -> NDArray[np.bool_]:
        """Return which programs are remembered, shape (N,)."""
        known = {table.tobytes() for table in self.tables}
        return np.array([table.tobytes() in known for table in tables], dtype=bool)
