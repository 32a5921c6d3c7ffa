"""Fetch the element at a given address.

    n = 3     cell  0 1 2 3 4
    input           2 3 4 1 0
    output          4 . . . .          (dots are not scored)

Input: k, A[0..n-1], 0; k in 1..n is an absolute address (table 3 prints k = 3 and returns
tape[3]), and values are at least 1. Output: cell 0 holds tape[k]. A user's input is the tape
without its zeros: k, then A.
Source: Kurach et al. 2016, appendix A, task 1 (Access); table 3 prints a run.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, one_cell, read_one, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Access:
    """Cell 0 := tape[k]."""

    registers = 2
    shortest = 1
    split_from = 4
    look = Look(("k / output", ("input A", 1)))

    def memory_size(self, n: int) -> int:
        """Return n + 2: the address, the array, a zero."""
        return n + 2

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions, which are four whatever the length."""
        return np.full_like(n, 4)

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with arrays of values in 1..M-1 and an address in 1..n."""
        tape = np.where(span(M, 1, n), draws.integers(1, M, M), np.int32(0))
        tape[:, 0] = draws.integer(1, n + 1)
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the element in cell 0."""
        return one_cell(tape, 0, read_one(tape, tape[:, 0]))

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of an address and an array."""
        check_values(values)
        n = len(values) - 1
        if n == 0:
            raise ValueError("the array is missing: give an address k, then the array")
        if values[0] > n:
            raise ValueError(f"address {values[0]} is outside the array: it is in cells 1..{n}")
        return list(values), n

    def expert(self, cpu: Cpu) -> Instructions:
        """Follow cell 0 to the element."""
        zero, value = range(2)
        yield cpu.read(value, zero)
        yield cpu.read(value, value)
        yield cpu.write(zero, value, to=value)
        yield cpu.halt()
