"""Write each run of equal values once.

    n = 5     cell  0 1 2 3 4 5 6 7 8 9 10
    input           6 3 3 7 3 3 0 0 0 0 0
    output          . . . . . . 3 7 3 0 0      (dots are not scored)

Input: p, A[0..n-1], zeros; p = n + 1 is the first cell after A, and values are at least 1.
Output: cells p..p+n-1 hold A without the elements that equal the one before them, then zeros. A
user's input is the array A. On a sorted array this leaves each value once.
Source: ours (what ``uniq`` does); in the format of Copy of Kurach et al. 2016. In
DuplicatedInput every run has length two.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import encode_pointed, read, span, write
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Deduplicate:
    """Cells p.. := A, each run once."""

    registers = 5
    shortest = 1
    split_from = 4
    look = Look(("p", ("input A", 1)))
    encode = staticmethod(encode_pointed)

    def memory_size(self, n: int) -> int:
        """Return 2n + 1: the pointer, the array, as many cells for its runs."""
        return 2 * n + 1

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: three to begin, seven an element, one to halt."""
        return 7 * n + 4

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with values in 1..M-1, each repeated with a chance of one half."""
        begins = np.where(draws.integers(0, 2, M) == 0, np.arange(M), 0)
        values = read(draws.integers(1, M, M), np.maximum.accumulate(begins, axis=1))
        tape = np.where(span(M, 1, n), values, np.int32(0))
        tape[:, 0] = n + 1
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the elements that differ from the one before, moved together."""
        M = tape.shape[1]
        array, scored = span(M, 1, n), span(M, n + 1, n)
        before = np.where(np.arange(M) == 1, np.int32(0), np.roll(tape, 1, axis=1))
        kept = array & (tape != before)
        answer = np.zeros_like(tape)
        write(answer, n[:, None] + np.cumsum(kept, axis=1), tape, kept)
        return answer, scored

    def expert(self, cpu: Cpu) -> Instructions:
        """Write what differs from the element before."""
        source, target, end, last, value = range(5)
        yield cpu.read(end, source)
        yield cpu.move(target, end)
        yield cpu.inc(source, source)
        while True:
            yield cpu.read(value, source)
            yield cpu.equal(last, last, value)
            if cpu.is_zero(last):
                yield cpu.write(target, value, to=last)
                yield cpu.inc(target, target)
            yield cpu.move(last, value)
            yield cpu.inc(source, source)
            yield cpu.equal(value, source, end)
            if not cpu.is_zero(value):
                break
        yield cpu.halt()
