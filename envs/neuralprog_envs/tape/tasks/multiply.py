"""Multiply two numbers.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           3 5 0 0 0 0 0 0 0
    output          6 . . . . . . . .      (dots are not scored; 15 = 6 modulo 9)

Input: a, b, zeros; both are less than n. Output: cell 0 holds a · b modulo M. A user's input is a
and b; the memory then holds the product as it is, or M = n with a third number n.
Source: ours.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, read_both


def value(a: int, b: int, M: int) -> int:
    """Return a · b."""
    return a * b


def expert(cpu: Cpu) -> Instructions:
    """Add a, b times."""
    a, b, total = range(3)
    yield from read_both(cpu, a, b, total)
    yield cpu.zero(total)
    while not cpu.is_zero(b):
        yield cpu.add(total, total, a)
        yield cpu.dec(b, b)
    yield cpu.write(b, total, to=b)
    yield cpu.halt()


multiply = partial(Function, "Multiply", 2, value, expert, registers=3, bound=(4, 2))
