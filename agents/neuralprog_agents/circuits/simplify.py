"""A program that fits, made simpler: wire by wire, as long as it stays right on all its pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits.program import FOURTEEN, ModuleList, live_modules
from neuralprog_agents.circuits.tables import CircuitTable

Look = Callable[[CircuitTable], tuple[bool, Sequence[int]]]
"""Returns whether a table is right, and the patterns that it visits."""


def simplify(table: CircuitTable, look: Look, modules: ModuleList = FOURTEEN) -> CircuitTable:
    """Return a table that is right and costs no more than a right one, found by descent."""
    best = table.copy()
    while (better := _improve(best, look, modules)) is not None:
        best = better
    return best


def _improve(table: CircuitTable, look: Look, modules: ModuleList) -> CircuitTable | None:
    """Return the first simpler neighbour that is right too, None if there is none."""
    patterns = look(table)[1]
    price = cost(table, patterns, modules)
    for trial in _changes(table, patterns, modules):
        right, visited = look(trial)
        if right and cost(trial, visited, modules) < price:
            return trial
    return None


def cost(table: CircuitTable, patterns: Sequence[int], modules: ModuleList = FOURTEEN) -> int:
    """Return how much there is to read in a program.

    Sixteen for each different circuit among the patterns; in each, four for a module, two for a
    constant, and one for a register that changes.
    """
    R = len(table).bit_length() - 1
    seen = {_essence(table[pattern], R, modules): table[pattern] for pattern in patterns}
    return sum(16 + _length(circuit, R, modules) for circuit in seen.values())


def _essence(circuit: NDArray[np.int64], R: int, modules: ModuleList) -> tuple[int, ...]:
    """Return the wires of a circuit that have an effect, -1 in the place of the others."""
    wires, owner = circuit.copy(), modules.owner
    wires[: len(owner)][(live_modules(circuit, R, modules.owner) >> owner & 1) == 0] = -1
    return tuple(wires.tolist())


def _length(circuit: NDArray[np.int64], R: int, modules: ModuleList) -> int:
    live, wires = live_modules(circuit, R, modules.owner), len(modules.owner)
    price = sum((4 if arity else 2) for m, arity in enumerate(modules.arity) if live >> m & 1)
    return price + int((circuit[wires : wires + R] != np.arange(R)).sum())


def _changes(
    table: CircuitTable, patterns: Sequence[int], modules: ModuleList
) -> Iterator[CircuitTable]:
    """Yield a table's simpler neighbours: another pattern's circuit, or one wire's other source."""
    R = len(table).bit_length() - 1
    for pattern in patterns:
        for other in patterns:
            if other != pattern:
                trial = table.copy()
                trial[pattern] = table[other]
                yield trial
    for pattern in patterns:
        for wire, choices in _live_wires(table[pattern], R, modules):
            for source in range(choices):
                if source != table[pattern, wire]:
                    trial = table.copy()
                    trial[pattern, wire] = source
                    yield trial


def _live_wires(
    circuit: NDArray[np.int64], R: int, modules: ModuleList
) -> Iterator[tuple[int, int]]:
    """Yield the wires that have an effect, and how many sources each may have."""
    live, wires = live_modules(circuit, R, modules.owner), len(modules.owner)
    for j in range(R):
        yield wires + j, R + len(modules.arity)
    for wire in np.flatnonzero(live >> modules.owner & 1):
        yield int(wire), R + int(modules.owner[wire])
