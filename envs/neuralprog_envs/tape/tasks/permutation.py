"""Arrange an array in a given order.

    n = 3     cell  0 1 2 3 4 5 6
    input           4 2 0 1 6 3 5
    output          . 5 6 3 . . .      (dots are not scored)

Input: a, P[0..n-1], A[0..n-1]; a = n + 1 points to A, P is a permutation of 0..n-1 (as in the
paper's appendix; its main text says 1..n), and values are at least 1. Output: cells 1..n hold
A[P[0]], A[P[1]], ... A user's input is P, then A: 2n numbers.
Source: Kurach et al. 2016, appendix A, task 6 (Permutation).
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, read, shifted, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Permutation:
    """Cells 1.. := A[P]."""

    registers = 3
    shortest = 1
    split_from = 3
    look = Look(("a", ("order P / output", 1), ("input A", 1)))

    def memory_size(self, n: int) -> int:
        """Return 2n + 1: the pointer, the permutation, the array."""
        return 2 * n + 1

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: two to begin, five an element, one to halt."""
        return 5 * n + 3

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with random permutations and arrays of values in 1..M-1."""
        tape = np.where(span(M, n + 1, n), draws.integers(1, M, M), np.int32(0))
        tape = np.where(span(M, 1, n), shifted(draws.ranks(n, M), 1), tape)
        tape[:, 0] = n + 1
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return A[P], in P's place."""
        scored = span(tape.shape[1], 1, n)
        return read(tape, tape + n[:, None] + 1), scored

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of a permutation and an array."""
        check_values(values, least=0)
        n = len(values) // 2
        order, array = values[:n], values[n:]
        if len(values) % 2:
            raise ValueError(f"{len(values)} numbers: give P, then A, of one length: 2n numbers")
        if sorted(order) != list(range(n)):
            raise ValueError(f"{order} is not a permutation: it must hold each of 0..{n - 1} once")
        check_values(array)
        return [n + 1, *values], n

    def expert(self, cpu: Cpu) -> Instructions:
        """Replace P[i] by A[P[i]] from the last cell of P down, until the pointer is 0."""
        pointer, array, value = range(3)
        yield cpu.read(array, pointer)
        yield cpu.dec(pointer, array)
        while not cpu.is_zero(pointer):
            yield cpu.read(value, pointer)
            yield cpu.add(value, value, array)
            yield cpu.read(value, value)
            yield cpu.write(pointer, value, to=value)
            yield cpu.dec(pointer, pointer)
        yield cpu.halt()
