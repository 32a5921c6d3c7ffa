"""Add two vectors, whose elements alternate on the tape.

    n = 2     cell  0 1 2 3 4 5 6
    input           5 2 6 1 3 0 0
    output          . . . . . 1 4          (dots are not scored; here M = 7, so 2 + 6 = 1)

Input: p, a_0, b_0, a_1, b_1, ..., zeros; p = 2n + 1 is the first cell after them. Output: cells
p..p+n-1 hold a_i + b_i modulo M. A user's input is the elements in the order of the tape: 2n
numbers.
Source: ours; ReversedAddition without carries, on the same tape.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, read, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class VectorAddition:
    """Cells p.. := a + b."""

    registers = 5
    shortest = 1
    split_from = 2
    look = Look(("p", ("elements a b a b …", 2)))

    def memory_size(self, n: int) -> int:
        """Return 3n + 1: the pointer, two vectors of n elements, and their sum."""
        return 3 * n + 1

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: three to begin, eight an element, one at the end."""
        return 8 * n + 4

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with uniform elements of 0..M-1."""
        tape = np.where(span(M, 1, 2 * n), draws.integers(0, M, M), np.int32(0))
        tape[:, 0] = 2 * n + 1
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the sums of neighbouring cells, from 1 and 2 on."""
        M = tape.shape[1]
        sums = (tape[:, 1:] + np.pad(tape[:, 2:], ((0, 0), (0, 1)))) % M
        element = np.arange(M) - 2 * n[:, None] - 1
        return read(sums, np.clip(2 * element, 0, M - 2)), span(M, 2 * n + 1, n)

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of the elements a_0, b_0, a_1, b_1, ..."""
        check_values(values, least=0)
        if len(values) % 2:
            raise ValueError(f"{len(values)} elements: give pairs a_0, b_0, a_1, b_1, ...")
        return [len(values) + 1, *values], len(values) // 2

    def expert(self, cpu: Cpu) -> Instructions:
        """Read two elements, and write their sum."""
        source, target, end, total, other = range(5)
        yield cpu.read(end, source)
        yield cpu.move(target, end)
        yield cpu.inc(source, source)
        while True:
            yield cpu.read(total, source)
            yield cpu.inc(source, source)
            yield cpu.read(other, source)
            yield cpu.inc(source, source)
            yield cpu.add(total, total, other)
            yield cpu.write(target, total, to=total)
            yield cpu.inc(target, target)
            yield cpu.equal(other, source, end)
            if not cpu.is_zero(other):
                break
        yield cpu.halt()
