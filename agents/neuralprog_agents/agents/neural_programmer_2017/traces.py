"""What programs have selected before each of their steps, as the networks see it.

n programs of a question, T steps, R rows, C columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.state import POSED, TableState

SIZES = 6
"""The number of different sizes of selections; see ``size_of``."""
CELLS = 6
"""The number of facts about the selected cells of a column; see ``cells_of``."""


@dataclass(frozen=True)
class Traces:
    """n programs, and what they have selected before each step.

    Attributes:
        actions: The programs, (n, T, 3), int8; -1 after a program's end.
        sizes: How many rows are selected, see ``size_of``, (n, T), int8.
        cells: What the selected cells of each column are, see ``cells_of``, (n, T, C), uint8.
    """

    actions: NDArray[np.int8]
    sizes: NDArray[np.int8]
    cells: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.actions)

    def take(self, which: NDArray[np.int64]) -> Traces:
        """Return the given programs."""
        return Traces(*(value[which] for value in vars(self).values()))


def joined(parts: Sequence[Traces]) -> Traces:
    """Concatenate the programs of several questions, padded to the widest table."""
    actions, sizes = (np.concatenate([getattr(p, n) for p in parts]) for n in ("actions", "sizes"))
    cells = np.zeros((*sizes.shape, max(p.cells.shape[2] for p in parts)), dtype=np.uint8)
    row = 0
    for part in parts:
        cells[row : row + len(part), :, : part.cells.shape[2]] = part.cells
        row += len(part)
    return Traces(actions, sizes, cells)


def traced(machine: TableMachine, start: TableState, programs: Sequence[NDArray[Any]]) -> Traces:
    """Execute programs, (T', 3) each, of one question.

    Args:
        machine: Its machine.
        start: Its first state, a batch of one.
        programs: Its programs.
    """
    n, T = len(programs), machine.steps
    actions = np.full((n, T, 3), -1, dtype=np.int64)
    for row, program in enumerate(programs):
        actions[row, : len(program)] = program
    sizes, cells = np.zeros((n, T), np.int8), np.zeros((n, T, machine.columns), np.uint8)
    state, place = start, np.zeros(n, dtype=np.int64)
    for t in range(T):
        going = np.flatnonzero(actions[:, t, 0] >= 0)
        if not len(going):
            break
        sizes[going, t] = size_of(state)[place[going]]
        cells[going, t] = cells_of(machine, state)[place[going]]
        taken = np.column_stack([place, actions[:, t]])[going]
        different, place[going] = np.unique(taken, axis=0, return_inverse=True)
        state = machine.step(_repeated(start, state, different[:, 0]), different[:, 1:])
    return Traces(actions.astype(np.int8), sizes, cells)


def _repeated(start: TableState, state: TableState, rows: NDArray[Any]) -> TableState:
    """Return the given rows of a state whose table is that of ``start``, which is not copied."""
    tables = {
        name: np.broadcast_to(getattr(start, name), (len(rows), *getattr(start, name).shape[1:]))
        for name in POSED
    }
    own = {n: value[rows] for n, value in vars(state).items() if n not in tables}
    return TableState(**tables, **own)


def size_of(state: TableState) -> NDArray[np.int64]:
    """Return how many rows are selected, (n,): 0 none, 1, 2, 3 up to five, 4 more, 5 all."""
    selected = state.selected.sum(axis=1)
    size = np.searchsorted([1, 2, 3, 6], selected, side="right")
    return np.where(selected == state.length, SIZES - 1, size)


def cells_of(machine: TableMachine, state: TableState) -> NDArray[np.uint8]:
    """Return what the selected cells of each column are, (n, C), as a sum of bits.

    They are: some are mentioned by the question (1); some share the most words with it (2); all
    are equal (4); all have numbers (8); some are empty (16); a step has read this column (32).
    """
    rows, entries = state.selected[:, :, None], state.entries
    least = np.where(rows, entries, np.iinfo(np.int32).max).min(axis=1)
    facts = [
        (rows & state.matches).any(axis=1),
        (rows & state.similar).any(axis=1),
        least == np.where(rows, entries, 0).max(axis=1),
        ~(rows & ~state.valid).any(axis=1),
        least == 0,
        _read(machine, state),
    ]
    bits: Any = sum(fact.astype(np.uint8) << k for k, fact in enumerate(facts))
    there = np.arange(entries.shape[2]) < state.column_count[:, None]
    return np.where(there, bits, 0).astype(np.uint8)


def _read(machine: TableMachine, state: TableState) -> Bools:
    """Return which columns the steps so far have named, (n, C)."""
    reads = np.array([operation.column for operation in machine.ops])
    operation, column, _ = np.moveaxis(state.actions, 2, 0)
    named = np.where((operation >= 0) & reads[operation], column, -1)
    read: Bools = (named[:, :, None] == np.arange(machine.columns)).any(axis=1)
    return read
