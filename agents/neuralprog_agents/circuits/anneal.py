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
    Bytes,
    Problem,
    TableScore,
    Weights,
    evaluate,
    right_in,
    workspace,
)
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_agents.circuits.program import (
    FOURTEEN,
    ModuleList,
    Program,
    compile_pattern,
    compile_table,
    empty,
)
from neuralprog_agents.circuits.proposals import Moves, propose
from neuralprog_agents.circuits.random import Stream, fraction
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.compiled import compiled

Inspected = tuple[NDArray[np.uint64], int]


class Cooling(NamedTuple):
    """The temperature: it falls from initial to final, geometrically, within ``total`` proposals.

    ``first`` proposals have been made before this call.
    """

    initial: float
    final: float
    first: int
    total: int


class SearchState(NamedTuple):
    """What a search holds; all of it changes in place.

    Attributes:
        table: The current program.
        trial: Room for a changed copy, like ``table``.
        program: The compiled current program, before and after a call.
        backup: Room for a compiled copy.
        stream: Randomness.
        work: Of ``interpreter.workspace``.
        gains: The current program's scores of the groups up to each, added up, shape (2, G), and
            room for a changed program's.
    """

    table: CircuitTable
    trial: CircuitTable
    program: Program
    backup: Program
    stream: Stream
    work: Bytes
    gains: NDArray[np.float64]


def begin(
    table: CircuitTable, problem: Problem, stream: Stream, modules: ModuleList = FOURTEEN
) -> SearchState:
    """Return a search that starts at a table (which it changes in place)."""
    R = len(table).bit_length() - 1
    work, gains = workspace(problem, R, modules), np.zeros((2, len(problem.cells)))
    room = empty(R, modules), empty(R, modules)
    return SearchState(table, table.copy(), *room, stream, work, gains)


@njit(error_model="numpy")
def _copy_rows(source: CircuitTable, target: CircuitTable, patterns: int) -> None:
    for pattern in range(len(source)):
        if patterns >> pattern & 1:
            target[pattern] = source[pattern]


@njit(error_model="numpy")
def _copy_patterns(source: Program, target: Program, patterns: int) -> None:
    _copy_rows(source.modules, target.modules, patterns)
    _copy_rows(source.sizes, target.sizes, patterns)
    _copy_rows(source.after, target.after, patterns)
    _copy_rows(source.finish, target.finish, patterns)


@njit(error_model="numpy")
def _try(
    search: SearchState,
    problem: Problem,
    weights: Weights,
    moves: Moves,
    now: TableScore,
    slack: float,
) -> TableScore:
    """Make one proposal; keep it unless it falls more than ``slack`` below the score now.

    It is dropped as soon as the groups run so far fall by more than that in all, usually after
    the first one.
    """
    R = search.program.after.shape[1]
    owner = search.program.machine.owner
    touched = propose(search.stream, search.trial, now.visited, R, moves, owner)
    for pattern in range(1 << R):
        if touched >> pattern & 1:
            compile_pattern(search.trial, pattern, R, search.program)
    search.gains[1] = search.gains[0]
    slack *= len(problem.cells)
    score = evaluate(search.work, problem, weights, search.program, R, search.gains[1], slack)
    if score.score >= 0:
        search.gains[0] = search.gains[1]
        _copy_rows(search.trial, search.table, touched)
        _copy_patterns(search.program, search.backup, touched)
        return score
    _copy_rows(search.table, search.trial, touched)
    _copy_patterns(search.backup, search.program, touched)
    return now


@njit(error_model="numpy")
def _inspect(
    search: SearchState, problem: Problem, weights: Weights, table: CircuitTable
) -> Inspected:
    """Return which pairs of each group a table is right on, and the patterns that it visits."""
    R, found = search.program.after.shape[1], np.zeros(len(problem.cells), dtype=np.uint64)
    compile_table(table, R, search.program)
    visited = 0
    for g in range(len(found)):
        found[g], seen = right_in(search.work, problem, weights, search.program, R, g)
        visited |= seen
    return found, visited


@njit(error_model="numpy")
def _anneal(
    search: SearchState,
    problem: Problem,
    weights: Weights,
    moves: Moves,
    schedule: Cooling,
    count: int,
) -> tuple[TableScore, int]:
    """Make up to ``count`` proposals; return the score and how many were made."""
    R = search.program.after.shape[1]
    everything = -1
    compile_table(search.table, R, search.program)
    _copy_patterns(search.program, search.backup, everything)
    _copy_rows(search.table, search.trial, everything)
    now = evaluate(search.work, problem, weights, search.program, R, search.gains[0], np.inf)
    pairs = LANES * len(problem.cells)
    done = 0
    while done < count and now.right < pairs:
        passed = (schedule.first + done) / schedule.total
        temperature = schedule.initial * (schedule.final / schedule.initial) ** passed
        slack = -temperature * np.log(1.0 - fraction(search.stream))
        now = _try(search, problem, weights, moves, now, slack)
        done += 1
    return now, done


SOURCES = ("anneal", "interpreter", "lanes", "program", "proposals", "random")
"""The modules of this folder whose code is in the compiled entries."""


def _build(sources: str, cache: bool) -> tuple[Any, ...]:
    """The entries; see ``training.compiled``."""

    @njit(nogil=True, error_model="numpy", cache=cache)
    def anneal(*arguments: Any) -> tuple[TableScore, int]:
        version = sources  # noqa: F841
        return _anneal(*arguments)

    @njit(nogil=True, error_model="numpy", cache=cache)
    def inspect(*arguments: Any) -> Inspected:
        version = sources  # noqa: F841
        return _inspect(*arguments)

    return anneal, inspect


anneal, inspect = compiled(_build, [Path(__file__).with_name(f"{n}.py") for n in SOURCES])
"""``anneal`` makes up to ``count`` proposals, and stops at a fit; it returns the score and how many
it made. ``inspect`` returns which pairs of each group a table is right on, and the patterns that it
visits, as bits."""


def right_pairs(
    search: SearchState, problem: Problem, weights: Weights, table: CircuitTable
) -> tuple[NDArray[np.bool_], tuple[int, ...]]:
    """Return which of the 64·G pairs a table is right on, and the patterns that it visits."""
    found, visited = inspect(search, problem, weights, table)
    right = np.unpackbits(found.view(np.uint8), bitorder="little").astype(bool)
    return right, tuple(pattern for pattern in range(len(table)) if visited >> pattern & 1)
