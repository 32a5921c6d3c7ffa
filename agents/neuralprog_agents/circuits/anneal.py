"""The compiled entry: some thousand proposals of simulated annealing in a single call.

Compiled once for all shapes and kept on disk. The function holds no lock while it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neuralprog_agents.circuits.interpreter import (
    ANEW,
    Problem,
    Runs,
    TableScore,
    Weights,
    evaluate,
    keep,
    new_runs,
)
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_agents.circuits.program import (
    FOURTEEN,
    ModuleList,
    Program,
    compile_table,
    copy_circuits,
    program_of,
)
from neuralprog_agents.circuits.proposals import Moves, propose
from neuralprog_agents.circuits.random import Stream, fraction
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.compiled import compiled, inlined

_EVERY = -1
"""All patterns, as bits."""


class Cooling(NamedTuple):
    """The temperature: it falls from initial to final, geometrically, within ``total`` proposals.

    ``first`` proposals have been made before this call.
    """

    initial: float
    final: float
    first: int
    total: int


class SearchState(NamedTuple):
    """What a search holds; all of it changes in place: a program, a changed copy, randomness."""

    program: Program
    trial: Program
    stream: Stream

    @property
    def table(self) -> CircuitTable:
        """The current program's circuits."""
        return self.program.table


def begin(table: CircuitTable, stream: Stream, modules: ModuleList = FOURTEEN) -> SearchState:
    """Return a search that starts at a table (which it changes in place)."""
    return SearchState(program_of(table, modules), program_of(table.copy(), modules), stream)


@inlined
def _inspect(
    search: SearchState, runs: Runs, problem: Problem, weights: Weights, table: CircuitTable
) -> int:
    """Run a table on all groups; return the patterns that it visits."""
    program = Program(search.trial.machine, table, search.trial.live)
    compile_table(program)
    return evaluate(runs, problem, weights, program, ANEW, np.inf).visited


@inlined
def _temperature(schedule: Cooling, done: int) -> float:
    passed = (schedule.first + done) / schedule.total
    return schedule.initial * (schedule.final / schedule.initial) ** passed


@inlined
def _anneal(
    search: SearchState,
    runs: Runs,
    problem: Problem,
    weights: Weights,
    moves: Moves,
    schedule: Cooling,
    count: int,
) -> tuple[TableScore, int]:
    """Make up to ``count`` proposals; return the score and how many were made.

    A proposal is kept unless it falls more than a random slack below the score now. It is dropped
    as soon as the groups run so far fall by more than that in all, usually after the first one.
    """
    compile_table(search.program)
    copy_circuits(search.program, search.trial, _EVERY)
    groups, now, done = len(problem.cells), TableScore(0.0, 0, 0), -1
    while done < count and now.right < LANES * groups:
        touched, changed, slack = _EVERY, ANEW, np.inf  # first the program as it is
        if done >= 0:
            slack = -_temperature(schedule, done) * np.log(1.0 - fraction(search.stream)) * groups
            touched = changed = propose(search.stream, search.trial, now.visited, moves)
        score = evaluate(runs, problem, weights, search.trial, changed, slack)
        if score.score >= 0:
            keep(runs)
            copy_circuits(search.trial, search.program, touched)
            now = score
        else:
            copy_circuits(search.program, search.trial, touched)
        done += 1
    return now, done


SOURCES = ("anneal", "interpreter", "lanes", "program", "proposals", "random")
"""The modules of this folder whose code is in the compiled entries."""


def _build(sources: str, cache: bool) -> tuple[Any, ...]:
    """The entries; see ``training.compiled``."""

    @njit(nogil=True, error_model="numpy", cache=cache, _nrt=False)
    def anneal(*arguments: Any) -> tuple[TableScore, int]:
        version = sources  # noqa: F841
        return _anneal(*arguments)

    @njit(nogil=True, error_model="numpy", cache=cache, _nrt=False)
    def inspect(*arguments: Any) -> int:
        version = sources  # noqa: F841
        return _inspect(*arguments)

    return anneal, inspect


_anneal_entry, _inspect_entry = compiled(
    _build, [Path(__file__).with_name(f"{n}.py") for n in SOURCES]
)


def anneal(
    search: SearchState,
    problem: Problem,
    weights: Weights,
    moves: Moves,
    schedule: Cooling,
    count: int,
) -> tuple[TableScore, int]:
    """Make up to ``count`` proposals, stop at a fit; return the score and how many were made."""
    room = _room(search, problem)
    now, made = _anneal_entry(search, room, problem, weights, moves, schedule, count)
    return TableScore(*now), made


def right_pairs(
    search: SearchState, problem: Problem, weights: Weights, table: CircuitTable
) -> tuple[NDArray[np.bool_], tuple[int, ...]]:
    """Return which of the 64·G pairs a table is right on, and the patterns that it visits."""
    room = _room(search, problem)
    visited = _inspect_entry(search, room, problem, weights, table)
    right = np.unpackbits(room.right[1].view(np.uint8), bitorder="little").astype(bool)
    return right, tuple(pattern for pattern in range(len(table)) if visited >> pattern & 1)


def _room(search: SearchState, problem: Problem) -> Runs:
    machine, table = search.program.machine, search.table
    return new_runs(problem, len(table).bit_length() - 1, machine)
