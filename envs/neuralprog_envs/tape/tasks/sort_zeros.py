"""Sort an array that may hold zeros.

    n = 4     cell  0 1 2 3 4
    input           4 3 0 3 1
    output          . 0 1 3 3      (dots are not scored)

Input: n, a_1 .. a_n; values are 0 to M - 1, ties allowed, and no 0 marks the end. Output: cells
1..n hold the values, ascending. A user's input is the array.
Source: ours; Sort takes values of at least 1.
"""

from __future__ import annotations

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Counts, Instructions
from neuralprog_envs.tape.arrays import array, ascending, check_values
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look
from neuralprog_envs.tape.tasks.sort import insert


class SortZeros:
    """Cells 1.. := the values, ascending."""

    registers = 5
    shortest = 1
    split_from = 5
    look = Look(("n", ("array A", 1)), bars=True)
    answer = staticmethod(ascending)

    def memory_size(self, n: int) -> int:
        """Return n + 1, the length and the array, but at least the machine's 3 cells."""
        return max(n + 1, 3)

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions on a descending array: 5i + 4 for element i, 5 more."""
        return 5 * n * (n + 1) // 2 + 4 * n - 4

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with arrays of values in 0..M-1."""
        return array(draws, n, M, n, least=0)

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of the array ``values``."""
        check_values(values, least=0)
        return [len(values), *values], len(values)

    def expert(self, cpu: Cpu) -> Instructions:
        """Insertion sort of elements 2 to n."""
        i, element, other = 0, 2, 3
        yield cpu.inc(i, i)
        while True:
            yield cpu.zero(other)
            yield cpu.read(other, other)
            yield cpu.less(other, i, other)
            if cpu.is_zero(other):
                break
            yield cpu.inc(i, i)
            yield cpu.read(element, i)
            yield from insert(cpu)
        yield cpu.halt()
