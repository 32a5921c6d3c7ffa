"""Copy an array to where the first cell points.

    n = 3     cell  0 1 2 3 4 5 6
    input           4 5 2 6 0 0 0
    output          . . . . 5 2 6      (dots are not scored)

Input: p, A[0..n-1], zeros; p = n + 1 is the first cell after A, and values are at least 1.
Output: cells p..p+n-1 hold A. A user's input is the array A.
Source: Kurach et al. 2016, appendix A, task 3 (Copy); table 2 prints a run.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.events import Act
from neuralprog_envs.core.task import Bools, Ints
from neuralprog_envs.tape.arrays import check_values, shifted, span
from neuralprog_envs.tape.cpu import Cpu


class Copy:
    """Cells p.. := A."""

    registers = 4
    shortest = 1
    split_from = 4

    def memory_size(self, n: int) -> int:
        """Return 2n + 1: the pointer, the array, its copy."""
        return 2 * n + 1

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the expert's instructions: three to begin, five an element, one to halt."""
        return 5 * n + 4

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with arrays of values in 1..M-1."""
        tape = np.where(span(M, 1, n), draws.integers(1, M, M), np.int32(0))
        tape[:, 0] = n + 1
        return tape

    def answer(self, tape: Ints, n: Ints) -> tuple[Ints, Bools]:
        """Return A, moved by n cells."""
        scored = span(tape.shape[1], n + 1, n)
        return np.where(scored, shifted(tape, n), np.int32(0)), scored

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of the array ``values``."""
        check_values(values)
        return [len(values) + 1, *values], len(values)

    def expert(self, cpu: Cpu) -> Iterator[Act]:
        """Walk a source and a target pointer until the source reaches the array's end."""
        source, target, end, value = range(4)
        yield cpu.read(end, source)
        yield cpu.move(target, end)
        yield cpu.inc(source, source)
        while True:
            yield cpu.read(value, source)
            yield cpu.write(target, value, to=value)
            yield cpu.inc(target, target)
            yield cpu.inc(source, source)
            yield cpu.equal(value, source, end)
            if not cpu.is_zero(value):
                break
        yield cpu.halt()
