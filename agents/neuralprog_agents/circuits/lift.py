"""Lifting: earlier programs as starts of a search, one of their modules replaced by another.

Multiplication adds again and again, a power multiplies again and again: with ADD replaced by
MULTIPLY, a program for the one is nearly a program for the other. Vectors are added as numbers are,
but for the carry.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits.program import ModuleList, live_modules
from neuralprog_agents.circuits.tables import CircuitTable


def widened(table: CircuitTable, registers: int) -> CircuitTable:
    """Return the same program on a machine with more registers, which keep what they hold."""
    R = len(table).bit_length() - 1
    moved = np.where(table[:, :-1] < R, table[:, :-1], table[:, :-1] + registers - R)
    kept = np.tile(np.arange(R, registers), (len(table), 1))
    wide = np.column_stack([moved, kept, table[:, -1]])
    return wide[np.arange(1 << registers) % len(table)]


def lifted(table: CircuitTable, modules: ModuleList) -> Iterator[CircuitTable]:
    """Yield a program, and what it becomes with one of its modules replaced by another.

    Only modules with as many arguments replace each other, in all circuits or in one of them, which
    several patterns may share. WRITE and READ stay.
    """
    yield table
    kinds = range(1, len(modules.arity) - 1)
    for rows in (np.arange(len(table)), *_circuits(table)):
        for old in kinds:
            for new in kinds:
                if new != old and modules.arity[new] == modules.arity[old]:
                    changed = table.copy()
                    for row in rows:
                        _replace(changed[row], old, new, modules)
                    if (changed != table).any():
                        yield changed


def _circuits(table: CircuitTable) -> Iterator[NDArray[np.int64]]:
    """Yield the patterns that share each circuit."""
    which = np.unique(table, axis=0, return_inverse=True)[1].ravel()
    for circuit in range(which.max() + 1):
        yield np.flatnonzero(which == circuit)


def _replace(circuit: NDArray[np.int64], old: int, new: int, modules: ModuleList) -> None:
    """Put a module in the place of another where the order of the list allows it, in place."""
    owner, wires = modules.owner, len(modules.owner)
    R = len(circuit) - wires - 1
    live = live_modules(circuit, R, owner)
    sources, arity = np.flatnonzero(circuit[:-1] == R + old), modules.arity[old]
    users = sources[(sources >= wires) | (live >> owner[sources % wires] & 1 == 1)]
    arguments = circuit[modules.first[old] : modules.first[old] + arity]
    later = (users >= wires) | (owner[users % wires] > new)
    if live >> old & 1 and not live >> new & 1 and (arguments < R + new).all() and later.all():
        circuit[modules.first[new] : modules.first[new] + arity] = arguments
        circuit[users] = R + new
