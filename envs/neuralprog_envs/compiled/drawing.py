"""What draws instances: random numbers, arrays on tapes, numbers to be added."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.compiled.jit import Index, compiled
from neuralprog_envs.core import draws
from neuralprog_envs.core.draws import Bits, Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.program.tasks.addition import BLANK


@compiled
def _drawn(key: Any, counter: int, low: int, span: int) -> Any:
    """Return one number as ``draws.uniform`` draws it."""
    bits = key + np.uint64(counter) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = (bits ^ (bits >> np.uint64(31))) >> np.uint64(32)
    return low + np.int64((bits * np.uint64(span)) >> np.uint64(32))


@compiled
def _scaled(key: Bits, first: int, columns: int, low: int, span: int) -> Ints:
    numbers = np.empty((len(key), columns), dtype=np.int32)
    for row in range(len(key)):
        for column in range(columns):
            numbers[row, column] = _drawn(key[row], first + column, low, span)
    return numbers


def uniform(key: Bits, first: int, columns: int, low: Any, high: Any) -> Ints:
    """Do what ``draws.uniform`` does."""
    if isinstance(low, int) and isinstance(high, int):
        return _scaled(key, first, columns, low, high - low)  # type: ignore[no-any-return]
    return draws.uniform.numpy(key, first, columns, low, high)


@compiled
def _filled(key: Bits, first: int, n: Ints, M: int, head: Ints, least: int) -> Ints:
    tape = np.zeros((len(key), M), dtype=np.int32)
    before = head.shape[1]
    for row in range(len(key)):
        tape[row, :before] = head[row]
        for cell in range(before, min(before + n[row], M)):
            tape[row, cell] = _drawn(key[row], first + cell, least, M - least)
    return tape


def array(draws: Draws, n: Ints, M: int, *head: Any, least: int = 1) -> Ints:
    """Do what ``arrays.array`` does."""
    first = np.empty((len(draws), len(head)), dtype=np.int32)
    for cell, value in enumerate(head):
        first[:, cell] = value
    return _filled(draws.key, draws.pass_over(M), n, M, first, least)  # type: ignore[no-any-return]


@compiled
def _moved(tape: Ints, by: NDArray[Any]) -> Ints:
    """``by`` has one number, or one for each row."""
    moved = np.empty_like(tape)
    last = tape.shape[1] - 1
    for row in range(len(tape)):
        distance = by[row if len(by) > 1 else 0]
        for cell in range(last + 1):
            moved[row, cell] = tape[row, Index(min(max(cell - distance, 0), last))]
    return moved


def shifted(tape: Ints, by: Any) -> Ints:
    """Do what ``arrays.shifted`` does."""
    return _moved(tape, np.reshape(by, -1))  # type: ignore[no-any-return]


def read(tape: Ints, addresses: NDArray[Any]) -> Ints:
    """Do what ``arrays.read`` does."""
    every = np.broadcast_to(addresses, (len(tape), addresses.shape[1]))
    return _looked_up(tape, every)  # type: ignore[no-any-return]


@compiled
def _looked_up(tape: Ints, addresses: NDArray[Any]) -> Ints:
    found = np.empty(addresses.shape, dtype=tape.dtype)
    for row in range(tape.shape[0]):
        for column in range(addresses.shape[1]):
            cell = min(max(addresses[row, column], 0), tape.shape[1] - 1)
            found[row, column] = tape[row, Index(cell)]
    return found


def digits_of(draws: Draws, count: Ints, N: int) -> Ints:
    """Do what ``addition.digits_of`` does."""
    first, leading = draws.pass_over(N), draws.pass_over(N)
    return _digits_of(draws.key, first, leading, count, N)  # type: ignore[no-any-return]


@compiled
def _digits_of(key: Bits, first: int, leading: int, count: Ints, N: int) -> Ints:
    numbers = np.full((len(key), N), BLANK, dtype=np.int32)
    for row in range(len(key)):
        highest = N - count[row]
        for column in range(highest, N):
            numbers[row, column] = _drawn(key[row], first + column, 0, 10)
        if count[row] > 1:
            numbers[row, highest] = _drawn(key[row], leading + highest, 1, 9)
    return numbers


@compiled
def sums(one: Ints, other: Ints, lengths: Ints) -> Ints:
    """Do what ``addition.sums`` does."""
    answer = np.full(one.shape, BLANK, dtype=np.int32)
    for row in range(len(one)):
        carried = 0
        for place in range(one.shape[1]):
            column = one.shape[1] - 1 - place
            carried += one[row, column] % BLANK + other[row, column] % BLANK
            if place < lengths[row] or carried > 0:
                answer[row, column] = carried - 10 * (carried > 9)
            carried = carried > 9
    return answer
