"""A table of circuits as the interpreter takes it: each pattern's modules that have an effect.

A circuit's wires are those of ``neuralprog_envs.tape.machine``: each module's arguments, each
register's source, finish. Of all modules few feed anything; ``compile_pattern`` lists those, in
order. WRITE, the last one, always has an effect. Learned modules stand before it; compiled code
looks their results up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neuralprog_agents.circuits.lanes import MOST_MEMORY
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_envs.tape.learned import LearnedModule
from neuralprog_envs.tape.ops import MODULES

Circuit = NDArray[np.int64]
"""Wires of one circuit, shape (W + R + 1,): W arguments, R registers' sources, finish."""
_ARITHMETIC = tuple(module.name for module in MODULES[:-1])

if MODULES[-1].name != "WRITE" or _ARITHMETIC[:4] != ("READ", "ZERO", "ONE", "TWO"):
    raise RuntimeError("the compiled interpreter knows another list of modules")


Wires = NDArray[np.int64]
"""The module that each wire of a circuit is an argument of, ascending, shape (W,)."""


class ModuleList(NamedTuple):
    """A machine's Q modules as compiled code takes them: the fourteen, learned ones before WRITE.

    Attributes:
        owner: See ``Wires``.
        arity: Shape (Q,), int64.
        first: The wire of each module's first argument, shape (Q,), int64.
        results: The tables of the learned modules, one after another, uint8.
        place: Where the table of a module modulo M begins there, shape (Q, 129), int64: its entry
            a · M + b is the result.
    """

    owner: Wires
    arity: NDArray[np.int64]
    first: NDArray[np.int64]
    results: NDArray[np.uint8]
    place: NDArray[np.int64]


def with_learned(learned: Sequence[LearnedModule]) -> tuple[Any, ...]:
    """Return the fourteen modules with learned ones before WRITE, for ``TapeMachine``."""
    return (*MODULES[:-1], *learned, MODULES[-1])


def module_list(learned: Sequence[LearnedModule] = (), sizes: Iterable[int] = ()) -> ModuleList:
    """Return the list with learned modules, whose results are tabled modulo each of ``sizes``."""
    modules = with_learned(learned)
    arity = np.array([module.arity for module in modules], dtype=np.int64)
    owner = np.repeat(np.arange(len(modules)), arity)
    place = np.full((len(modules), MOST_MEMORY + 1), -1, dtype=np.int64)
    tables, end = [np.zeros(0, dtype=np.uint8)], 0
    for number, module in enumerate(learned, start=len(_ARITHMETIC)):
        for M in sorted(set(sizes)):
            a, b = np.indices((M, M), dtype=np.int32)
            tables.append(module.apply(a, b, M).astype(np.uint8).ravel())
            place[number, M], end = end, end + M * M
    return ModuleList(owner, arity, np.cumsum(arity) - arity, np.concatenate(tables), place)


FOURTEEN = module_list()
Q, WIRES = len(FOURTEEN.arity), len(FOURTEEN.owner)
"""How many modules and wires of arguments a circuit of the fourteen has."""
LAST = FIRST_LEARNED = Q - 1
"""WRITE among the fourteen; with learned modules, the first of these."""
ARITHMETIC = WIRES - 2
"""The wires of arguments before those of WRITE and of learned modules: the same in any list."""
ARITY, FIRST, OWNER = FOURTEEN.arity, FOURTEEN.first, FOURTEEN.owner
BACKWARDS = np.argsort(-OWNER, kind="stable")
"""The wires of the fourteen, the last module's first: sources are registers and earlier modules."""


class Program(NamedTuple):
    """P = 2**R compiled circuits.

    Attributes:
        machine: Its modules.
        modules: Number, first and second source of each live module, shape (P, Q · 3), int64.
        sizes: How many are live, shape (P,), int64.
        after: Each register's source, shape (P, R), int64.
        finish: Whether the circuit ends the run, shape (P,), int64.
    """

    machine: ModuleList
    modules: NDArray[np.int64]
    sizes: NDArray[np.int64]
    after: NDArray[np.int64]
    finish: NDArray[np.int64]


def empty(registers: int, modules: ModuleList = FOURTEEN) -> Program:
    """Return arrays to compile into."""
    P = 1 << registers
    sizes = ((P, 3 * len(modules.arity)), (P,), (P, registers), (P,))
    return Program(modules, *(np.zeros(size, dtype=np.int64) for size in sizes))


@njit(error_model="numpy")
def feeder(source: int, R: int) -> int:
    """Return the module that a source is the output of, as a bit; 0 for a register."""
    return 1 << (source - R) if source >= R else 0


@njit(error_model="numpy")
def backwards(i: int, W: int) -> int:
    """Return wire i of W, those of the last module first: its sources are earlier modules."""
    beyond = W - ARITHMETIC
    return W - 1 - i if i < beyond else BACKWARDS[i - beyond + 2]


@njit(error_model="numpy")
def live_modules(circuit: Circuit, R: int, owner: Wires) -> int:
    """Return the modules that WRITE or a register needs, and WRITE itself, as bits."""
    W = len(owner)
    live = 1 << owner[W - 1]
    for j in range(R):
        live |= feeder(circuit[W + j], R)
    for i in range(W):
        wire = backwards(i, W)
        if live >> owner[wire] & 1:
            live |= feeder(circuit[wire], R)
    return live


@njit(error_model="numpy")
def _add(
    program: Program, pattern: int, k: int, module: int, circuit: Circuit, wire: int, arity: int
) -> None:
    """Write down live module k of a circuit, whose first argument is a wire."""
    program.modules[pattern, 3 * k] = module
    program.modules[pattern, 3 * k + 1] = circuit[wire]
    program.modules[pattern, 3 * k + 2] = circuit[wire + arity - 1]


@njit(error_model="numpy")
def compile_pattern(table: CircuitTable, pattern: int, R: int, program: Program) -> None:
    """Compile one circuit of a table; constants need no work and are left out."""
    circuit, modules = table[pattern], program.machine
    live = live_modules(circuit, R, modules.owner)
    size, wires, arity, first = 0, len(modules.owner), modules.arity, modules.first
    for module in range(FIRST_LEARNED):
        if live >> module & 1 and ARITY[module] > 0:
            _add(program, pattern, size, module, circuit, FIRST[module], ARITY[module])
            size += 1
    for module in range(FIRST_LEARNED, len(arity)):
        if live >> module & 1:
            _add(program, pattern, size, module, circuit, first[module], arity[module])
            size += 1
    program.sizes[pattern] = size
    for j in range(R):
        program.after[pattern, j] = circuit[wires + j]
    program.finish[pattern] = circuit[wires + R]


@njit(error_model="numpy")
def compile_table(table: CircuitTable, R: int, program: Program) -> None:
    """Compile all circuits of a table."""
    for pattern in range(1 << R):
        compile_pattern(table, pattern, R, program)
