"""The specifications of the programs of recursive addition."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from neuralprog_agents.specifications.specification import Specification, TaskSpecification, copy
from neuralprog_envs.core.task import Ints
from neuralprog_envs.program.state import ProgramState
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.program.tasks.addition import BLANK, CARRY, INP1, INP2, OUT


def every_state(task: ProgramTask, n: int) -> Iterator[ProgramState]:
    """Yield sums with n columns to go: before, during and after the addition of the first of them.

    The first column has any digits, those to its left have 0 and 9. The pointers are at the right
    end of the pad or one column before it; the pad to the right of them is always the same.
    """
    posed = task.machine.initial(task.pose_input("9" * (n + 1) + " 0"))
    pairs = list(itertools.product(_numbers(n), repeat=2))
    for at in (posed.pad.shape[2] - 1, posed.pad.shape[2] - 2):
        for (one, other), carried in itertools.product(pairs, (BLANK, 1)):
            if max(len(one), len(other), 1) == n:
                state = copy(posed)
                state.pad[0, :, : at + 1] = BLANK
                state.pad[0, INP1, at + 1 - len(one) : at + 1] = one
                state.pad[0, INP2, at + 1 - len(other) : at + 1] = other
                state.pad[0, CARRY, at] = carried
                state.pointers[0] = at
                yield from _stages(state)


def _numbers(n: int) -> list[tuple[int, ...]]:
    """Return the digits of numbers with up to n digits; all but the last digit are 0 or 9."""
    return [
        (*left, last)
        for k in range(n)
        for left in itertools.product((0, 9), repeat=k)
        for last in range(10)
    ] + [()]


def _stages(state: ProgramState) -> Iterator[ProgramState]:
    """Yield a column before, during and after its addition."""
    yield state
    if _is_left(state):
        written, carried, done = copy(state), copy(state), copy(state)
        _write(written)
        _carry(carried)
        _add_column(done)
        yield written
        yield done
        if _total(state) > 9:
            yield carried


def _at(state: ProgramState) -> int:
    return int(state.pointers[0, INP1])


def _column(state: ProgramState) -> Ints:
    return state.pad[0, [INP1, INP2, CARRY], _at(state)]


def _is_left(state: ProgramState) -> bool:
    """Return whether the column has anything to add."""
    return bool((_column(state) != BLANK).any())


def _total(state: ProgramState) -> int:
    return int(sum(v for v in _column(state) if v != BLANK))


def _is_abreast(state: ProgramState) -> bool:
    """Return whether all pointers are in one column."""
    return bool((state.pointers[0] == _at(state)).all())


def _is_new(state: ProgramState) -> bool:
    """Return whether no column from the pointers to the left has been added.

    Numbers have no gaps, a carry is 1, and the two leftmost columns have no digits.
    """
    at, pad = _at(state), state.pad[0]
    left = pad[[INP1, INP2], : at + 1] == BLANK
    return bool(
        _is_abreast(state)
        and left[:, :2].all()
        and (left[:, :-1] >= left[:, 1:]).all()
        and pad[CARRY, at] in (BLANK, 1)
        and (pad[CARRY, :at] == BLANK).all()
        and (pad[OUT, : at + 1] == BLANK).all()
    )


def _is_column(state: ProgramState) -> bool:
    return _is_new(state) and _is_left(state)


def _overflows(state: ProgramState) -> bool:
    """Return whether the column's sum has two digits, and a column for the second exists."""
    at = _at(state)
    return _is_abreast(state) and at > 0 and _total(state) > 9 and state.pad[0, CARRY, at - 1] != 1


def _anywhere(state: ProgramState, rng: Generator, left: int = 0) -> None:
    """Add the first columns of a sum, any number of them, but not the last ``left``."""
    for _ in range(rng.integers(state.length[0] + 1 - left)):
        _add_column(state)
        _shift_left(state)


def _unfinished(state: ProgramState, rng: Generator) -> None:
    """Add the first columns of a sum, but not the last one."""
    _anywhere(state, rng, left=1)


def _large(state: ProgramState, rng: Generator) -> None:
    """Make the sum of a column have two digits."""
    _unfinished(state, rng)
    state.pad[0, INP1, _at(state)] = 9
    state.pad[0, INP2, _at(state)] = rng.integers(1, 10)
    _write(state)


def _write(state: ProgramState) -> None:
    state.pad[0, OUT, _at(state)] = _total(state) % 10


def _carry(state: ProgramState) -> None:
    state.pad[0, CARRY, _at(state) - 1] = 1


def _add_column(state: ProgramState) -> None:
    _write(state)
    if _total(state) > 9:
        _carry(state)


def _shift_left(state: ProgramState) -> None:
    state.pointers[0] = np.maximum(state.pointers[0] - 1, 0)


def _shift_right(state: ProgramState) -> None:
    state.pointers[0] = np.minimum(state.pointers[0] + 1, state.pad.shape[2] - 1)


def _add(state: ProgramState) -> None:
    while _is_left(state):
        _add_column(state)
        _shift_left(state)


ADDITION = TaskSpecification(
    {
        "CARRY": Specification(_overflows, _large, _carry),
        "LSHIFT": Specification(_is_abreast, _anywhere, _shift_left),
        "RSHIFT": Specification(_is_abreast, _anywhere, _shift_right),
        "ADD1": Specification(_is_column, _unfinished, _add_column),
        "ADD": Specification(_is_new, _anywhere, _add, size=_at),
    },
    every_state,
    "up to {} columns, any digits in the first, 0 and 9 in the others",
)
