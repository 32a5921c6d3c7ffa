"""Divide two numbers, rounded up.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           8 3 0 0 0 0 0 0 0
    output          3 . . . . . . . .      (dots are not scored)

Input: a, b, zeros; both are less than n. Output: cell 0 holds ⌈a/b⌉, and 0 where b = 0. A user's
input is a and b.
Source: ours.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, read_both


def value(a: int, b: int, M: int) -> int:
    """Return ⌈a/b⌉, and 0 where b = 0."""
    return -(-a // b) if b else 0


def expert(cpu: Cpu) -> Instructions:
    """Count how often b, or what is left, can be taken from a."""
    a, b, count, part = range(4)
    yield from read_both(cpu, a, b, part)
    if not cpu.is_zero(b):
        while not cpu.is_zero(a):
            yield cpu.minimum(part, a, b)
            yield cpu.sub(a, a, part)
            yield cpu.inc(count, count)
    yield cpu.zero(part)
    yield cpu.write(part, count, to=part)
    yield cpu.halt()


ceiling_division = partial(Function, "CeilingDivision", 2, value, expert, registers=4, bound=(3, 3))
