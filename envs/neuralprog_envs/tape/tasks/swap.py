"""Exchange two elements of an array.

    n = 4     cell  0 1 2 3 4 5 6
    input           3 5 6 1 4 2 0
    output          . . 6 2 4 1 .      (dots are not scored)

Input: p, q, A[0..n-1], 0; p and q are absolute addresses (table 6 prints p = 4, q = 13 and
exchanges tape[4] and tape[13]) with 2 ≤ p < q ≤ n + 1, and values are at least 1. Output: cells
2..n+1 hold A with tape[p] and tape[q] exchanged; cells 0 and 1 may serve as scratch, as in the
paper's run. A user's input is the tape without its zero: p, q, then A.
Source: Kurach et al. 2016, appendix A, task 5 (Swap); table 6 prints a run. The paper does not
require p < q, but it holds in its example.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, read, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Swap:
    """tape[p], tape[q] := tape[q], tape[p]."""

    registers = 3
    shortest = 2
    split_from = 4
    look = Look(("p", "q", ("array A", 1)))

    def memory_size(self, n: int) -> int:
        """Return n + 3: two addresses, the array, a zero."""
        return n + 3

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions, which are nine whatever the length."""
        return np.full_like(n, 9)

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with arrays of values in 1..M-1 and any two different addresses."""
        tape = np.where(span(M, 2, n), draws.integers(1, M, M), np.int32(0))
        p, q = draws.integer(0, n), draws.integer(0, n - 1)
        q = q + (q >= p)
        tape[:, 0] = 2 + np.minimum(p, q)
        tape[:, 1] = 2 + np.maximum(p, q)
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return A, read through the exchange of p and q."""
        M = tape.shape[1]
        p, q, cell = tape[:, :1], tape[:, 1:2], np.arange(M)
        scored = span(M, 2, n)
        exchanged = read(tape, np.where(cell == p, q, np.where(cell == q, p, cell)))
        return exchanged, scored

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of two addresses and an array."""
        check_values(values)
        n = len(values) - 2
        if n < 2:
            raise ValueError("too few numbers: give p and q, then an array of at least 2")
        p, q = values[:2]
        if not 2 <= p < q <= n + 1:
            raise ValueError(
                f"p = {p} and q = {q} cannot be exchanged: the array is in cells 2..{n + 1}, "
                f"and p must be less than q"
            )
        return list(values), n

    def expert(self, cpu: Cpu) -> Instructions:
        """Move tape[p] to q while one register keeps what was there; then read p once more."""
        first, second, address = range(3)
        yield cpu.read(first, address)
        yield cpu.read(first, first)
        yield cpu.one(address)
        yield cpu.read(address, address)
        yield cpu.read(second, address)
        yield cpu.write(address, first, to=address)
        yield cpu.read(address, address)
        yield cpu.write(address, second, to=second)
        yield cpu.halt()
