"""Steps of pads: what all tasks share is compiled; what a task itself sees and changes is not."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.compiled.jit import Index, compiled
from neuralprog_envs.compiled.steps import ended
from neuralprog_envs.core.episodes import Endings, Episodes, Slots
from neuralprog_envs.core.task import Bools, Ints, Machine, remember
from neuralprog_envs.program.library import ACT, RETURN
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.program.rules import Rules
from neuralprog_envs.program.state import ProgramState
from neuralprog_envs.program.world import left, right, right_within, swap, write

_SHARED = left(0), right(0, 0), right_within(0), write(0, 0, 0), swap(0, 0, 0)
_CODES = {effect.function: code for code, effect in enumerate(_SHARED)}
"""Numbers of the functions of effects that are compiled."""
_LEFT, _RIGHT, _RIGHT_WITHIN, _WRITE, _SWAP = range(len(_SHARED))
_ACTING, _EFFECT, _CALLED, _RETURNED, _WAITING = range(5)
"""The lists that ``_moved`` makes."""


class _Tables(NamedTuple):
    """Parts of ``Rules``."""

    word: NDArray[np.intp]
    allowed: Bools
    conditional: Bools
    words: Ints
    effect: NDArray[np.intp]


class _State(NamedTuple):
    """What is compiled of a ``ProgramState``: numba takes named tuples, not dataclasses."""

    pad: Ints
    pointers: Ints
    given: Ints
    length: Ints
    stack: Ints
    depth: Ints
    halted: Bools
    steps: Ints


class _Posed(NamedTuple):
    """What is compiled of ``ProgramInstances``, in the same way."""

    pad: Ints
    pointers: Ints
    given: Ints
    answer: Ints
    mask: Bools
    length: Ints


def takes(machine: Machine) -> bool:
    """Whether it is a pad."""
    return isinstance(machine, ProgramMachine)


def step(running: Episodes, action: NDArray[np.int64], pending: Slots) -> Endings:
    """Do what ``episodes.step`` does."""
    machine: Any = running.task.machine
    if machine.last_actions:
        remember(running.state.last_actions, action)
        running.state.last_actions[pending] = 0
    _advance(machine, running.state, action)
    if pending.size:
        _renew(running, pending)
    state = running.state
    terminated, truncated, slots = ended(state.halted, state.steps, running.limit)
    return Endings(terminated, truncated, slots, running.successes(slots))


def _advance(machine: ProgramMachine, state: ProgramState, action: NDArray[np.int64]) -> None:
    """Do what ``ProgramMachine.advance`` does."""
    tables, arrays = _tables(machine.rules), _state(state)
    acting, effects, calling, returning, waiting = map(_first, *_moved(action, tables, arrays))
    if waiting.size:
        allowed = _holding(machine, state, waiting, action[waiting, 0])
        called = _called(waiting[allowed], action, tables, arrays)
        calling = np.concatenate([calling, called])
    for kind in machine.kinds:
        code = _CODES.get(kind.function)
        if code is None:
            kind.apply(state, acting, effects)
        else:
            _changed(code, kind.member, kind.constants, arrays, acting, effects)
    for number, enter in machine.rules.enters:
        enter(state, calling[action[calling, 0] == number])
    for number, leave in machine.rules.leaves:
        left = state.stack[returning, state.depth[returning], 0]
        leave(state, returning[(left == number) & (state.depth[returning] > 0)])


def _first(numbers: Slots, count: int) -> Slots:
    return numbers[:count]


def _holding(machine: ProgramMachine, state: ProgramState, rows: Slots, program: Any) -> Bools:
    """Return which rows may choose their programs, (rows,), as far as preconditions go."""
    view, allowed = machine.world.look(state, rows), np.ones(len(rows), dtype=bool)
    for number, holds in machine.rules.preconditions:
        allowed &= (program != number) | holds(view)
    return allowed


@compiled
def _moved(
    action: Ints, tables: _Tables, state: _State
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Count a step; call and return, but for calls of programs with preconditions.

    The result has five lists of numbers, one a row, and their lengths: rows that act, their
    effects, rows that have called, rows that have returned, rows that wait for a precondition.
    """
    n = len(action)
    rows, counts = np.empty((5, n), dtype=np.intp), np.zeros(5, dtype=np.intp)
    for row in range(n):
        state.steps[row] += 1
        a, depth = action[row], state.depth[row]
        program, word = a[0], tables.word[Index(a[0]), Index(a[1]), Index(a[2]), Index(a[3])]
        running = state.stack[row, Index(max(depth - 1, 0)), 0] * (depth > 0)
        allowed = tables.allowed[Index(running), Index(program)]
        if not (allowed & (word >= 0) & (not state.halted[row])):
            continue
        kind = _WAITING
        if program == ACT:
            kind = _ACTING
            rows[_EFFECT, counts[_ACTING]] = tables.effect[word]
        elif program == RETURN:
            kind = _RETURNED
            state.depth[row] -= 1
            state.halted[row] = depth == 1
        elif not tables.conditional[program]:
            kind = _CALLED
            if not _call(row, word, tables, state):
                continue
        rows[kind, counts[kind]] = row
        counts[kind] += 1
    counts[_EFFECT] = counts[_ACTING]
    return rows, counts


@compiled
def _call(row: int, word: int, tables: _Tables, state: _State) -> bool:
    """Call a word; return whether there was a place for it. If not, the row halts."""
    depth = state.depth[row]
    if depth == state.stack.shape[1]:
        state.halted[row] = True
        return False
    for number in range(4):
        state.stack[row, Index(depth), number] = tables.words[word, number]
    state.depth[row] = depth + 1
    return True


@compiled
def _called(rows: Slots, action: Ints, tables: _Tables, state: _State) -> Slots:
    """Call the programs of some rows; return the rows that had a place for it."""
    called, count = np.empty_like(rows), 0
    for row in rows:
        a = action[row]
        called[count] = row
        count += _call(row, tables.word[a[0], a[1], a[2], a[3]], tables, state)
    return called[:count]


@compiled
def _changed(
    code: int,
    member: Bools,
    constants: NDArray[np.int64],
    state: _State,
    rows: Slots,
    effects: Slots,
) -> None:
    """Do what ``Kind.apply`` does."""
    for row, effect in zip(rows, effects):  # noqa: B905 (numba's has no keywords)
        if not member[effect]:
            continue
        c, pointers, pad = constants[effect], state.pointers[row], state.pad[row]
        if code == _LEFT:
            pointers[c[0]] -= pointers[c[0]] > 0
        elif code == _RIGHT:
            pointers[c[0]] += pointers[c[0]] < c[1]
        elif code == _RIGHT_WITHIN:
            pointers[c[0]] += pointers[c[0]] < state.length[row] - 1 + c[1]
        elif code == _WRITE:
            pad[c[0], pointers[c[1]]] = c[2]
        elif code == _SWAP:
            i, j = pointers[c[1]], pointers[c[2]]
            pad[c[0], i], pad[c[0], j] = pad[c[0], j], pad[c[0], i]


def _renew(running: Episodes, slots: Slots) -> None:
    """Do what ``Episodes.renew`` does."""
    fresh, rows = running.stream.claim(slots)
    running.limit[slots] = running.limits(fresh.length[rows])
    main = running.task.machine.library.main  # type: ignore[attr-defined]
    _pose(_state(running.state), _posed(running.instances), slots, _posed(fresh), rows, main)


@compiled
def _pose(state: _State, posed: _Posed, slots: Slots, fresh: _Posed, rows: Slots, main: int) -> int:
    """Begin the episodes of some slots with rows of fresh instances."""
    seen = _fetch(fresh, rows)
    for slot, row in zip(slots, rows):  # noqa: B905 (numba's has no keywords)
        for line in range(posed.pad.shape[1]):
            for cell in range(posed.pad.shape[2]):
                value = fresh.pad[row, line, cell]
                state.pad[slot, line, cell] = posed.pad[slot, line, cell] = value
        _copied(fresh.pointers, row, slot, posed.pointers, state.pointers)
        _copied(fresh.given, row, slot, posed.given, state.given)
        _copied(fresh.answer, row, slot, posed.answer, posed.answer)
        _copied(fresh.mask, row, slot, posed.mask, posed.mask)
        state.length[slot] = posed.length[slot] = fresh.length[row]
        for place in range(state.stack.shape[1]):
            for number in range(4):
                state.stack[slot, place, number] = 0
        state.stack[slot, 0, 0] = main
        state.depth[slot] = 1
        state.halted[slot] = False
        state.steps[slot] = 0
    return seen


@compiled
def _fetch(fresh: _Posed, rows: Slots) -> int:
    """Make rows come from memory many at once, not one by one; the result is of no use."""
    seen = 0
    for row in rows:
        seen += fresh.pad[row, 0, 0] + fresh.pad[row, -1, -1] + fresh.length[row]
        if fresh.answer.shape[1]:
            seen += fresh.answer[row, 0] + fresh.mask[row, 0]
    return seen


@compiled
def _copied(
    source: NDArray[Any], row: int, slot: int, one: NDArray[Any], other: NDArray[Any]
) -> None:
    """Copy a row of numbers into a slot of two arrays; assigning slices takes longer."""
    for number in range(source.shape[1]):
        one[slot, number] = other[slot, number] = source[row, number]


@compiled
def frames(stack: Ints, depth: Ints) -> Ints:
    """Do what ``program.machine.frames`` does."""
    found = np.zeros((len(depth), 4), dtype=stack.dtype)
    for row in range(len(depth)):
        if depth[row]:
            for number in range(4):
                found[row, number] = stack[row, Index(depth[row] - 1), number]
    return found


def cells_at(pad: Ints, columns: Ints, rows: Slots, lines: tuple[int, ...]) -> Ints:
    """Do what ``program.world.cells_at`` does."""
    return _cells_at(pad, columns, rows, lines)  # type: ignore[no-any-return]


@compiled
def _cells_at(pad: Ints, columns: Ints, rows: Slots, lines: tuple[int, ...]) -> Ints:
    found = np.empty((len(rows), len(lines)), dtype=pad.dtype)
    for number in range(len(rows)):
        row = Index(rows[number])
        for line in range(len(lines)):
            found[number, line] = pad[row, Index(lines[line]), Index(columns[row, line])]
    return found.T


def _tables(rules: Rules) -> _Tables:
    return _Tables(*_TABLES(rules))


def _state(state: ProgramState) -> _State:
    return _State(*_STATE(state))


def _posed(instances: Any) -> _Posed:
    return _Posed(*_POSED(instances))


_TABLES, _STATE, _POSED = (attrgetter(*each._fields) for each in (_Tables, _State, _Posed))
