"""Quicksort an array, in place, with the ranges still to be sorted on a stack in the pad.

    n = 3    ARRAY   9  2  5        LO, HI: pointers to the range at work
             STACKLO 0              stacks of the ranges' first and last cells; the stack
             STACKHI 2              pointers point to the first free place

Input: n items; (0, n - 1) lies on the stacks. A user's input is any list of items that can be
compared; items that are not whole numbers are posed as their ranks.
View: whether the item at J is at most that at HI; whether J is HI; whether the top of STACKLO is
less than that of STACKHI; whether the stacks are empty.
ACT(1 WRITE, 1 STACKLO, 2 STACKHI, 3 LO, 4 HI, source), ACT(2 MOVE, 1 STACKLO, 2 STACKHI,
3 PIVOT, 4 J, 1 UP or 2 DOWN), ACT(3 SWAP, 1 PIVOT J or 2 PIVOT HI), ACT(4 SET, 1 PIVOT_LO,
2 J_LO, 3 J_NULL).
Source: Cai, Shin and Song 2017, appendix (Lomuto's partition). COMPSWAP compares as their code
does, not as their table says. The first range is on the stacks at the start, because the first test
reads it. The setters are effects of ACT.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.program.definition import Recursion
from neuralprog_envs.program.drawings import bars
from neuralprog_envs.program.library import Library, Program, loop, sequence
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.tasks import lomuto, sorting
from neuralprog_envs.program.tasks.sorting import HOLE
from neuralprog_envs.program.world import (
    Apply,
    Effect,
    Pointer,
    Rows,
    World,
    left,
    right,
    right_within,
)

ARRAY, STACKLO, STACKHI = range(3)
LO, HI, TOPLO, TOPHI, PIVOT, J = range(6)
NULL = -1
"""Where pointer J is when it points nowhere."""


class QuickSort:
    """ARRAY := its items, ascending."""

    variants: tuple[Recursion, ...] = (True, False)
    observations = ("order",)
    shortest = 1
    split_from = 3
    drawing = staticmethod(bars.drawing)
    encode = staticmethod(sorting.encode)
    content = staticmethod(sorting.content)
    judge = staticmethod(sorting.judge)
    read = staticmethod(sorting.read)
    spell = staticmethod(sorting.spell)

    def world(self, n: int, observation: str) -> World:
        """Return the array and the two stacks, which hold up to 2n + 1 ranges."""
        N = 2 * n + 3
        marks = {"LO": "l", "HI": "h", "PIVOT": "p", "J": "j"}
        array = {name: Pointer(name, ARRAY, mark) for name, mark in marks.items()}
        return World(
            rows=("ARRAY", "STACKLO", "STACKHI"),
            columns=N,
            pointers=(
                array["LO"],
                array["HI"],
                Pointer("STACKLO", STACKLO),
                Pointer("STACKHI", STACKHI),
                array["PIVOT"],
                array["J"],
            ),
            view=(("AJ<=AHI", 2), ("J=HI", 2), ("LO<HI", 2), ("EMPTY", 2)),
            look=look,
            effects=(*_writes(), *_moves(N), *_swaps(), *_sets()),
            symbols={HOLE: "."},
        )

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return QUICKSORT and what it calls."""
        recurse = bool(recursive)
        sort = lomuto.sort_recursively if recurse else lomuto.sort
        ranges = (("PUSH_CALL1", "PUSH_CALL2", "POP"),)
        programs = (
            Program("STACK", 1, lomuto.use_stack, arguments=ranges),
            Program("COMPSWAP", 1, lomuto.compare_and_swap),
            loop(
                "COMPSWAP_LOOP", 2, lomuto.is_scanning, "COMPSWAP", "MOVE J UP", recursive=recurse
            ),
            sequence("PARTITION", 3, *lomuto.PARTITION),
            Program("QUICKSORT", 4, sort, recursive=recurse),
        )
        return Library(programs, world.effects)

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return 7 actions for each of n(n - 1)/2 comparisons, 42 for each range, the return."""
        return 7 * n * (n - 1) // 2 + 42 * n + 1

    def depth(self, n: int, recursive: Recursion) -> int:
        """Return all programs, those that call themselves as often as they can be active."""
        return n + 4 if recursive else 4

    def sample(self, draws: Draws, lengths: Ints, world: World) -> ProgramInstances:
        """Return arrays of numbers in 0..max(100, 4n) - 1."""
        wide = np.maximum(100, 4 * lengths)[:, None]
        return _with_stacks(sorting.posed(draws.integers(0, wide, _size(world)), lengths))

    def pose(self, encoded: list[int], world: World) -> ProgramInstances:
        """Return the items as a batch of one instance."""
        values = np.zeros((1, _size(world)), dtype=np.int32)
        values[0, : len(encoded)] = encoded
        length = np.array([len(encoded)], dtype=np.int32)
        return _with_stacks(sorting.posed(values, length))


def _size(world: World) -> int:
    return (world.columns - 3) // 2


def _with_stacks(instances: ProgramInstances) -> ProgramInstances:
    """Return arrays with their whole range on the stacks, and the pointers to it."""
    B, _, N = instances.pad.shape
    pad = np.full((B, 3, 2 * (N - 1) + 3), HOLE, dtype=np.int32)
    pad[:, ARRAY, :N] = instances.pad[:, 0]
    pad[:, STACKLO, 0], pad[:, STACKHI, 0] = 0, instances.length - 1
    pointers = np.zeros((B, 6), dtype=np.int32)
    pointers[:, HI], pointers[:, J] = instances.length - 1, NULL
    pointers[:, [TOPLO, TOPHI]] = 1
    kept = instances.given, instances.answer, instances.mask, instances.length
    return ProgramInstances(pad, pointers, *kept)


def look(state: ProgramState, rows: Rows) -> list[Any]:
    """Return the four comparisons; those of a J that points nowhere are false."""
    pad, pointers = state.pad, state.pointers
    j, hi = pointers[rows, J], pointers[rows, HI]
    at_most = (pad[rows, ARRAY, j] <= pad[rows, ARRAY, hi]) & (j >= 0) & (hi >= 0)
    top_lo = pad[rows, STACKLO, pointers[rows, TOPLO] - 1]
    top_hi = pad[rows, STACKHI, pointers[rows, TOPHI] - 1]
    return [at_most, (j == hi) & (j >= 0), top_lo < top_hi, pointers[rows, TOPLO] == 0]


def _writes() -> Iterator[Effect]:
    yield Effect("WRITE STACKLO LO", (1, 1, 1), _push(STACKLO, TOPLO, LO, 0))
    yield Effect("WRITE STACKLO PIVOT+1", (1, 1, 2), _push(STACKLO, TOPLO, PIVOT, 1))
    yield Effect("WRITE STACKLO RESET", (1, 1, 3), _clear(STACKLO, TOPLO))
    yield Effect("WRITE STACKHI PIVOT-1", (1, 2, 1), _push(STACKHI, TOPHI, PIVOT, -1))
    yield Effect("WRITE STACKHI HI", (1, 2, 2), _push(STACKHI, TOPHI, HI, 0))
    yield Effect("WRITE STACKHI RESET", (1, 2, 3), _clear(STACKHI, TOPHI))
    yield Effect("WRITE LO LO_PEEK", (1, 3, 1), _peek(LO, STACKLO, TOPLO))
    yield Effect("WRITE HI HI_PEEK", (1, 4, 1), _peek(HI, STACKHI, TOPHI))


def _moves(N: int) -> Iterator[Effect]:
    for number, name, pointer in ((1, "STACKLO", TOPLO), (2, "STACKHI", TOPHI)):
        yield Effect(f"MOVE {name} UP", (2, number, 1), right(pointer, N - 1))
        yield Effect(f"MOVE {name} DOWN", (2, number, 2), left(pointer))
    yield Effect("MOVE PIVOT UP", (2, 3, 1), right_within(PIVOT))
    yield Effect("MOVE J UP", (2, 4, 1), right_within(J))


def _swaps() -> Iterator[Effect]:
    yield Effect("SWAP PIVOT J", (3, 1, 0), _swap_pivot(J))
    yield Effect("SWAP PIVOT HI", (3, 2, 0), _swap_pivot(HI))


def _sets() -> Iterator[Effect]:
    yield Effect("SET_PIVOT_LO", (4, 1, 0), _set_to_lo(PIVOT))
    yield Effect("SET_J_LO", (4, 2, 0), _set_to_lo(J))
    yield Effect("SET_J_NULL", (4, 3, 0), _set_null)


def _push(row: int, top: int, source: int, plus: int) -> Apply:
    def apply(state: ProgramState, rows: Rows) -> None:
        pointers = state.pointers
        state.pad[rows, row, pointers[rows, top]] = pointers[rows, source] + plus

    return apply


def _clear(row: int, top: int) -> Apply:
    def apply(state: ProgramState, rows: Rows) -> None:
        state.pad[rows, row, state.pointers[rows, top] - 1] = HOLE

    return apply


def _peek(target: int, row: int, top: int) -> Apply:
    def apply(state: ProgramState, rows: Rows) -> None:
        value = state.pad[rows, row, state.pointers[rows, top] - 1]
        state.pointers[rows, target] = value * (value >= 0) - (value < 0)

    return apply


def _swap_pivot(other: int) -> Apply:
    """Exchange the items at PIVOT and another pointer, unless that points nowhere."""

    def apply(state: ProgramState, rows: Rows) -> None:
        pad, pivot, j = state.pad, state.pointers[rows, PIVOT], state.pointers[rows, other]
        j = j + (pivot - j) * (j < 0)
        one, two = pad[rows, ARRAY, pivot], pad[rows, ARRAY, j]
        pad[rows, ARRAY, pivot], pad[rows, ARRAY, j] = two, one

    return apply


def _set_to_lo(pointer: int) -> Apply:
    """Set a pointer to LO, or to the last item if LO is past it."""

    def apply(state: ProgramState, rows: Rows) -> None:
        lo, last = state.pointers[rows, LO], state.length[rows] - 1
        state.pointers[rows, pointer] = lo + (last - lo) * (lo > last) - lo * (lo < 0)

    return apply


def _set_null(state: ProgramState, rows: Rows) -> None:
    state.pointers[rows, J] = NULL
