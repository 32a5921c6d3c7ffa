"""Search for programs that answer a real question correctly, by executing them on the hard machine.

A program is a selection and an aggregation. Selections are: all rows; one operation; one operation
and one that refines it (previous, next, first, last, greatest, least); two operations joined by
"and"; and, if none of these gives the answer, one more refinement. Aggregations are count, sum,
gap and print. The search uses only the right cells and the right number.

Two kinds of programs are left out, since they are right only by accident: the previous or next of
several rows, and the count, sum or gap of the single row that a refinement leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.neural_programmer_2017.labels import Labels
from neuralprog_envs.core.task import Bools
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.ops import OPERATIONS
from neuralprog_envs.table.state import TableInstances, TableState

_CHOSEN = [o for o in OPERATIONS.values() if o.name != "reset"]
FRESH = tuple(o.name for o in _CHOSEN if o.effect == "rows" and o.reads == "table")
"""Operations that ignore the current selection."""
NARROWING = tuple(o.name for o in _CHOSEN if o.narrows)
"""Operations that leave one row of the current selection, or the row beside it."""
FOLLOWING = tuple(
    o.name for o in _CHOSEN if o.effect == "rows" and o.reads in ("rows", "row") and not o.narrows
)
"""Operations that start from what one of ``FRESH`` selected."""
STEPPING = tuple(o.name for o in _CHOSEN if o.reads == "row")
"""Operations that start from one row."""
NUMBERS = tuple(o.name for o in _CHOSEN if o.effect == "scalar" and o.reads in ("rows", "row"))
"""Operations that end a program with a number."""
OF_SEVERAL = tuple(o.name for o in _CHOSEN if o.effect == "scalar" and o.reads == "rows")
"""Those among them that are right only by accident where one row is left."""
_WIDEST = 10_000
"""The most states that are examined on one level."""
_CLOSE = 1e-6
Actions = NDArray[np.int64]


@dataclass(frozen=True)
class Selections:
    """n ways to select rows.

    Attributes:
        programs: The actions, (n, s, 3) after s steps.
        rows: The selected rows, (n, R).
    """

    programs: Actions
    rows: Bools

    def take(self, which: NDArray[Any]) -> Selections:
        """Return the given selections."""
        return Selections(self.programs[which], self.rows[which])


class Explorer:
    """The search for the programs of one question.

    Args:
        machine: A machine of exactly the table's rows and columns.
        posed: The question, a batch of one row.
        without: Operations that no program may have.
    """

    def __init__(
        self, machine: TableMachine, posed: TableInstances, without: Sequence[str] = ()
    ) -> None:
        self.machine = machine
        self.start = machine.initial(posed)
        self.number = {n: i for i, n in enumerate(machine.operations) if n not in without}
        self.pivots = range(int(posed.pivot_count[0]))

    def search(self, labels: Labels) -> list[Actions]:
        """Return the right programs, (T', 3) each, without padding."""
        every = Selections(np.zeros((1, 0, 3), dtype=np.int64), self.start.present)
        first = self._then(every, self._actions(FRESH + NARROWING))
        second = self._then(first, self._actions(NARROWING + FOLLOWING))
        levels = [every, first, second, self._both(first)]
        found = [p for level in levels for p in self._finished(level, labels)]
        if not found:
            third = self._then(_different(second), self._actions(NARROWING))
            found = list(self._finished(third, labels))
        return found

    def _actions(self, names: tuple[str, ...]) -> Actions:
        """Return all actions of the given operations that can have an effect, (n, 3)."""
        rows = [
            (self.number[name], column, pivot)
            for name in names
            if name in self.number
            for column in self._columns(name)
            for pivot in (self.pivots if self._operation(name).pivot else (0,))
        ]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    def _operation(self, name: str) -> Any:
        return self.machine.ops[self.number[name]]

    def _columns(self, name: str) -> list[int]:
        if not self._operation(name).column:
            return [0]
        mark = self._operation(name).mark
        if not mark:
            return list(range(self.machine.columns))
        return np.flatnonzero((getattr(self.start, mark)[0] != 0).any(axis=0)).tolist()

    def _execute(self, before: Selections, action: Actions) -> TableState:
        """Return the state after one more action on each selection."""
        n = len(action)
        posed = {
            name: np.broadcast_to(value, (n, *value.shape[1:]))
            for name, value in vars(self.start).items()
        }
        state = replace(TableState(**posed), selected=before.rows)
        return self.machine.step(state, action)

    def _pairs(self, before: Selections, actions: Actions) -> tuple[Selections, Actions]:
        """Return each selection with each action, at most ``_WIDEST`` pairs."""
        n, m = len(before.rows), len(actions)
        each = before.take(np.repeat(np.arange(n), m)[:_WIDEST])
        return each, np.tile(actions, (n, 1))[:_WIDEST]

    def _then(self, before: Selections, actions: Actions) -> Selections:
        """Return the selections after each action on each selection, if they change."""
        each, action = self._pairs(before, actions)
        if not len(action):
            return Selections(np.zeros((0, before.programs.shape[1] + 1, 3), np.int64), each.rows)
        rows = self._execute(each, action).selected
        programs = np.concatenate([each.programs, action[:, None]], axis=1)
        some = rows.any(axis=1) & (rows != each.rows).any(axis=1)
        some &= ~self._among(action[:, 0], STEPPING) | (each.rows.sum(axis=1) == 1)
        if each.programs.shape[1]:
            fresh = self._among(each.programs[:, -1, 0], FRESH)
            some &= fresh | ~self._among(action[:, 0], FOLLOWING)
        return Selections(programs, rows).take(some)

    def _both(self, first: Selections) -> Selections:
        """Return the rows that two operations select together, if fewer than either alone."""
        fresh = first.take(self._among(first.programs[:, 0, 0], FRESH))
        a, b = np.triu_indices(len(fresh.rows), k=1)
        rows = fresh.rows[a] & fresh.rows[b]
        less = (rows != fresh.rows[a]).any(axis=1) & (rows != fresh.rows[b]).any(axis=1)
        which = less & rows.any(axis=1) & ("and" in self.number)
        joint = np.broadcast_to(np.array([self.number.get("and", 0), 0, 0]), (int(which.sum()), 3))
        steps = [fresh.programs[a[which], 0], fresh.programs[b[which], 0], joint]
        return Selections(np.stack(steps, axis=1), rows[which])

    def _finished(self, level: Selections, labels: Labels) -> Iterator[Actions]:
        """Yield the selections' programs with each right aggregation, if that is still a step."""
        if not len(level.rows) or level.programs.shape[1] >= self.machine.steps:
            return
        if not np.isnan(labels.scalar):
            yield from self._with_number(level, labels.scalar)
        for row, column in np.argwhere(right_prints(level.rows, labels.items)):
            yield np.concatenate([level.programs[row], [[self.number["print"], column, 0]]])

    def _among(self, operations: NDArray[np.int64], names: tuple[str, ...]) -> Bools:
        """Return which numbers of operations are those of some names."""
        return np.isin(operations, [self.number[name] for name in names if name in self.number])

    def _with_number(self, level: Selections, wanted: float) -> Iterator[Actions]:
        """Yield the selections' programs with each count, sum and gap of the wanted value."""
        before, action = self._pairs(level, self._actions(NUMBERS))
        if not len(action):
            return
        result = self._execute(before, action).scalars[:, 0]
        right = (np.abs(result - wanted) < _CLOSE) & self._sensible(before, action)
        for row in np.flatnonzero(right):
            yield np.concatenate([before.programs[row], action[row : row + 1]])

    def _sensible(self, before: Selections, action: Actions) -> Bools:
        """Return which numbers are computed of as many rows as they are meant for."""
        narrow = np.zeros(len(action), dtype=bool)
        if before.programs.shape[1]:
            narrow = self._among(before.programs[:, -1, 0], NARROWING)
        single = before.rows.sum(axis=1) == 1
        wrong = narrow & self._among(action[:, 0], OF_SEVERAL)
        sensible: Bools = ~wrong & (single | ~self._among(action[:, 0], STEPPING))
        return sensible


def right_prints(rows: Bools, items: Bools) -> Bools:
    """Return whether a selection prints the right answer in a column, (n, c).

    Args:
        rows: Selections, (n, r).
        items: Whether each item matches each cell, (K, r, c).
    """
    chosen = rows.astype(np.float64)
    wrong = chosen @ (~items.any(axis=0)).astype(np.float64)
    found = (chosen @ items.astype(np.float64)) > 0  # (K, n, c)
    right: Bools = (wrong == 0) & found.all(axis=0)
    return right


def _different(selections: Selections) -> Selections:
    """Return one selection for each different set of rows."""
    _, first = np.unique(np.packbits(selections.rows, axis=1), axis=0, return_index=True)
    return selections.take(np.sort(first))
