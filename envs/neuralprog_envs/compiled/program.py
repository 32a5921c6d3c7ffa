"""Steps of pads: what all tasks share is compiled; what a task itself sees and changes is not."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.compiled.endings import ended
from neuralprog_envs.compiled.jit import Index, compiled
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


class _Tables(NamedTuple):
    """Parts of ``Rules``."""

    word: NDArray[np.intp]
    allowed: Bools
    conditional: Bools
    words: Ints


class _State(NamedTuple):
    """See ``ProgramState``."""

    pad: Ints
    pointers: Ints
    given: Ints
    length: Ints
    stack: Ints
    depth: Ints
    halted: Bools
    steps: Ints


class _Posed(NamedTuple):
    """See ``ProgramInstances``."""

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
    rules, arrays, program = machine.rules, _state(state), action[:, 0]
    tables = _tables(rules)
    word, legal, conditional = _found(action, tables, arrays)
    view = machine.world.look(state, conditional) if conditional.size else ()
    for number, holds in rules.preconditions if conditional.size else ():
        legal[conditional] &= (program[conditional] != number) | holds(view)
    acting, calling, returning = _moved(action, word, legal, tables, arrays)
    effects = rules.effect[word[acting]]
    for kind in machine.kinds:
        if kind.function in _CODES:
            which = _CODES[kind.function], kind.member, kind.constants
            _changed(*which, arrays, acting, effects)
        else:
            kind.apply(state, acting, effects)
    for number, enter in rules.enters:
        enter(state, calling[program[calling] == number])
    for number, leave in rules.leaves:
        left = state.stack[returning, state.depth[returning], 0]
        leave(state, returning[(left == number) & (state.depth[returning] > 0)])


@compiled
def _found(action: Ints, tables: _Tables, state: _State) -> tuple[Slots, Bools, Slots]:
    """Return words, and what is legal if preconditions hold, both (n,); rows that have some."""
    n, count = len(action), 0
    word, legal = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.bool_)
    rows = np.empty(n, dtype=np.intp)
    for row in range(n):
        a = action[row]
        word[row] = tables.word[Index(a[0]), Index(a[1]), Index(a[2]), Index(a[3])]
        depth = state.depth[row]
        running = state.stack[row, Index(max(depth - 1, 0)), 0] if depth else 0
        allowed = tables.allowed[Index(running), Index(action[row, 0])]
        legal[row] = allowed & (word[row] >= 0) & (not state.halted[row])
        rows[count] = row
        count += legal[row] & tables.conditional[Index(action[row, 0])]
    return word, legal, rows[:count]


@compiled
def _moved(
    action: Ints, word: Slots, legal: Bools, tables: _Tables, state: _State
) -> tuple[Slots, Slots, Slots]:
    """Count a step, call and return; return the rows that act, that called, that returned."""
    n, D = len(action), state.stack.shape[1]
    rows, counts = np.empty((3, n), dtype=np.intp), np.zeros(3, dtype=np.intp)
    for row in range(n):
        state.steps[row] += 1
        if not legal[row]:
            continue
        program, depth = action[row, 0], state.depth[row]
        kind = 0 if program == ACT else 2 if program == RETURN else 1
        if kind == 1 and depth == D:
            state.halted[row] = True
            continue
        if kind == 1:
            for number in range(4):
                state.stack[row, Index(depth), number] = tables.words[Index(word[row]), number]
            state.depth[row] += 1
        elif kind == 2:
            state.depth[row] -= 1
            state.halted[row] = depth == 1
        rows[kind, counts[kind]] = row
        counts[kind] += 1
    return rows[0, : counts[0]], rows[1, : counts[1]], rows[2, : counts[2]]


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
def _pose(
    state: _State, posed: _Posed, slots: Slots, fresh: _Posed, rows: Slots, main: int
) -> None:
    """Begin the episodes of some slots with rows of fresh instances."""
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
    return _cells_at(pad, columns, rows, np.array(lines))  # type: ignore[no-any-return]


@compiled
def _cells_at(pad: Ints, columns: Ints, rows: Slots, lines: NDArray[np.int64]) -> Ints:
    found = np.empty((len(rows), len(lines)), dtype=pad.dtype)
    for number in range(len(rows)):
        row = rows[number]
        for line in range(len(lines)):
            found[number, line] = pad[row, lines[line], Index(columns[row, line])]
    return found.T


def _tables(rules: Rules) -> _Tables:
    return _Tables(*_TABLES_OF(rules))


def _state(state: ProgramState) -> _State:
    return _State(*_STATE_OF(state))


def _posed(instances: Any) -> _Posed:
    return _Posed(*_POSED_OF(instances))


_TABLES_OF, _STATE_OF, _POSED_OF = (attrgetter(*each._fields) for each in (_Tables, _State, _Posed))
