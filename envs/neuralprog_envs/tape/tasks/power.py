"""Raise a number to a power.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           2 5 0 0 0 0 0 0 0
    output          5 . . . . . . . .      (dots are not scored; 32 = 5 modulo 9)

Input: a, b, zeros; both are less than n. Output: cell 0 holds a^b modulo M, which is 1 where b = 0.
A user's input is a and b; the memory then holds the answer as it is, or M = n with a third number.
Source: ours.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function


def value(a: int, b: int, M: int) -> int:
    """Return a^b modulo M."""
    return pow(a, b, M)


def times(cpu: Cpu, product: int, a: int, count: int, total: int) -> Instructions:
    """Yield what multiplies a register by a: it is added up a times; ``total`` is 0 in the end."""
    yield cpu.move(count, a)
    while not cpu.is_zero(count):
        yield cpu.add(total, total, product)
        yield cpu.dec(count, count)
    yield cpu.move(product, total)
    yield cpu.zero(total)


def expert(cpu: Cpu) -> Instructions:
    """Multiply 1 by a, b times."""
    a, b, product, count, total = range(5)
    yield cpu.read(a, total)
    yield cpu.one(product)
    yield cpu.read(b, product)
    while not cpu.is_zero(b):
        yield from times(cpu, product, a, count, total)
        yield cpu.dec(b, b)
    yield cpu.write(b, product, to=b)
    yield cpu.halt()


power = partial(Function, "Power", 2, value, expert, registers=5, bound=(3, 0, 2))
