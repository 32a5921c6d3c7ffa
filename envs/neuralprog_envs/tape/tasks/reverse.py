"""Copy an array, reversed, to where the first cell points.

    n = 3     cell  0 1 2 3 4 5 6
    input           4 6 2 5 0 0 0
    output          . . . . 5 2 6      (dots are not scored)

Input: p, A[0..n-1], zeros; p = n + 1 is the first cell after A, and values are at least 1.
Output: cells p..p+n-1 hold A from its last element to its first. A user's input is the array A.
Source: Kurach et al. 2016, appendix A, task 4 (Reverse); table 5 prints a run.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import encode_pointed, read, sample_pointed, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Reverse:
    """Cells p.. := A reversed."""

    registers = 3
    shortest = 1
    split_from = 4
    look = Look(("p", ("input A", 1)))
    sample = staticmethod(sample_pointed)
    encode = staticmethod(encode_pointed)

    def memory_size(self, n: int) -> int:
        """Return 2n + 1: the pointer, the array, its reversal."""
        return 2 * n + 1

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: two to begin, four an element, one to halt."""
        return 4 * n + 3

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return A mirrored at the boundary between cells n and n + 1."""
        M = tape.shape[1]
        scored = span(M, n + 1, n)
        mirrored = read(tape, 2 * n[:, None] + 1 - np.arange(M))
        return mirrored, scored

    def expert(self, cpu: Cpu) -> Instructions:
        """Walk the source down from the array's end until it is cell 0, the target up."""
        source, target, value = range(3)
        yield cpu.read(target, source)
        yield cpu.dec(source, target)
        while not cpu.is_zero(source):
            yield cpu.read(value, source)
            yield cpu.write(target, value, to=value)
            yield cpu.inc(target, target)
            yield cpu.dec(source, source)
        yield cpu.halt()
