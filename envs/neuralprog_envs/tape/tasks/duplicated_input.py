"""Copy an array in which each symbol occurs twice: write each symbol once.

    n = 3     cell  0 1 2 3 4 5 6 7 8 9
    input           7 5 5 2 2 9 9 0 0 0
    output          . . . . . . . 5 2 9    (dots are not scored)

Input: p, then each of n symbols twice, zeros; p = 2n + 1 is the first cell after them, and
symbols are at least 1. Output: cells p..p+n-1 hold each symbol once. A user's input is the
doubled array: ``5 5 2 2 9 9``.
Source: DuplicatedInput of OpenAI Gym's algorithmic environments (dropped there), after Zaremba
et al. 2015, "Learning simple algorithms from examples", on the tape of the NRAM.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, read, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class DuplicatedInput:
    """Cells p.. := every other cell of the array."""

    registers = 4
    shortest = 1
    split_from = 4
    look = Look(("p", ("input A", 2)))

    def memory_size(self, n: int) -> int:
        """Return 3n + 1: the pointer, the doubled array, the symbols."""
        return 3 * n + 1

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: three to begin, six a symbol, one to halt."""
        return 6 * n + 4

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with doubled arrays of symbols in 1..M-1."""
        doubled = read(draws.integers(1, M, M), (np.arange(M)[None] - 1) // 2)
        tape = np.where(span(M, 1, 2 * n), doubled, np.int32(0))
        tape[:, 0] = 2 * n + 1
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return what cells 1, 3, 5, ... hold."""
        M = tape.shape[1]
        p = 2 * n + 1
        scored = span(M, p, n)
        symbols = read(tape, 1 + 2 * (np.arange(M) - p[:, None]))
        return symbols, scored

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of the doubled array ``values``."""
        check_values(values)
        if values[::2] != values[1::2]:
            raise ValueError("each symbol must occur twice in a row, as in 5 5 2 2 9 9")
        return [len(values) + 1, *values], len(values) // 2

    def expert(self, cpu: Cpu) -> Instructions:
        """Walk the source by two, the target by one, until the source reaches the array's end."""
        source, target, end, value = range(4)
        yield cpu.read(end, source)
        yield cpu.move(target, end)
        yield cpu.inc(source, source)
        while True:
            yield cpu.read(value, source)
            yield cpu.write(target, value, to=value)
            yield cpu.inc(target, target)
            yield cpu.inc(source, source)
            yield cpu.inc(source, source)
            yield cpu.equal(value, source, end)
            if not cpu.is_zero(value):
                break
        yield cpu.halt()
