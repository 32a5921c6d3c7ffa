"""Find the greatest common divisor of two numbers.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           8 6 0 0 0 0 0 0 0
    output          2 . . . . . . . .      (dots are not scored)

Input: a, b, zeros; both are less than n. Output: cell 0 holds gcd(a, b), which is a where b = 0 and
b where a = 0. A user's input is a and b.
Source: ours; the expert is Euclid's, with subtraction.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from functools import partial

from neuralprog_envs.core.events import Act
from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, read_both


def value(a: int, b: int, M: int) -> int:
    """Return gcd(a, b)."""
    return math.gcd(a, b)


def euclid(cpu: Cpu, a: int, b: int, less: int) -> Generator[Act, None, int]:
    """Yield what turns registers a and b into gcd(a, b) and 0; return the register of the first."""
    while not cpu.is_zero(b):
        yield cpu.less(less, a, b)
        if cpu.is_zero(less):
            yield cpu.sub(a, a, b)
        else:
            a, b = b, a
    return a


def expert(cpu: Cpu) -> Instructions:
    """Subtract the smaller number from the larger one until one is 0."""
    a, b, less = range(3)
    yield from read_both(cpu, a, b, less)
    found = yield from euclid(cpu, a, b, less)
    yield cpu.zero(less)
    yield cpu.write(less, found, to=less)
    yield cpu.halt()


gcd = partial(Function, "Gcd", 2, value, expert, registers=3, bound=(7, 2))
