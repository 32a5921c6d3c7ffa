"""The scratch pad of a program task: its rows, its pointers, the view of it, the effects of ACT.

Each function that reads or changes a pad serves one row of a batch and many: ``rows`` is a row's
number or an array of row numbers, and indexing with it gives a number or an array. So these
functions use indexing, arithmetic and comparisons only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.loops import Loop
from neuralprog_envs.core.task import Ints
from neuralprog_envs.program.state import ProgramState

Rows = Any
"""An int, or an array of B row numbers."""

Look = Callable[[ProgramState, Rows], Sequence[Any]]
Apply = Callable[[ProgramState, Rows], None]


@dataclass(frozen=True)
class Bound:
    """A function of some constants, each a number or an array of B, a state and rows."""

    function: Callable[..., None]
    constants: tuple[int, ...]

    def __call__(self, state: ProgramState, rows: Rows) -> None:
        """Apply it to the given rows of a state, in place."""
        self.function(*self.constants, state, rows)


@dataclass(frozen=True)
class Effect:
    """One thing that ACT can do.

    Attributes:
        words: Its text in the papers, such as "WRITE OUT 1".
        arguments: The three arguments of ACT, each at least 1, or 0 for the default.
        apply: Applies it, in place, to the given rows of a state.
    """

    words: str
    arguments: tuple[int, int, int]
    apply: Apply


@dataclass(frozen=True)
class Pointer:
    """A pointer into a row of the pad, or a variable (``row`` is None), for display.

    Attributes:
        name: Its name.
        row: The row that it points into.
        mark: The text below its cell.
    """

    name: str
    row: int | None
    mark: str = "^"


@dataclass(frozen=True)
class World:
    """A scratch pad.

    Attributes:
        rows: The names of the R rows of the pad.
        columns: N.
        pointers: The P pointers and variables.
        view: The E components that are seen: each a name and a number of values.
        look: Returns the E components, each an integer in 0..its number of values - 1.
        effects: What ACT can do; no two have the same words or the same arguments.
        symbols: The texts of some cell values; all others are shown as numbers.
        given_columns: G.
        hidden: Returns H more components that experts see in place of a picture; None: H = 0.
        picture: Returns the picture of H hidden components, (128, 128, 3), uint8, read-only;
            observations then contain it as "image".
    """

    rows: tuple[str, ...]
    columns: int
    pointers: tuple[Pointer, ...]
    view: tuple[tuple[str, int], ...]
    look: Look
    effects: tuple[Effect, ...]
    symbols: dict[int, str]
    given_columns: int = 0
    hidden: Look | None = None
    picture: Callable[..., NDArray[np.uint8]] | None = None

    def cells(self, state: ProgramState) -> Ints:
        """Return the cell at each pointer, and each variable's own value, shape (B, P), int32.

        A pointer beyond the pad sees the cell at that end.
        """
        rows = np.array([pointer.row or 0 for pointer in self.pointers])
        pointing = np.array([pointer.row is not None for pointer in self.pointers])
        column = np.clip(state.pointers, 0, self.columns - 1)
        cells = state.pad[np.arange(len(column))[:, None], rows, column]
        return np.where(pointing, cells, state.pointers)


def pointed(state: ProgramState, rows: Rows, lines: Sequence[int], pointers: slice) -> Any:
    """Return the cells of some lines of the pad at as many pointers, which are on the pad."""
    if not isinstance(rows, np.ndarray):
        columns = state.pointers[rows, pointers]
        return [state.pad[rows, line, column] for line, column in zip(lines, columns, strict=True)]
    return cells_at(state.pad, state.pointers[:, pointers], rows, tuple(lines))


@Loop
def cells_at(
    pad: Ints, columns: Ints, rows: NDArray[np.intp], lines: tuple[int, ...]
) -> NDArray[np.int32]:
    """Return the cells of some lines of the pad at as many columns, given for every row.

    ``columns`` has shape (B, lines) and the cells (lines, rows).
    """
    starts = _line_starts(pad.shape, lines).take(rows, axis=0)
    found = pad.reshape(-1).take(starts + columns.take(rows, axis=0))
    return found.T  # a tenth of the time of indexing


@lru_cache(maxsize=16)
def _line_starts(shape: tuple[int, ...], lines: tuple[int, ...]) -> NDArray[np.intp]:
    """Return where lines of each row of a pad begin, flat, shape (B, lines)."""
    return np.arange(math.prod(shape)).reshape(shape)[:, list(lines), 0]


def left(pointer: int) -> Bound:
    """Return the effect: the pointer one cell to the left, unless it is at cell 0."""
    return Bound(_left, (pointer,))


def right(pointer: int, last: int) -> Bound:
    """Return the effect: the pointer one cell to the right, unless it is at cell ``last``."""
    return Bound(_right, (pointer, last))


def right_within(pointer: int, beyond: int = 0) -> Bound:
    """Return the effect: one cell to the right, up to cell length - 1 + ``beyond``."""
    return Bound(_right_within, (pointer, beyond))


def write(row: int, pointer: int, value: int) -> Bound:
    """Return the effect: the value into the row's cell at the pointer."""
    return Bound(_write, (row, pointer, value))


def swap(row: int, one: int, other: int) -> Bound:
    """Return the effect: exchange the row's cells at two pointers."""
    return Bound(_swap, (row, one, other))


def _left(pointer: Rows, state: ProgramState, rows: Rows) -> None:
    state.pointers[rows, pointer] -= state.pointers[rows, pointer] > 0


def _right(pointer: Rows, last: Rows, state: ProgramState, rows: Rows) -> None:
    state.pointers[rows, pointer] += state.pointers[rows, pointer] < last


def _right_within(pointer: Rows, beyond: Rows, state: ProgramState, rows: Rows) -> None:
    last = state.length[rows] - 1 + beyond
    state.pointers[rows, pointer] += state.pointers[rows, pointer] < last


def _write(row: Rows, pointer: Rows, value: Rows, state: ProgramState, rows: Rows) -> None:
    state.pad[rows, row, state.pointers[rows, pointer]] = value


def _swap(row: Rows, one: Rows, other: Rows, state: ProgramState, rows: Rows) -> None:
    pad = state.pad
    i, j = state.pointers[rows, one], state.pointers[rows, other]
    first, second = pad[rows, row, i], pad[rows, row, j]
    pad[rows, row, i], pad[rows, row, j] = second, first


@dataclass(frozen=True)
class Kind:
    """Effects that are one function with different constants, and so are applied at once.

    Attributes:
        function: The function.
        member: Which of the world's effects are of this kind.
        constants: Their constants, 0 for the other effects, (effects, constants).
    """

    function: Callable[..., None]
    member: NDArray[np.bool_]
    constants: NDArray[np.int64]

    def apply(self, state: ProgramState, rows: NDArray[np.intp], effects: NDArray[np.intp]) -> None:
        """Apply to each of some rows its effect, if that is of this kind."""
        mine = self.member[effects]
        if mine.any():
            self.function(*self.constants[effects[mine]].T, state, rows[mine])


def kinds(effects: Sequence[Effect]) -> tuple[Kind, ...]:
    """Return the kinds of a world's effects; one that is not ``Bound`` is of a kind of its own."""
    bound = [e.apply if isinstance(e.apply, Bound) else Bound(e.apply, ()) for e in effects]
    made = []
    for function in dict.fromkeys(each.function for each in bound):
        member = np.array([each.function is function for each in bound])
        constants = [each.constants for each in bound if each.function is function]
        table = np.zeros((len(bound), len(constants[0])), dtype=np.int64)
        table[member] = constants
        made.append(Kind(function, member, table))
    return tuple(made)
