"""Steps of tapes with instructions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.compiled.jit import Index, compiled
from neuralprog_envs.compiled.steps import ended
from neuralprog_envs.core.episodes import Endings, Episodes, Slots
from neuralprog_envs.core.task import Bools, Ints, Machine, remember
from neuralprog_envs.tape.machine import LARGEST_TABLE, TapeMachine


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


@compiled
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
    terminated, truncated, slots = ended(state.halted, state.steps, limit)
    return terminated, truncated, slots, _successes(state, posed, slots)


@compiled
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


@compiled
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


@compiled
def _successes(state: _State, posed: _Posed, slots: Slots) -> Bools:
    """Do what ``Episodes.successes`` does."""
    success = np.zeros(len(state.tape), dtype=np.bool_)
    for slot in slots:
        wrong = False
        for cell in range(state.tape.shape[1]):
            differs = state.tape[slot, cell] != posed.answer[slot, cell]
            wrong |= differs & posed.mask[slot, cell]
        success[slot] = not wrong
    return success


def step(running: Episodes, action: NDArray[np.int64], pending: Slots) -> Endings:
    """Do what ``episodes.step`` does."""
    machine: Any = running.task.machine
    state = running.state
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


def takes(machine: Machine) -> bool:
    """Whether it is a tape whose actions are all look-ups: instructions on a small tape."""
    if not isinstance(machine, TapeMachine) or machine.action != "instruction":
        return False
    return machine.memory_size <= LARGEST_TABLE


def _posed(instances: Any) -> _Posed:
    return _Posed(instances.tape, instances.answer, instances.mask, instances.length)
