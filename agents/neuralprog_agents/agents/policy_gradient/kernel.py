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
from neuralprog_agents.circuits.interpreter import Bytes, Problem, Weights, evaluate, workspace
from neuralprog_agents.circuits.program import (
    BACKWARDS,
    LAST,
    OWNER,
    WIRES,
    Circuit,
    Program,
    compile_table,
    empty,
    feeder,
    live_modules,
)
from neuralprog_agents.circuits.random import Stream, below, fraction
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.compiled import compiled

UNUSED = -1
Floats = NDArray[np.float64]


class Room(NamedTuple):
    """What running a program needs: room for it compiled, for its tapes, and for its gains."""

    program: Program
    work: Bytes
    gains: Floats


class Proposal(NamedTuple):
    """How a program is drawn.

    Attributes:
        cumulative: The cumulative probabilities of each wire's sources, shape (P, W, C).
        parents: Programs to begin from, shape (K, P, W), with K from 0.
        near: The probability to begin from one of them.
        redraw: The probability of each of its wires to be drawn anew.
    """

    cumulative: Floats
    parents: CircuitTable
    near: float
    redraw: float


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


def room(problem: Problem, registers: int) -> Room:
    """Return room for running programs on a problem."""
    return Room(empty(registers), workspace(problem, registers), np.zeros(len(problem.cells)))


def batch(size: int, registers: int) -> Batch:
    """Return room for so many programs."""
    shape = (size, 1 << registers, WIRES + registers + 1)
    tables = np.full(shape, UNUSED, dtype=np.int64)
    return Batch(tables, np.zeros(size), np.zeros(size, dtype=np.int64))


@njit(error_model="numpy")
def _draw_wire(stream: Stream, cumulative: Floats, old: int, redraw: float) -> int:
    """The old source, unless there is none or it is drawn anew."""
    if old != UNUSED and (redraw == 0 or fraction(stream) >= redraw):
        return old
    u, source = fraction(stream), 0
    while cumulative[source] <= u:
        source += 1
    return source


@njit(error_model="numpy")
def _draw_circuit(
    stream: Stream, cumulative: Floats, old: Circuit, redraw: float, R: int, circuit: Circuit
) -> None:
    """Draw a circuit's live wires; the others become 0."""
    circuit[:] = 0
    live = 1 << LAST
    for wire in range(WIRES, WIRES + R):
        circuit[wire] = _draw_wire(stream, cumulative[wire], old[wire], redraw)
        live |= feeder(circuit[wire], R)
    for wire in BACKWARDS:
        if live >> OWNER[wire] & 1:
            circuit[wire] = _draw_wire(stream, cumulative[wire], old[wire], redraw)
            live |= feeder(circuit[wire], R)
    finish = WIRES + R
    circuit[finish] = _draw_wire(stream, cumulative[finish], old[finish], redraw)


@njit(error_model="numpy")
def _draw(stream: Stream, proposal: Proposal, blank: Circuit, R: int, table: CircuitTable) -> None:
    """Draw a program."""
    parents, redraw = proposal.parents, proposal.redraw
    K = len(parents)
    parent = below(stream, K) if K > 0 and fraction(stream) < proposal.near else UNUSED
    for pattern in range(len(table)):
        old = blank if parent == UNUSED else parents[parent, pattern]
        circuit, cumulative = table[pattern], proposal.cumulative[pattern]
        _draw_circuit(stream, cumulative, old, redraw, R, circuit)


@njit(error_model="numpy")
def _forget_unused(table: CircuitTable, visited: int, R: int) -> None:
    """Mark what has no effect in a program that has been run."""
    for pattern in range(len(table)):
        if not visited >> pattern & 1:
            table[pattern] = UNUSED
            continue
        live = live_modules(table[pattern], R)
        for wire in range(WIRES):
            if not live >> OWNER[wire] & 1:
                table[pattern, wire] = UNUSED


@njit(error_model="numpy")
def _sample(
    stream: Stream, proposal: Proposal, room: Room, problem: Problem, weights: Weights, out: Batch
) -> None:
    R = room.program.after.shape[1]
    blank = np.full(out.tables.shape[2], UNUSED)
    for i in range(len(out.tables)):
        table = out.tables[i]
        _draw(stream, proposal, blank, R, table)
        compile_table(table, R, room.program)
        score = evaluate(room.work, problem, weights, room.program, R, room.gains, np.inf)
        out.returns[i], out.right[i] = score.score, score.right
        _forget_unused(table, score.visited, R)


@njit(error_model="numpy")
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

    @njit(nogil=True, error_model="numpy", cache=cache)
    def sample(*arguments: Any) -> None:
        version = sources  # noqa: F841
        _sample(*arguments)

    @njit(nogil=True, error_model="numpy", cache=cache)
    def add_up(*arguments: Any) -> None:
        version = sources  # noqa: F841
        _add_up(*arguments)

    return sample, add_up


_FOLDER = Path(circuits.__file__).parent
sample, add_up = compiled(_build, [Path(__file__), *(_FOLDER / f"{name}.py" for name in SOURCES)])
"""``sample`` fills a batch with programs and runs them. ``add_up`` adds each program's weight to
the sources that it uses, shape (P, W, C)."""
