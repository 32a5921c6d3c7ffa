"""Add two numbers that are written in base 3 with their lowest digits first.

    n = 2     cell  0 1 2 3 4 5 6 7
    input           5 2 2 1 2 0 0 0
    output          . . . . . 1 1 1        (dots are not scored; 2 + 3 plus 2 + 6 makes 13)

Input: p, a_0, b_0, a_1, b_1, ..., zeros; digits are 0, 1 or 2, and p = 2n + 1 is the first cell
after them. Output: cells p..p+n hold the n + 1 digits of the sum, lowest first. A user's input
is the digits in the order of the tape: 2n numbers.
Source: ReversedAddition of OpenAI Gym's algorithmic environments (dropped there), after Zaremba
et al. 2015, "Learning simple algorithms from examples", on the tape of the NRAM; Gym's grid
has the two digits of a column above each other.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, read, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look

BASE = 3


class ReversedAddition:
    """Cells p.. := a + b."""

    registers = 5
    shortest = 1
    split_from = 4
    look = Look(("p", ("digits a b a b …", 2)))

    def memory_size(self, n: int) -> int:
        """Return 3n + 2: the pointer, two numbers of n digits, their sum of n + 1."""
        return 3 * n + 2

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: three to begin, fifteen a digit, two at the end."""
        return 15 * n + 5

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with uniform digits."""
        tape = np.where(span(M, 1, 2 * n), draws.integers(0, BASE, M), np.int32(0))
        tape[:, 0] = 2 * n + 1
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the digits of the sum, found column by column."""
        B, M = tape.shape
        N = int(n.max())
        columns = np.where(span(M, 1, 2 * n), tape, np.int32(0))[:, 1 : 2 * N + 1]
        total = np.zeros((B, N + 1), dtype=np.int32)
        total[:, :N] = columns.reshape(B, N, 2).sum(axis=2)
        for i in range(N):
            total[:, i + 1] += total[:, i] // BASE
        scored = span(M, 2 * n + 1, n + 1)
        digits = read(total % BASE, np.arange(M) - 2 * n[:, None] - 1)
        return digits, scored

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of the digits a_0, b_0, a_1, b_1, ..."""
        check_values(values, least=0)
        if len(values) % 2:
            raise ValueError(f"{len(values)} digits: give pairs a_0, b_0, a_1, b_1, ...")
        if max(values) >= BASE:
            raise ValueError(f"digit {max(values)} is too large: digits are 0 to {BASE - 1}")
        return [len(values) + 1, *values], len(values) // 2

    def expert(self, cpu: Cpu) -> Instructions:
        """Add two digits to the carry; where that exceeds 2, take 3 away and carry 1."""
        source, target, end, total, other = range(5)
        yield cpu.read(end, source)
        yield cpu.move(target, end)
        yield cpu.inc(source, source)
        while True:
            for _ in range(2):
                yield cpu.read(other, source)
                yield cpu.add(total, total, other)
                yield cpu.inc(source, source)
            yield cpu.two(other)
            yield cpu.less(other, other, total)
            for _ in range(BASE):
                yield cpu.sub(total, total, other)
            yield cpu.write(target, total, to=total)
            yield cpu.move(total, other)
            yield cpu.inc(target, target)
            yield cpu.equal(other, source, end)
            if not cpu.is_zero(other):
                break
        yield cpu.write(target, total, to=total)
        yield cpu.halt()
