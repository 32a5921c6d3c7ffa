"""A table of circuits as the interpreter takes it: each pattern's modules that have an effect.

A circuit's wires are those of ``neuralprog_envs.tape.machine``: each module's arguments, each
register's source, finish. Of fourteen modules few feed anything; ``compile_pattern`` lists
those, in order. WRITE always has one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_envs.tape.ops import MODULES, WRITE

Q = len(MODULES)
ARITY = np.array([module.arity for module in MODULES], dtype=np.int64)
FIRST = np.cumsum(ARITY) - ARITY
"""The wire of each module's first argument."""
WIRES = int(ARITY.sum())
"""Arguments; after these wires come the registers' sources, then finish."""
OWNER = np.repeat(np.arange(Q), ARITY)
"""The module that each of these wires is an argument of, shape (WIRES,)."""
BACKWARDS = np.argsort(-OWNER, kind="stable")
"""These wires, the last module's first: a module's sources are registers and earlier modules."""
LAST = Q - 1
Circuit = NDArray[np.int64]
"""Wires of one circuit, shape (WIRES + R + 1,)."""

if LAST != WRITE or [module.name for module in MODULES[1:4]] != ["ZERO", "ONE", "TWO"]:
    raise RuntimeError("the compiled interpreter knows another list of modules")


class Program(NamedTuple):
    """P = 2**R compiled circuits.

    Attributes:
        modules: Number, first and second source of each live module, shape (P, 14 · 3), int64.
        sizes: How many are live, shape (P,), int64.
        after: Each register's source, shape (P, R), int64.
        finish: Whether the circuit ends the run, shape (P,), int64.
    """

    modules: NDArray[np.int64]
    sizes: NDArray[np.int64]
    after: NDArray[np.int64]
    finish: NDArray[np.int64]


def empty(registers: int) -> Program:
    """Return arrays to compile into."""
    P = 1 << registers
    sizes = ((P, 3 * Q), (P,), (P, registers), (P,))
    return Program(*(np.zeros(size, dtype=np.int64) for size in sizes))


@njit(error_model="numpy")
def feeder(source: int, R: int) -> int:
    """Return the module that a source is the output of, as a bit; 0 for a register."""
    return 1 << (source - R) if source >= R else 0


@njit(error_model="numpy")
def live_modules(circuit: Circuit, R: int) -> int:
    """Return the modules that WRITE or a register needs, and WRITE itself, as bits."""
    live = 1 << LAST
    for j in range(R):
        live |= feeder(circuit[WIRES + j], R)
    for wire in BACKWARDS:
        if live >> OWNER[wire] & 1:
            live |= feeder(circuit[wire], R)
    return live


@njit(error_model="numpy")
def compile_pattern(table: CircuitTable, pattern: int, R: int, program: Program) -> None:
    """Compile one circuit of a table; constants need no work and are left out."""
    circuit = table[pattern]
    live = live_modules(circuit, R)
    size = 0
    for module in range(Q):
        if live >> module & 1 and ARITY[module] > 0:
            first = FIRST[module]
            program.modules[pattern, 3 * size] = module
            program.modules[pattern, 3 * size + 1] = circuit[first]
            program.modules[pattern, 3 * size + 2] = circuit[first + ARITY[module] - 1]
            size += 1
    program.sizes[pattern] = size
    for j in range(R):
        program.after[pattern, j] = circuit[WIRES + j]
    program.finish[pattern] = circuit[WIRES + R]


@njit(error_model="numpy")
def compile_table(table: CircuitTable, R: int, program: Program) -> None:
    """Compile all circuits of a table."""
    for pattern in range(1 << R):
        compile_pattern(table, pattern, R, program)
