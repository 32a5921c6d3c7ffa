"""Replace every element of an array by the sum of all up to it.

    n = 4     cell  0 1 2 3 4 5 6
    input           2 1 4 6 0 0 0
    output          2 3 0 6 . . .      (dots are not scored; here M = 7, so 3 + 4 = 0)

Input: A[0..n-1], 0; values are at least 1. Output: cells 0..n-1 hold A_0 + ... + A_i modulo M. A
user's input is the array A.
Source: ours; in the format of Increment of Kurach et al. 2016.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import array, encode_array, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class PrefixSum:
    """Cells 0.. := the sums of the elements up to each."""

    registers = 3
    shortest = 1
    split_from = 5
    look = Look((("array A", 1),), bars=True)
    sample = staticmethod(array)
    encode = staticmethod(encode_array)

    def memory_size(self, n: int) -> int:
        """Return n + 1, the array and a zero, but at least the machine's 3 cells."""
        return max(n + 1, 3)

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: four an element, two at the end."""
        return 4 * n + 2

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the running sums, in place."""
        M = tape.shape[1]
        scored = span(M, 0, n)
        sums = np.cumsum(tape, axis=1, dtype=np.int64) % M
        return sums, scored

    def expert(self, cpu: Cpu) -> Instructions:
        """Add and write until an element is 0."""
        pointer, value, total = range(3)
        while True:
            yield cpu.read(value, pointer)
            if cpu.is_zero(value):
                break
            yield cpu.add(total, total, value)
            yield cpu.write(pointer, total, to=value)
            yield cpu.inc(pointer, pointer)
        yield cpu.halt()
