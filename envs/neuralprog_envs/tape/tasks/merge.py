"""Merge two ascending arrays.

    n = 4     cell  0  1  2  3  4  5  6  7  8  9 10 11 12
    input           3  6  9  2  5 12  3  4 12  0  0  0  0
    output          .  .  .  .  .  .  .  .  .  2  3  4  5     (dots are not scored; 12 is G)

Input: a, b, o, A, G, B, G, zeros; a = 3, b and o point to A, B and the first cell after the
second G; A and B are ascending, ties allowed, with at least one value each in 1..M-2, n values
together. The guard G is M - 1 (any value above all others guards as well). Output: cells
o..o+n-1 hold all values, ascending. A user's input is A, a 0, B: ``2 5 0 3 4``; the user's
guard is the M - 1 of the least memory, or more where a value is that large.
Source: Kurach et al. 2016, appendix A, task 9 (Merge), which does not say what G is: DENN uses 0
in one program and -1 in another, ANC 0 with descending arrays. G = M - 1 lets MIN choose.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, shifted, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Merge:
    """Cells o.. := sorted(A + B)."""

    registers = 5
    shortest = 2
    split_from = 4
    look = Look(
        (
            *("a", "b", "o"),
            *(("A", lambda tape, n: tape[1] - 4), "G"),
            *(("B", lambda tape, n: n + 4 - tape[1]), "G"),
        ),
        bars=True,
    )

    def memory_size(self, n: int) -> int:
        """Return 2n + 5: three pointers, two arrays and guards, the merged array."""
        return 2 * n + 5

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: nine to begin, nine a value, one to halt."""
        return 9 * n + 10

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with sorted arrays of uniform values, divided at a random place.

        One sort does both arrays: the cells' keys grow from part to part, and are the contents
        modulo M.
        """
        b = 4 + draws.integer(1, n)
        value = draws.integers(1, M - 1, M)
        cell, second = np.arange(M), n[:, None] + 4
        first = b[:, None] - 1
        key = np.where(cell < first, value, np.where(cell < second, M + value, 2 * M))
        key = np.where(cell == first, M - 1, np.where(cell == second, 2 * M - 1, key))
        tape = (np.sort(np.where(cell < 3, 0, key), axis=1) % M).astype(np.int32)
        tape[:, 0], tape[:, 1], tape[:, 2] = 3, b, n + 5
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the values between a and o without the first guard, sorted."""
        M = tape.shape[1]
        values = span(M, 3, n + 1) & ~span(M, tape[:, 1] - 1, 1)
        merged = np.sort(np.where(values, tape, np.int32(M)), axis=1)
        scored = span(M, n + 5, n)
        return shifted(merged, n + 5), scored

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of two arrays that a 0 separates."""
        check_values(values, least=0)
        if values.count(0) != 1:
            raise ValueError("give two arrays with one 0 between them, such as 2 5 0 3 4")
        middle, n = values.index(0), len(values) - 1
        A, B = values[:middle], values[middle + 1 :]
        for array in (A, B):
            check_values(array)
            if array != sorted(array):
                raise ValueError(f"{array} is not ascending: give {sorted(array)}")
        guard = max(self.memory_size(n) - 1, max(values) + 1)
        return [3, 4 + len(A), 5 + n, *A, guard, *B, guard], n

    def expert(self, cpu: Cpu) -> Instructions:
        """Write the lesser of two heads; cell 0 keeps where to stop, o + n = 2o - 5."""
        i, j, target, x, y = range(5)
        yield cpu.read(i, i)
        yield cpu.two(x)
        yield cpu.read(target, x)
        yield cpu.add(y, target, target)
        yield cpu.sub(y, y, i)
        yield cpu.sub(y, y, x)
        yield cpu.write(j, y, to=y)
        yield cpu.one(x)
        yield cpu.read(j, x)
        while True:
            yield cpu.read(x, i)
            yield cpu.read(y, j)
            yield cpu.minimum(y, x, y)
            yield cpu.equal(x, x, y)
            yield cpu.inc(j, j) if cpu.is_zero(x) else cpu.inc(i, i)
            yield cpu.write(target, y, to=y)
            yield cpu.inc(target, target)
            yield cpu.read(y, y)
            yield cpu.equal(y, y, target)
            if not cpu.is_zero(y):
                break
        yield cpu.halt()
