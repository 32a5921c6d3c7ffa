"""Find the least common multiple of two numbers.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           6 4 0 0 0 0 0 0 0
    output          3 . . . . . . . .      (dots are not scored; 12 = 3 modulo 9)

Input: a, b, zeros; both are less than n. Output: cell 0 holds lcm(a, b) modulo M, which is 0 where
a or b is 0. A user's input is a and b; the memory then holds the answer as it is.
Source: ours.
"""

from __future__ import annotations

import math
from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, read_both
from neuralprog_envs.tape.tasks.gcd import euclid


def value(a: int, b: int, M: int) -> int:
    """Return lcm(a, b)."""
    return math.lcm(a, b)


def expert(cpu: Cpu) -> Instructions:
    """Find g = gcd(a, b); add b as often as g can be subtracted from a."""
    a, b, x, y, less = range(5)
    yield from read_both(cpu, a, b, less)
    yield cpu.move(x, a)
    yield cpu.move(y, b)
    divisor = yield from euclid(cpu, x, y, less)
    total = x + y - divisor  # the other register: it holds 0
    while not cpu.is_zero(a):
        yield cpu.sub(a, a, divisor)
        yield cpu.add(total, total, b)
    yield cpu.write(a, total, to=a)
    yield cpu.halt()


lcm = partial(Function, "Lcm", 2, value, expert, registers=5, bound=(5, 4))
