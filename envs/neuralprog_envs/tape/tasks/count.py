"""Count how often a value occurs in an array.

    n = 5     cell  0 1 2 3 4 5 6
    input           3 5 3 1 3 3 0
    output          3 . . . . . .      (dots are not scored)

Input: v, A[0..n-1], 0; v and the values are at least 1. Output: cell 0 holds how many elements
of A are v. A user's input is v, then A.
Source: ours; in the format of Access of Kurach et al. 2016.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, one_cell, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Count:
    """Cell 0 := how many elements are v."""

    registers = 4
    shortest = 1
    split_from = 4
    look = Look(("v / output", ("input A", 1)))

    def memory_size(self, n: int) -> int:
        """Return n + 2: the value, the array, a zero."""
        return n + 2

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: two to begin, four an element, three at the end."""
        return 4 * n + 5

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with a value in 1..M-1, of which about half the elements are copies."""
        value, others = draws.integer(1, M)[:, None], draws.integers(1, M, M)
        elements = np.where(draws.integers(0, 2, M) == 0, value, others)
        tape = np.where(span(M, 1, n), elements, np.int32(0))
        tape[:, 0] = value[:, 0]
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the number of elements that are what cell 0 holds."""
        equal = span(tape.shape[1], 1, n) & (tape == tape[:, :1])
        return one_cell(tape, 0, equal.sum(axis=1, dtype=np.int32))

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the given tape and the length of its array."""
        check_values(values)
        if len(values) < 2:
            raise ValueError("the array is missing: give the value to count, then the array")
        return list(values), len(values) - 1

    def expert(self, cpu: Cpu) -> Instructions:
        """Compare and add until an element is 0."""
        pointer, wanted, total, value = range(4)
        yield cpu.read(wanted, pointer)
        yield cpu.inc(pointer, pointer)
        while True:
            yield cpu.read(value, pointer)
            if cpu.is_zero(value):
                break
            yield cpu.equal(value, value, wanted)
            yield cpu.add(total, total, value)
            yield cpu.inc(pointer, pointer)
        yield cpu.write(value, total, to=value)
        yield cpu.halt()
