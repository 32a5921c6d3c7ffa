"""Add 1 to every element of an array.

    n = 3     cell  0 1 2 3
    input           2 3 1 0
    output          3 0 2 .            (dots are not scored; here M = 4, so 3 + 1 = 0)

Input: A[0..n-1], 0; values are at least 1. Output: cells 0..n-1 hold A + 1 modulo M. A user's
input is the array A.
Source: Kurach et al. 2016, appendix A, task 2 (Increment); table 4 prints a run.
"""

from __future__ import annotations

from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import array, encode_array, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Increment:
    """Cells 0.. := A + 1."""

    registers = 2
    shortest = 1
    split_from = 5
    look = Look((("array A", 1),))
    sample = staticmethod(array)
    encode = staticmethod(encode_array)

    def memory_size(self, n: int) -> int:
        """Return n + 1, the array and a zero, but at least the machine's 3 cells."""
        return max(n + 1, 3)

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: four an element, two at the end."""
        return 4 * n + 2

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return A + 1, in place."""
        M = tape.shape[1]
        scored = span(M, 0, n)
        return (tape + 1) % M, scored

    def expert(self, cpu: Cpu) -> Instructions:
        """Walk until an element is 0."""
        pointer, value = range(2)
        while True:
            yield cpu.read(value, pointer)
            if cpu.is_zero(value):
                break
            yield cpu.inc(value, value)
            yield cpu.write(pointer, value, to=value)
            yield cpu.inc(pointer, pointer)
        yield cpu.halt()
