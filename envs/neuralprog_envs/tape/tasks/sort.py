"""Sort an array.

    n = 4     cell  0 1 2 3 4 5
    input           4 3 5 1 3 0
    output          . 1 3 3 5 .        (dots are not scored)

Input: n, a_1 .. a_n, 0; values are at least 1, ties allowed. Output: cells 1..n hold the values,
ascending. A user's input is the array.
Source: ours, a step beyond the tasks of Kurach et al. 2016 and in their format.
"""

from __future__ import annotations

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Counts, Instructions
from neuralprog_envs.tape.arrays import array, ascending, check_values
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Sort:
    """Cells 1.. := the values, ascending."""

    registers = 5
    shortest = 1
    split_from = 5
    look = Look(("n", ("array A", 1)), bars=True)
    answer = staticmethod(ascending)

    def memory_size(self, n: int) -> int:
        """Return n + 2: the length, the array, a zero."""
        return n + 2

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions on a descending array: 5i + 1 for element i, 4 more."""
        return 5 * n * (n + 1) // 2 + n - 2

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with arrays of values in 1..M-1."""
        return array(draws, n, M, n)

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of the array ``values``."""
        check_values(values)
        return [len(values), *values], len(values)

    def expert(self, cpu: Cpu) -> Instructions:
        """Insertion sort."""
        i, element = 0, 2
        yield cpu.inc(i, i)
        while True:
            yield cpu.inc(i, i)
            yield cpu.read(element, i)
            if cpu.is_zero(element):
                break
            yield from insert(cpu)
        yield cpu.halt()


def insert(cpu: Cpu) -> Instructions:
    """Move what is greater than element i up by one, then fill the hole."""
    i, below, element, other, hole = range(5)
    yield cpu.move(below, i)
    while True:
        yield cpu.dec(below, below)
        if cpu.is_zero(below):
            break
        yield cpu.read(other, below)
        yield cpu.less(hole, element, other)
        if cpu.is_zero(hole):
            break
        yield cpu.inc(hole, below)
        yield cpu.write(hole, other, to=other)
    yield cpu.inc(hole, below)
    yield cpu.write(hole, element, to=element)
