"""Makes the environments of this process faster: after ``use()``, numba compiles their inner loops.

Everything that they return stays the same, bit by bit. Numba is the extra "compiled". Nothing in
this package imports this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neuralprog_envs.core import draws, episodes
from neuralprog_envs.core.draws import Bits, Draws
from neuralprog_envs.core.episodes import Endings, Episodes, Slots
from neuralprog_envs.core.loops import Loop
from neuralprog_envs.core.task import Bools, Ints, remember
from neuralprog_envs.tape import arrays
from neuralprog_envs.tape.machine import LARGEST_TABLE, TapeMachine

Index = np.uintp
"""Numba counts an index from the end if it can be negative, which takes time."""


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function at its first call, and keep it on disk if there is a folder for it."""
    try:
        return njit(cache=True, error_model="numpy")(function)  # type: ignore[no-any-return]
    except RuntimeError:  # numba found no folder
        return njit(error_model="numpy")(function)  # type: ignore[no-any-return]


@_compiled
def _drawn(key: Any, counter: int, low: int, span: int) -> Any:
    """Return one number as ``draws.uniform`` draws it."""
    bits = key + np.uint64(counter) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = (bits ^ (bits >> np.uint64(31))) >> np.uint64(32)
    return low + np.int64((bits * np.uint64(span)) >> np.uint64(32))


@_compiled
def _scaled(key: Bits, first: int, columns: int, low: int, span: int) -> Ints:
    """Do what ``draws.uniform`` does."""
    numbers = np.empty((len(key), columns), dtype=np.int32)
    for row in range(len(key)):
        for column in range(columns):
            numbers[row, column] = _drawn(key[row], first + column, low, span)
    return numbers


def _uniform(key: Bits, first: int, columns: int, low: Any, high: Any) -> Ints:
    if isinstance(low, int) and isinstance(high, int):
        return _scaled(key, first, columns, low, high - low)  # type: ignore[no-any-return]
    return draws.uniform.numpy(key, first, columns, low, high)


@_compiled
def _filled(key: Bits, first: int, n: Ints, M: int, head: Ints, least: int) -> Ints:
    """Do what ``arrays.array`` does."""
    tape = np.zeros((len(key), M), dtype=np.int32)
    before = head.shape[1]
    for row in range(len(key)):
        tape[row, :before] = head[row]
        for cell in range(before, min(before + n[row], M)):
            tape[row, cell] = _drawn(key[row], first + cell, least, M - least)
    return tape


def _array(draws: Draws, n: Ints, M: int, *head: Any, least: int = 1) -> Ints:
    first = np.empty((len(draws), len(head)), dtype=np.int32)
    for cell, value in enumerate(head):
        first[:, cell] = value
    return _filled(draws.key, draws.pass_over(M), n, M, first, least)  # type: ignore[no-any-return]


@_compiled
def _moved(tape: Ints, by: NDArray[Any]) -> Ints:
    """Do what ``arrays.shifted`` does; ``by`` has one number, or one for each row."""
    moved = np.empty_like(tape)
    last = tape.shape[1] - 1
    for row in range(len(tape)):
        distance = by[row if len(by) > 1 else 0]
        for cell in range(last + 1):
            moved[row, cell] = tape[row, Index(min(max(cell - distance, 0), last))]
    return moved


def _shifted(tape: Ints, by: Any) -> Ints:
    return _moved(tape, np.reshape(by, -1))  # type: ignore[no-any-return]


def _read(tape: Ints, addresses: NDArray[Any]) -> Ints:
    return _looked_up(tape, np.broadcast_to(addresses, (len(tape), addresses.shape[1])))  # type: ignore[no-any-return]


@_compiled
def _looked_up(tape: Ints, addresses: NDArray[Any]) -> Ints:
    """Do what ``arrays.read`` does, with addresses for every row."""
    found = np.empty(addresses.shape, dtype=tape.dtype)
    for row in range(tape.shape[0]):
        for column in range(addresses.shape[1]):
            cell = min(max(addresses[row, column], 0), tape.shape[1] - 1)
            found[row, column] = tape[row, Index(cell)]
    return found


class _Tables(NamedTuple):
    """A tape machine's ``table``, the numbers in ``special``, and M."""

    table: Ints
    special: tuple[int, int, int]
    M: int


class _State(NamedTuple):
    """See ``TapeState``."""

    tape: Ints
    registers: Ints
    halted: Bools
    steps: Ints


class _Posed(NamedTuple):
    """See ``TapeInstances``."""

    tape: Ints
    answer: Ints
    mask: Bools
    length: Ints


@_compiled
def _tape_step(
    action: Ints,
    tables: _Tables,
    state: _State,
    posed: _Posed,
    limit: NDArray[np.int64],
    renewal: tuple[Slots, _Posed, Slots],
) -> tuple[Bools, Bools, Slots, Bools]:
    """Do what ``episodes.step`` does; a renewal is slots, a batch of instances and its rows."""
    _execute(action, tables, state)
    _pose(state, posed, *renewal)
    return _end(state, posed, limit)  # type: ignore[no-any-return]


@_compiled
def _execute(action: Ints, tables: _Tables, state: _State) -> None:
    """Execute one instruction on every row, without branches: actions are hard to predict."""
    tape, registers, halted, steps = state
    table, (READ, WRITE, HALT), M = tables
    for row in range(len(tape)):
        operation, to = action[row, 0], Index(action[row, 3])
        a, b = registers[row, Index(action[row, 1])], registers[row, Index(action[row, 2])]
        cell, kept = tape[row, Index(a)], registers[row, to]
        computed = table[Index((operation * M + a) * M + b)]
        result = cell if operation == READ else computed
        registers[row, to] = kept if operation == HALT else result
        tape[row, Index(a)] = b if operation == WRITE else cell
        halted[row] |= operation == HALT
        steps[row] += 1


@_compiled
def _pose(state: _State, posed: _Posed, slots: Slots, fresh: _Posed, rows: Slots) -> int:
    """Begin the episodes of some slots with rows of fresh instances.

    The result is of no use: it makes the rows come from memory many at once, not one by one.
    """
    seen = 0
    for row in rows:
        seen += fresh.tape[row, 0] + fresh.tape[row, -1] + fresh.mask[row, 0] + fresh.mask[row, -1]
        seen += fresh.answer[row, 0] + fresh.answer[row, -1] + fresh.length[row]
    for slot, row in zip(slots, rows):  # noqa: B905 (numba's has no keywords)
        for cell in range(posed.tape.shape[1]):
            state.tape[slot, cell] = posed.tape[slot, cell] = fresh.tape[row, cell]
            posed.answer[slot, cell] = fresh.answer[row, cell]
            posed.mask[slot, cell] = fresh.mask[row, cell]
        posed.length[slot] = fresh.length[row]
        state.registers[slot] = 0
        state.halted[slot] = False
        state.steps[slot] = 0
    return seen


@_compiled
def _end(
    state: _State, posed: _Posed, limit: NDArray[np.int64]
) -> tuple[Bools, Bools, Slots, Bools]:
    """Return the endings."""
    n, count = len(limit), 0
    terminated, truncated = state.halted.copy(), np.empty(n, dtype=np.bool_)
    slots, success = np.empty(n, dtype=np.intp), np.zeros(n, dtype=np.bool_)
    for slot in range(n):
        truncated[slot] = (state.steps[slot] >= limit[slot]) & (not terminated[slot])
    for slot in range(n):
        slots[count] = slot
        count += terminated[slot] | truncated[slot]
    for slot in slots[:count]:
        wrong = False
        for cell in range(state.tape.shape[1]):
            differs = state.tape[slot, cell] != posed.answer[slot, cell]
            wrong |= differs & posed.mask[slot, cell]
        success[slot] = not wrong
    return terminated, truncated, slots[:count], success


def _step(running: Episodes, action: NDArray[np.int64], pending: Slots) -> Endings:
    machine, state = running.task.machine, running.state
    if not isinstance(machine, TapeMachine) or not _is_tabulated(machine):
        return episodes.step.numpy(running, action, pending)
    fresh, rows = running.instances, pending
    if pending.size:
        fresh, rows = running.stream.claim(pending)
        running.limit[pending] = running.limits(fresh.length[rows])
    if machine.last_actions:
        remember(state.last_actions, action)
        state.last_actions[pending] = 0
    return Endings(
        *_tape_step(
            action,
            _Tables(machine.table, machine.special, machine.memory_size),
            _State(state.tape, state.registers, state.halted, state.steps),
            _posed(running.instances),
            running.limit,
            (pending, _posed(fresh), rows),
        )
    )


def _is_tabulated(machine: TapeMachine) -> bool:
    """Whether every action is a look-up: an instruction on a small tape."""
    return machine.action == "instruction" and machine.memory_size <= LARGEST_TABLE


def _posed(instances: Any) -> _Posed:
    return _Posed(instances.tape, instances.answer, instances.mask, instances.length)


TWINS: tuple[tuple[Loop[..., Any], Callable[..., Any]], ...] = (
    (draws.uniform, _uniform),
    (arrays.array, _array),
    (arrays.shifted, _shifted),
    (arrays.read, _read),
    (episodes.step, _step),
)
"""Functions in NumPy, and those that are compiled."""


def use(compiled: bool = True) -> None:
    """Use what is compiled from now on, or NumPy again."""
    for loop, twin in TWINS:
        loop.used = twin if compiled else loop.numpy
