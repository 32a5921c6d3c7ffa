"""A program that fits, made simpler: wire by wire, as long as it stays right on all its pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits.program import ARITY, OWNER, WIRES, Q, live_modules
from neuralprog_agents.circuits.tables import CircuitTable

Look = Callable[[CircuitTable], tuple[bool, Sequence[int]]]
"""Returns whether a table is right, and the patterns that it visits."""


def simplify(table: CircuitTable, look: Look) -> CircuitTable:
    """Return a table that is right and costs no more than a right one, found by descent."""
    best = table.copy()
    while (better := _improve(best, look)) is not None:
        best = better
    return best


def _improve(table: CircuitTable, look: Look) -> CircuitTable | None:
    """Return the first simpler neighbour that is right too, None if there is none."""
    patterns = look(table)[1]
    price = cost(table, patterns)
    for trial in _changes(table, patterns):
        right, visited = look(trial)
        if right and cost(trial, visited) < price:
            return trial
    return None


def cost(table: CircuitTable, patterns: Sequence[int]) -> int:
    """Return how much there is to read in a program.

    Sixteen for each different circuit among the patterns; in each, four for a module, two for a
    constant, and one for a register that changes.
    """
    R = len(table).bit_length() - 1
    seen = {_essence(table[pattern], R): table[pattern] for pattern in patterns}
    return sum(16 + _length(circuit, R) for circuit in seen.values())


def _essence(circuit: NDArray[np.int64], R: int) -> tuple[int, ...]:
    """Return the wires of a circuit that have an effect, -1 in the place of the others."""
    wires = circuit.copy()
    wires[:WIRES][(live_modules(circuit, R) >> OWNER & 1) == 0] = -1
    return tuple(wires.tolist())


def _length(circuit: NDArray[np.int64], R: int) -> int:
    live = live_modules(circuit, R)
    modules = sum((4 if ARITY[m] else 2) for m in range(Q) if live >> m & 1)
    return modules + int((circuit[WIRES : WIRES + R] != np.arange(R)).sum())


def _changes(table: CircuitTable, patterns: Sequence[int]) -> Iterator[CircuitTable]:
    """Yield a table's simpler neighbours: another pattern's circuit, or one wire's other source."""
    R = len(table).bit_length() - 1
    for pattern in patterns:
        for other in patterns:
            if other != pattern:
                trial = table.copy()
                trial[pattern] = table[other]
                yield trial
    for pattern in patterns:
        for wire, choices in _live_wires(table[pattern], R):
            for source in range(choices):
                if source != table[pattern, wire]:
                    trial = table.copy()
                    trial[pattern, wire] = source
                    yield trial


def _live_wires(circuit: NDArray[np.int64], R: int) -> Iterator[tuple[int, int]]:
    """Yield the wires that have an effect, and how many sources each may have."""
    live = live_modules(circuit, R)
    for j in range(R):
        yield WIRES + j, R + Q
    for wire in np.flatnonzero(live >> OWNER & 1):
        yield int(wire), R + int(OWNER[wire])
