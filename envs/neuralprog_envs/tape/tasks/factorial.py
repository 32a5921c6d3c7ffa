"""Multiply all numbers from 1 to a.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           4 2 0 0 0 0 0 0 0
    output          6 . . . . . . . .      (dots are not scored; 24 = 6 modulo 9)

Input: a, any number, zeros; both are less than n. Output: cell 0 holds a! modulo M, which is 1
where a = 0. A user's input is a; the memory then holds the answer as it is.
Source: ours.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function
from neuralprog_envs.tape.tasks.power import times


def value(a: int, b: int, M: int) -> int:
    """Return a! modulo M."""
    found = 1
    for k in range(2, a + 1):
        found = found * k % M
    return found


def expert(cpu: Cpu) -> Instructions:
    """Multiply 1 by a, then a - 1, down to 1."""
    a, product, count, total = range(4)
    yield cpu.read(a, total)
    yield cpu.one(product)
    while not cpu.is_zero(a):
        yield from times(cpu, product, a, count, total)
        yield cpu.dec(a, a)
    yield cpu.write(a, product, to=a)
    yield cpu.halt()


factorial = partial(Function, "Factorial", 1, value, expert, registers=4, bound=(0, 3, 1))
