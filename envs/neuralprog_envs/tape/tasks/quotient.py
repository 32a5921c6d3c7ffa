"""Divide two numbers, rounded down.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           8 3 0 0 0 0 0 0 0
    output          2 . . . . . . . .      (dots are not scored)

Input: a, b, zeros; both are less than n. Output: cell 0 holds ⌊a/b⌋, and 0 where b = 0. A user's
input is a and b.
Source: ours.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, read_both


def value(a: int, b: int, M: int) -> int:
    """Return ⌊a/b⌋, and 0 where b = 0."""
    return a // b if b else 0


def expert(cpu: Cpu) -> Instructions:
    """Count how often b can be subtracted from a."""
    a, b, count, less = range(4)
    yield from read_both(cpu, a, b, less)
    if not cpu.is_zero(b):
        yield cpu.less(less, a, b)
        while cpu.is_zero(less):
            yield cpu.sub(a, a, b)
            yield cpu.inc(count, count)
            yield cpu.less(less, a, b)
    yield cpu.zero(less)
    yield cpu.write(less, count, to=less)
    yield cpu.halt()


quotient = partial(Function, "Quotient", 2, value, expert, registers=4, bound=(4, 3))
