"""Copy an array to where the first cell points.

    n = 3     cell  0 1 2 3 4 5 6
    input           4 5 2 6 0 0 0
    output          . . . . 5 2 6      (dots are not scored)

Input: p, A[0..n-1], zeros; p = n + 1 is the first cell after A, and values are at least 1.
Output: cells p..p+n-1 hold A. A user's input is the array A.
Source: Kurach et al. 2016, appendix A, task 3 (Copy); table 2 prints a run.
"""

from __future__ import annotations

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import array, check_values, shifted, span
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class Copy:
    """Cells p.. := A."""

    registers = 4
    shortest = 1
    split_from = 4
    look = Look(("p", ("input A", 1)))

    def memory_size(self, n: int) -> int:
        """Return 2n + 1: the pointer, the array, its copy."""
        return 2 * n + 1

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: three to begin, five an element, one to halt."""
        return 5 * n + 4

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with arrays of values in 1..M-1."""
        return array(draws, n, M, n + 1)

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return A, moved by n cells."""
        scored = span(tape.shape[1], n + 1, n)
        return shifted(tape, n), scored

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape of the array ``values``."""
        check_values(values)
        return [len(values) + 1, *values], len(values)

    def expert(self, cpu: Cpu) -> Instructions:
        """Set the source, the target and the end, then copy."""
        source, target, end = range(3)
        yield cpu.read(end, source)
        yield cpu.move(target, end)
        yield cpu.inc(source, source)
        yield from copy_up(cpu)
        yield cpu.halt()


def copy_up(cpu: Cpu) -> Instructions:
    """Walk a source and a target pointer until the source reaches the array's end."""
    source, target, end, value = range(4)
    while True:
        yield cpu.read(value, source)
        yield cpu.write(target, value, to=value)
        yield cpu.inc(target, target)
        yield cpu.inc(source, source)
        yield cpu.equal(value, source, end)
        if not cpu.is_zero(value):
            break
