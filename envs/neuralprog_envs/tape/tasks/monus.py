"""Subtract two numbers, with 0 where the difference would be negative: the monus a ∸ b.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           8 3 0 0 0 0 0 0 0
    output          5 . . . . . . . .      (dots are not scored)

Input: a, b, zeros; both are less than n. Output: cell 0 holds a - b, and 0 where b > a. A user's
input is a and b.
Source: ours. A loop that takes b from a in this way ends at 0, and needs no comparison.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, read_both


def value(a: int, b: int, M: int) -> int:
    """Return a - b, and 0 where that is negative."""
    return max(a - b, 0)


def expert(cpu: Cpu) -> Instructions:
    """Subtract the smaller number from a."""
    a, b, zero = range(3)
    yield from read_both(cpu, a, b, zero)
    yield cpu.minimum(b, a, b)
    yield cpu.sub(a, a, b)
    yield cpu.zero(zero)
    yield cpu.write(zero, a, to=zero)
    yield cpu.halt()


monus = partial(Function, "Monus", 2, value, expert, registers=3, bound=(8,))
