"""Add two digits in base 3: what is carried to the next column.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           2 2 0 0 0 0 0 0 0
    output          1 . . . . . . . .      (dots are not scored)

Input: a, b, zeros; both are less than n. Output: cell 0 holds 1 if x ≥ 3, else 0, where x = (a +
b) mod M. A user's input is a and b.
Source: ours; a step of ReversedAddition, whose numbers are in base 3; see also ``digit_sum``.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function


def value(a: int, b: int, M: int) -> int:
    """Return 1 if x ≥ 3, else 0, with x = (a + b) mod M."""
    x = (a + b) % M
    return int(x >= 3)


def add_digits(cpu: Cpu, x: int, b: int) -> Instructions:
    """Yield what puts (a + b) mod M and 3 into two registers."""
    yield cpu.read(x, b)
    yield cpu.one(b)
    yield cpu.read(b, b)
    yield cpu.add(x, x, b)
    yield cpu.two(b)
    yield cpu.inc(b, b)


def expert(cpu: Cpu) -> Instructions:
    """Add, and compare with 3."""
    x, b, zero = range(3)
    yield from add_digits(cpu, x, b)
    yield cpu.less_or_equal(x, b, x)
    yield cpu.write(zero, x, to=zero)
    yield cpu.halt()


carry = partial(Function, "Carry", 2, value, expert, registers=3, bound=(9,), shortest=4)
