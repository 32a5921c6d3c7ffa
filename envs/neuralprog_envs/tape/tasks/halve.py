"""Halve a number, rounded down.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           7 2 0 0 0 0 0 0 0
    output          3 . . . . . . . .      (dots are not scored)

Input: a, any number, zeros; both are less than n. Output: cell 0 holds ⌊a/2⌋. A user's input is a.
Source: ours.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function


def value(a: int, b: int, M: int) -> int:
    """Return ⌊a/2⌋."""
    return a // 2


def expert(cpu: Cpu) -> Instructions:
    """Subtract 1 from a, twice for each 1 that the result grows by."""
    a, half = range(2)
    yield cpu.read(a, half)
    while not cpu.is_zero(a):
        yield cpu.dec(a, a)
        if not cpu.is_zero(a):
            yield cpu.dec(a, a)
            yield cpu.inc(half, half)
    yield cpu.write(a, half, to=half)
    yield cpu.halt()


halve = partial(Function, "Halve", 1, value, expert, registers=2, bound=(3, 2))
