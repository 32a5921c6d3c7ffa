"""Copy an array three times: as it is, reversed, as it is.

    n = 2     cell  0 1 2 3 4 5 6 7 8
    input           3 7 4 0 0 0 0 0 0
    output          . . . 7 4 4 7 7 4      (dots are not scored)

Input: p, A[0..n-1], zeros; p = n + 1 is the first cell after A, and values are at least 1.
Output: cells p..p+3n-1 hold A, A reversed, A. A user's input is the array A.
Source: RepeatCopy of OpenAI Gym's algorithmic environments (dropped there), after Zaremba et
al. 2015, "Learning simple algorithms from examples", on the tape of the NRAM.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import encode_pointed, read, sample_pointed, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look
from neuralprog_envs.tape.tasks.copy import copy_up


class RepeatCopy:
    """Cells p.. := A, A reversed, A."""

    registers = 4
    shortest = 1
    split_from = 3
    look = Look(("p", ("input A", 1)))
    sample = staticmethod(sample_pointed)
    encode = staticmethod(encode_pointed)

    def memory_size(self, n: int) -> int:
        """Return 4n + 1: the pointer, the array, three copies."""
        return 4 * n + 1

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: 5, 4 and 5 an element, six around the passes."""
        return 14 * n + 6

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return A, its mirror image, and A."""
        M = tape.shape[1]
        scored = span(M, n + 1, 3 * n)
        copy, place = np.divmod(np.arange(M) - n[:, None] - 1, n[:, None])
        source = np.where(copy == 1, n[:, None] - place, 1 + place)
        return read(tape, source), scored

    def expert(self, cpu: Cpu) -> Instructions:
        """Walk the source up to the array's end, down to cell 0, and up again."""
        source, target, end, value = range(4)
        yield cpu.read(end, source)
        yield cpu.move(target, end)
        yield cpu.inc(source, source)
        yield from copy_up(cpu)
        yield cpu.dec(source, source)
        while not cpu.is_zero(source):
            yield cpu.read(value, source)
            yield cpu.write(target, value, to=value)
            yield cpu.inc(target, target)
            yield cpu.dec(source, source)
        yield cpu.inc(source, source)
        yield from copy_up(cpu)
        yield cpu.halt()
