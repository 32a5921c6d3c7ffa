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
    compile_pattern,
    copy_circuit,
    copy_circuits,
    feeder,
    program_of,
)
from neuralprog_agents.circuits.proposals import picked
from neuralprog_agents.circuits.random import Stream, below, fraction
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.compiled import compiled, inlined

UNUSED = -1
_REDRAWN = -2
"""Minus a source: to be drawn anew, and differently."""
_AS = -1000
"""A circuit whose first wire is ``_AS - p`` will be a copy of that of pattern p."""
_EVERY = -1
"""All patterns, as bits."""
_TRIES = 8
"""Draws until a policy that is sure of a source keeps it."""
_LEAST_IMPROVEMENT = 1e-9
Floats = NDArray[np.float64]


class Workspace(NamedTuple):
    """The memory that running programs takes.

    Attributes:
        program: For the program that is run.
        kept: For the current one of simulated annealing.
        runs: For states.
    """

    program: Program
    kept: Program
    runs: Runs


class NeighbourSettings(NamedTuple):
    """How a neighbour of a program is drawn, and when it takes its place.

    Attributes:
        more_changes: The probability to draw one more wire anew, after each.
        temperature: Of simulated annealing: a return that is lower by d is accepted with
            probability exp(-d / temperature).
        tied: The probability that a wire is drawn anew at once in all patterns that have the same
            circuit, and that a new circuit of a pattern which no pair visits is a copy.
        join: The probability that a change gives a pattern a copy of another circuit.
        change_unvisited: The probability that a change also draws the circuit of a pattern which no
            pair visits anew, for each of these.

    Copies are made after all changes of a proposal: a copy has what the original got.
    """

    more_changes: float
    temperature: float
    tied: float = 0.0
    join: float = 0.0
    change_unvisited: float = 1.0


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


def workspace(problem: Problem, registers: int, modules: ModuleList = FOURTEEN) -> Workspace:
    """Return the memory for running programs on a problem."""
    shape = (1 << registers, len(modules.owner) + registers + 1)
    program, kept = (program_of(np.zeros(shape, dtype=np.int64), modules) for _ in range(2))
    return Workspace(program, kept, new_runs(problem, registers, modules))


def batch(size: int, registers: int, modules: ModuleList = FOURTEEN) -> Batch:
    """Return so many programs that have no wires yet."""
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
def _complete(stream: Stream, cumulative: Floats, R: int, program: Program, patterns: int) -> None:
    """Draw what the circuits of some patterns, given as bits, lack; mark what has no effect.

    Then make the copies that were asked for. A copy may be of a pattern that is to be a copy, too.
    """
    table, machine = program.table, program.machine
    for pattern in range(len(table)):
        if patterns >> pattern & 1 and table[pattern, 0] > _AS:
            _draw_circuit(stream, cumulative[pattern], R, machine, table[pattern])
            compile_pattern(program, pattern)
            _forget_dead(table[pattern], program.live[pattern], machine.owner)
    for pattern in range(len(table)):
        other = pattern
        while table[other, 0] <= _AS:
            other = _AS - table[other, 0]
        if other != pattern:
            copy_circuit(program, other, program, pattern)


@inlined
def _forget_dead(circuit: Circuit, live: int, owner: Wires) -> None:
    """Mark the arguments of modules that have no effect."""
    for wire in range(len(owner)):
        if not live >> owner[wire] & 1:
            circuit[wire] = UNUSED


@inlined
def _store(program: Program, visited: int, table: CircuitTable) -> None:
    """Copy the circuits of the patterns that pairs visit; mark the others."""
    for pattern in range(len(table)):
        for wire in range(table.shape[1]):
            source = program.table[pattern, wire]
            table[pattern, wire] = source if visited >> pattern & 1 else UNUSED


@inlined
def _sample(
    stream: Stream,
    cumulative: Floats,
    workspace: Workspace,
    problem: Problem,
    weights: Weights,
    out: Batch,
) -> None:
    for i in range(len(out.tables)):
        workspace.program.table[:] = UNUSED
        _complete(stream, cumulative, workspace.runs.registers, workspace.program, _EVERY)
        score = evaluate(workspace.runs, problem, weights, workspace.program, ANEW, np.inf)
        out.returns[i], out.right[i] = score.score, score.right
        _store(workspace.program, score.visited, out.tables[i])


@inlined
def _copy_from(table: CircuitTable, pattern: int, other: int) -> None:
    """Ask for a copy of one circuit instead of another."""
    table[pattern] = UNUSED
    table[pattern, 0] = _AS - other


@inlined
def _tie_twins(table: CircuitTable, pattern: int) -> int:
    """Let all patterns that have the same circuit as one stay copies of it.

    Returns:
        The others, as bits.
    """
    twins = 0
    for twin in range(len(table)):
        same = twin != pattern
        for wire in range(table.shape[1]):
            same &= table[twin, wire] == table[pattern, wire]
        twins |= int(same) << twin
        if same:
            _copy_from(table, twin, pattern)
    return twins


@inlined
def _renew_unvisited(
    stream: Stream, tied: float, chance: float, table: CircuitTable, visited: int
) -> int:
    """Mark circuits of patterns that no pair visits, each with a chance, to be drawn anew.

    With probability ``tied`` such a circuit will be a copy of one that pairs visit. Before the
    first run, when none is visited, it will be one of pattern 0.

    Returns:
        The marked patterns, as bits.
    """
    renewed = 0
    for pattern in range(len(table)):
        if visited >> pattern & 1 or (chance < 1 and fraction(stream) >= chance):
            continue
        renewed |= 1 << pattern
        original = pattern == 0 and visited == 0
        if tied > 0 and not original and fraction(stream) < tied:
            _copy_from(table, pattern, picked(stream, visited))
        else:
            table[pattern] = UNUSED
    return renewed


@inlined
def _join(stream: Stream, table: CircuitTable, visited: int) -> int:
    """Let one pattern be a copy of another one; return it as a bit, or 0.

    Neither may be marked to be a copy already: so no two patterns can be copies of each other.
    """
    pattern, other = picked(stream, visited), picked(stream, visited)
    if pattern == other or table[pattern, 0] <= _AS or table[other, 0] <= _AS:
        return 0
    _copy_from(table, pattern, other)
    return 1 << pattern


@inlined
def _used(circuit: Circuit, wires: int) -> int:
    """How many of a circuit's first wires have a source."""
    used = 0
    for wire in range(wires):
        used += circuit[wire] >= 0
    return used


@inlined
def _redraw_one(stream: Stream, tied: float, table: CircuitTable, wires: int, visited: int) -> int:
    """Mark one of the wires in use to be drawn anew, of the first ones of each circuit.

    Returns:
        The patterns that will change, as bits.
    """
    used = 0
    for pattern in range(len(table)):
        used += _used(table[pattern], wires) if visited >> pattern & 1 else 0
    if used == 0:
        return 0
    pick, pattern = below(stream, used), 0
    while not visited >> pattern & 1 or pick >= _used(table[pattern], wires):
        pick -= _used(table[pattern], wires) if visited >> pattern & 1 else 0
        pattern += 1
    touched = 1 << pattern
    if tied > 0 and fraction(stream) < tied:
        touched |= _tie_twins(table, pattern)
    wire = 0
    while pick > 0 or table[pattern, wire] < 0:
        pick -= table[pattern, wire] >= 0
        wire += 1
    table[pattern, wire] = _REDRAWN - table[pattern, wire]
    return touched


@inlined
def _change(
    stream: Stream, settings: NeighbourSettings, table: CircuitTable, wires: int, visited: int
) -> int:
    """Mark what is to be drawn anew; return the patterns that will change, as bits."""
    touched, changes = 0, 0
    while changes == 0 or fraction(stream) < settings.more_changes:
        if settings.join > 0 and fraction(stream) < settings.join:
            touched |= _join(stream, table, visited)
        else:
            touched |= _redraw_one(stream, settings.tied, table, wires, visited)
        changes += 1
    return touched


@inlined
def _keep_differing(
    old: Program, new: Program, visited: int, visits: int, out: CircuitTable
) -> None:
    """Keep the new sources: those that a new program uses and an old one did not.

    The old program visited the patterns ``visited``, and the new one ``visits``, as bits.
    """
    for pattern in range(len(out)):
        for wire in range(out.shape[1]):
            source = new.table[pattern, wire]
            same = visited >> pattern & 1 and source == old.table[pattern, wire]
            out[pattern, wire] = UNUSED if same or not visits >> pattern & 1 else source


@inlined
def _patterns_changed(old: Program, new: Program, touched: int, visited: int) -> int:
    """Which of the touched patterns have another circuit, as bits; all that were not visited."""
    changed = touched & ~visited
    for pattern in range(len(old.table)):
        if (touched & visited) >> pattern & 1:
            differs = False
            for wire in range(old.table.shape[1]):
                used = old.table[pattern, wire] != UNUSED
                differs |= used and old.table[pattern, wire] != new.table[pattern, wire]
            changed |= int(differs) << pattern
    return changed


@inlined
def _visited(table: CircuitTable) -> int:
    """The patterns that a stored program visited when it was run, as bits."""
    visited = 0
    for pattern in range(len(table)):
        visited |= int(table[pattern, -1] != UNUSED) << pattern
    return visited


@inlined
def _anneal(
    stream: Stream,
    cumulative: Floats,
    settings: NeighbourSettings,
    workspace: Workspace,
    problem: Problem,
    weights: Weights,
    current: Batch,
    improvements: CircuitTable,
) -> tuple[int, int]:
    """See ``anneal``. Only circuits that a change touches are drawn, compared and copied.

    A change that is not kept is undone in the patterns that pairs visit, and there alone. So the
    others come to have variants of circuits in use, which pays on Deduplicate and Merge (README).
    """
    groups, made, improved, before, slack = len(problem.cells), 0, 0, np.inf, np.inf
    runs, trial, kept = workspace.runs, workspace.program, workspace.kept
    R = runs.registers
    wires = trial.table.shape[1] - 1 + weights.halting
    visited, touched, changed = _visited(current.tables[0]), _EVERY, ANEW
    for pattern in range(len(trial.table)):
        for wire in range(trial.table.shape[1]):
            trial.table[pattern, wire] = current.tables[0, pattern, wire]
    _renew_unvisited(stream, settings.tied, 1.0, trial.table, visited)
    while True:
        _complete(stream, cumulative, R, trial, touched)
        if made > 0:
            changed = _patterns_changed(kept, trial, touched, visited)
        score = evaluate(runs, problem, weights, trial, changed, slack)
        if score.score >= 0:
            keep(runs)
            if score.score > before + _LEAST_IMPROVEMENT:
                _keep_differing(kept, trial, visited, score.visited, improvements[improved])
                improved += 1
            copy_circuits(trial, kept, touched | (visited ^ score.visited))
            current.returns[0], current.right[0] = score.score, score.right
            visited, before = score.visited, score.score
        else:
            copy_circuits(kept, trial, touched & visited)
        if made == len(improvements) or current.right[0] == LANES * groups:
            _store(kept, visited, current.tables[0])
            return made, improved
        touched = _change(stream, settings, trial.table, wires, visited)
        slack = -groups * settings.temperature * np.log(1.0 - fraction(stream))
        chance = settings.change_unvisited
        touched |= _renew_unvisited(stream, settings.tied, chance, trial.table, visited)
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
    def anneal(*arguments: Any) -> tuple[int, int]:
        version = sources  # noqa: F841
        return _anneal(*arguments)

    @njit(nogil=True, error_model="numpy", cache=cache, _nrt=False)
    def add_up(*arguments: Any) -> None:
        version = sources  # noqa: F841
        _add_up(*arguments)

    return sample, anneal, add_up


_FOLDER = Path(circuits.__file__).parent
sample, anneal, add_up = compiled(
    _build, [Path(__file__), *(_FOLDER / f"{name}.py" for name in SOURCES)]
)
"""``sample`` fills a batch with programs and runs them.

``anneal`` goes from the only program of a batch, which may lack wires or all, to its neighbours,
until one fits; at most as many as ``improvements`` has rows, shape (N, P, W). It returns how many
were drawn, and how many raised the return: their new sources are the first of these rows.

``add_up`` adds each program's weight to the sources that it uses, shape (P, W, C)."""
