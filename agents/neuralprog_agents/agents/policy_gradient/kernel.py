"""The compiled part: programs are drawn from categoricals, wire by wire, and run on all pairs.

What has no effect of a program, a dead wire or the circuit of a pattern that no pair visits, is
``UNUSED`` in its table: sampling on demand would not have drawn it, and it has no part in the
program's probability.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neuralprog_agents import circuits
from neuralprog_agents.circuits.anneal import SOURCES
from neuralprog_agents.circuits.interpreter import (
    ANEW,
    Problem,
    Runs,
    Weights,
    evaluate,
    keep,
    new_runs,
)
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_agents.circuits.program import (
    FOURTEEN,
    Circuit,
    ModuleList,
    Program,
    Wires,
    compile_table,
    feeder,
    live_modules,
    program_of,
)
from neuralprog_agents.circuits.random import Stream, below, fraction
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.compiled import compiled, inlined

UNUSED = -1
_REDRAWN = -2
"""Minus a source: to be drawn anew, and differently."""
_TRIES = 8
"""Draws until a policy that is sure of a source keeps it."""
_LEAST_GAIN = 1e-9
Floats = NDArray[np.float64]


class Room(NamedTuple):
    """What running a program needs: room for it, and for its states."""

    program: Program
    runs: Runs


class Near(NamedTuple):
    """How a program near another is drawn, and when it takes its place.

    Attributes:
        more_changes: The probability to draw one more wire anew, after each.
        temperature: Of simulated annealing: a return that is lower by d is accepted with
            probability exp(-d / temperature).
    """

    more_changes: float
    temperature: float


class Batch(NamedTuple):
    """N programs and how they did.

    Attributes:
        tables: Each wire's source or ``UNUSED``, shape (N, P, W), int64.
        returns: Their returns, shape (N,).
        right: How many pairs each is wholly right on, shape (N,), int64.
    """

    tables: CircuitTable
    returns: Floats
    right: NDArray[np.int64]


def room(problem: Problem, registers: int, modules: ModuleList = FOURTEEN) -> Room:
    """Return room for running programs on a problem."""
    table = np.zeros((1 << registers, len(modules.owner) + registers + 1), dtype=np.int64)
    return Room(program_of(table, modules), new_runs(problem, registers, modules))


def batch(size: int, registers: int, modules: ModuleList = FOURTEEN) -> Batch:
    """Return room for so many programs."""
    shape = (size, 1 << registers, len(modules.owner) + registers + 1)
    tables = np.full(shape, UNUSED, dtype=np.int64)
    return Batch(tables, np.zeros(size), np.zeros(size, dtype=np.int64))


@inlined
def _draw_wire(stream: Stream, cumulative: Floats, old: int) -> int:
    """The old source; one from the policy where it is ``UNUSED``, or another where it is redrawn.

    A policy that is sure of the old source draws it again, after some tries.
    """
    source = old
    tries = 0
    while source < 0 or (source == _REDRAWN - old and tries < _TRIES):
        u, source = fraction(stream), 0
        while cumulative[source] <= u:
            source += 1
        tries += 1
    return source


@inlined
def _draw_circuit(
    stream: Stream, cumulative: Floats, R: int, machine: ModuleList, circuit: Circuit
) -> None:
    """Draw what a circuit lacks of its live wires; the others become 0."""
    wires, modules = len(machine.owner), len(machine.arity)
    live = 1 << modules - 1
    for wire in range(wires, wires + R):
        circuit[wire] = _draw_wire(stream, cumulative[wire], circuit[wire])
        live |= feeder(circuit[wire], R)
    for module in range(modules - 1, -1, -1):
        for wire in range(machine.first[module], machine.first[module] + machine.arity[module]):
            if live >> module & 1:
                circuit[wire] = _draw_wire(stream, cumulative[wire], circuit[wire])
                live |= feeder(circuit[wire], R)
            else:
                circuit[wire] = 0
    finish = wires + R
    circuit[finish] = _draw_wire(stream, cumulative[finish], circuit[finish])


@inlined
def _draw(
    stream: Stream, cumulative: Floats, R: int, machine: ModuleList, table: CircuitTable
) -> None:
    """Draw what a program lacks."""
    for pattern in range(len(table)):
        _draw_circuit(stream, cumulative[pattern], R, machine, table[pattern])


@inlined
def _redraw_one(stream: Stream, table: CircuitTable, wires: int) -> None:
    """Mark one of the wires in use to be drawn anew, of the first ones of each circuit."""
    used = 0
    for pattern in range(len(table)):
        for wire in range(wires):
            used += table[pattern, wire] >= 0
    pick = below(stream, used) if used else 0
    for pattern in range(len(table)):
        for wire in range(wires):
            if table[pattern, wire] >= 0:
                if pick == 0:
                    table[pattern, wire] = _REDRAWN - table[pattern, wire]
                    return
                pick -= 1


@inlined
def _forget_unused(table: CircuitTable, visited: int, R: int, owner: Wires) -> None:
    """Mark what has no effect in a program that has been run."""
    for pattern in range(len(table)):
        if not visited >> pattern & 1:
            table[pattern] = UNUSED
            continue
        live = live_modules(table[pattern], R, owner)
        for wire in range(len(owner)):
            if not live >> owner[wire] & 1:
                table[pattern, wire] = UNUSED


@inlined
def _copy(source: CircuitTable, target: CircuitTable) -> None:
    for pattern in range(len(source)):
        for wire in range(source.shape[1]):
            target[pattern, wire] = source[pattern, wire]


@inlined
def _sample(
    stream: Stream, cumulative: Floats, room: Room, problem: Problem, weights: Weights, out: Batch
) -> None:
    R, runs, drawn = room.runs.registers, room.runs, room.program.table
    machine = room.program.machine
    for i in range(len(out.tables)):
        drawn[:] = UNUSED
        _draw(stream, cumulative, R, machine, drawn)
        compile_table(room.program)
        score = evaluate(runs, problem, weights, room.program, ANEW, np.inf)
        out.returns[i], out.right[i] = score.score, score.right
        _forget_unused(drawn, score.visited, R, machine.owner)
        _copy(drawn, out.tables[i])


@inlined
def _mark_near(stream: Stream, near: Near, table: CircuitTable, halting: bool) -> float:
    """Mark some wires to be drawn anew; return how much lower a return may be."""
    wires = table.shape[1] - 1 + halting
    _redraw_one(stream, table, wires)
    while fraction(stream) < near.more_changes:
        _redraw_one(stream, table, wires)
    return -near.temperature * np.log(1.0 - fraction(stream))


@inlined
def _changed(old: CircuitTable, new: CircuitTable, out: CircuitTable) -> None:
    """Keep of a new program what differs from an old one."""
    for pattern in range(len(old)):
        for wire in range(old.shape[1]):
            same = new[pattern, wire] == old[pattern, wire]
            out[pattern, wire] = UNUSED if same else new[pattern, wire]


@inlined
def _patterns_changed(old: CircuitTable, new: CircuitTable) -> int:
    """The patterns of which a new program lacks a source that an old one uses, as bits.

    Those that no pair visited are among them.
    """
    changed = 0
    for pattern in range(len(old)):
        differs = old[pattern, -1] == UNUSED
        for wire in range(old.shape[1]):
            differs |= old[pattern, wire] != UNUSED and old[pattern, wire] != new[pattern, wire]
        changed |= int(differs) << pattern
    return changed


@inlined
def _walk(
    stream: Stream,
    cumulative: Floats,
    near: Near,
    room: Room,
    problem: Problem,
    weights: Weights,
    at: Batch,
    gains: CircuitTable,
) -> tuple[int, int]:
    groups, made, gained, changed = len(problem.cells), 0, 0, ANEW
    R, machine = room.runs.registers, room.program.machine
    place, trial, slack, before = at.tables[0], room.program.table, np.inf, np.inf
    _copy(place, trial)
    while True:
        _draw(stream, cumulative, R, machine, trial)
        compile_table(room.program)
        if made > 0:
            changed = _patterns_changed(place, trial)
        score = evaluate(room.runs, problem, weights, room.program, changed, slack)
        if score.score >= 0:
            keep(room.runs)
            _forget_unused(trial, score.visited, R, machine.owner)
            if score.score > before + _LEAST_GAIN:
                _changed(place, trial, gains[gained])
                gained += 1
            _copy(trial, place)
            at.returns[0], at.right[0] = score.score, score.right
            before = score.score
        if made == len(gains) or at.right[0] == LANES * groups:
            return made, gained
        _copy(place, trial)
        slack = groups * _mark_near(stream, near, trial, weights.halting)
        made += 1


@inlined
def _add_up(tables: CircuitTable, weights: Floats, out: Floats) -> None:
    for i in range(len(tables)):
        if weights[i] != 0:
            for pattern in range(tables.shape[1]):
                for wire in range(tables.shape[2]):
                    source = tables[i, pattern, wire]
                    if source != UNUSED:
                        out[pattern, wire, source] += weights[i]


def _build(sources: str, cache: bool) -> tuple[Any, ...]:
    """The entries; see ``training.compiled``."""

    @njit(nogil=True, error_model="numpy", cache=cache, _nrt=False)
    def sample(*arguments: Any) -> None:
        version = sources  # noqa: F841
        _sample(*arguments)

    @njit(nogil=True, error_model="numpy", cache=cache, _nrt=False)
    def walk(*arguments: Any) -> tuple[int, int]:
        version = sources  # noqa: F841
        return _walk(*arguments)

    @njit(nogil=True, error_model="numpy", cache=cache, _nrt=False)
    def add_up(*arguments: Any) -> None:
        version = sources  # noqa: F841
        _add_up(*arguments)

    return sample, walk, add_up


_FOLDER = Path(circuits.__file__).parent
sample, walk, add_up = compiled(
    _build, [Path(__file__), *(_FOLDER / f"{name}.py" for name in SOURCES)]
)
"""``sample`` fills a batch with programs and runs them.

``walk`` goes from the only program of a batch, which may lack wires or all, to programs near it,
until one fits; at most as many as ``gains`` has rows, shape (N, P, W). It returns how many were
drawn, and how many raised the return: their new sources are the first rows of ``gains``.

``add_up`` adds each program's weight to the sources that it uses, shape (P, W, C)."""
