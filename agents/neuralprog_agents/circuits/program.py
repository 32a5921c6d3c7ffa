"""A table of circuits as the interpreter takes it: with the modules that have an effect.

A circuit's wires are those of ``neuralprog_envs.tape.machine``: each module's arguments, each
register's source, finish. Of all modules few feed anything; ``compile_pattern`` notes those. WRITE,
the last one, always has an effect. Learned modules stand before it; compiled code looks their
results up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits.lanes import MOST_MEMORY
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.compiled import inlined
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
        arguments: The wires of each module's arguments, as bits, shape (Q,), int64.
        results: The tables of the learned modules, one after another, uint8.
        place: Where the table of a module modulo M begins there, shape (Q, 129), int64: its entry
            a · M + b is the result.
    """

    owner: Wires
    arity: NDArray[np.int64]
    first: NDArray[np.int64]
    arguments: NDArray[np.int64]
    results: NDArray[np.uint8]
    place: NDArray[np.int64]


def with_learned(learned: Sequence[LearnedModule]) -> tuple[Any, ...]:
    """Return the fourteen modules with learned ones before WRITE, for ``TapeMachine``."""
    return (*MODULES[:-1], *learned, MODULES[-1])


def module_list(learned: Sequence[LearnedModule] = (), sizes: Iterable[int] = ()) -> ModuleList:
    """Return the list with learned modules, whose results are tabled modulo each of ``sizes``."""
    modules = with_learned(learned)
    arity = np.array([module.arity for module in modules], dtype=np.int64)
    owner, first = np.repeat(np.arange(len(modules)), arity), np.cumsum(arity) - arity
    place = np.full((len(modules), MOST_MEMORY + 1), -1, dtype=np.int64)
    tables, end = [np.zeros(0, dtype=np.uint8)], 0
    for number, module in enumerate(learned, start=len(_ARITHMETIC)):
        for M in sorted(set(sizes)):
            a, b = np.indices((M, M), dtype=np.int32)
            tables.append(module.apply(a, b, M).astype(np.uint8).ravel())
            place[number, M], end = end, end + M * M
    arguments = (1 << arity) - 1 << first
    return ModuleList(owner, arity, first, arguments, np.concatenate(tables), place)


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
    """P = 2**R circuits.

    Attributes:
        machine: Its modules.
        table: The circuits, shape (P, K), int64.
        live: The modules of each that have an effect, as bits, shape (P,), int64.
    """

    machine: ModuleList
    table: CircuitTable
    live: NDArray[np.int64]


def program_of(table: CircuitTable, modules: ModuleList = FOURTEEN) -> Program:
    """Return a table, not copied, with room for what ``compile_table`` notes."""
    return Program(modules, table, np.zeros(len(table), dtype=np.int64))


@inlined
def feeder(source: int, R: int) -> int:
    """Return the module that a source is the output of, as a bit; 0 for a register."""
    return 1 << source >> R


@inlined
def backwards(i: int, W: int) -> int:
    """Return wire i of W, those of the last module first: its sources are earlier modules."""
    beyond = W - ARITHMETIC
    return W - 1 - i if i < beyond else BACKWARDS[i - beyond + 2]


@inlined
def live_modules(circuit: Circuit, R: int, owner: Wires) -> int:
    """Return the modules that WRITE or a register needs, and WRITE itself, as bits.

    It has no branches: a wrong guess of the CPU costs more than the wires of dead modules (26 ns
    instead of 60).
    """
    W = len(owner)
    live = 1 << owner[W - 1]
    for j in range(R):
        live |= feeder(circuit[W + j], R)
    for wire in range(W - 1, ARITHMETIC - 1, -1):
        live |= feeder(circuit[wire], R) & -(live >> owner[wire] & 1)
    for i in range(2, WIRES):
        wire = BACKWARDS[i]
        live |= feeder(circuit[wire], R) & -(live >> OWNER[wire] & 1)
    return live


@inlined
def compile_pattern(program: Program, pattern: int) -> None:
    """Note which modules of a circuit have an effect."""
    owner = program.machine.owner
    R = program.table.shape[1] - len(owner) - 1
    program.live[pattern] = live_modules(program.table[pattern], R, owner)


@inlined
def compile_table(program: Program) -> None:
    """Note which modules of all circuits have an effect."""
    for pattern in range(len(program.table)):
        compile_pattern(program, pattern)


@inlined
def copy_circuit(source: Program, i: int, target: Program, j: int) -> None:
    """Copy circuit i of a program to circuit j of another one, or of the same."""
    for wire in range(source.table.shape[1]):
        target.table[j, wire] = source.table[i, wire]
    target.live[j] = source.live[i]


@inlined
def copy_circuits(source: Program, target: Program, patterns: int) -> None:
    """Copy the circuits of some patterns, given as bits."""
    for pattern in range(len(source.table)):
        if patterns >> pattern & 1:
            copy_circuit(source, pattern, target, pattern)
