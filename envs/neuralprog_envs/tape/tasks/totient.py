"""Count the numbers from 1 to a whose only common divisor with a is 1: Euler's totient.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           8 2 0 0 0 0 0 0 0
    output          4 . . . . . . . .      (dots are not scored; these are 1, 3, 5, 7)

Input: a, any number, zeros; both are less than n. Output: cell 0 holds φ(a), which is 0 where a =
0. A user's input is a.
Source: ours.
"""

from __future__ import annotations

import math
from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function
from neuralprog_envs.tape.tasks.gcd import euclid


def value(a: int, b: int, M: int) -> int:
    """Return φ(a)."""
    return sum(math.gcd(a, k) == 1 for k in range(1, a + 1))


def expert(cpu: Cpu) -> Instructions:
    """Count the numbers k, from a down to 1, for which gcd(a, k) is 1."""
    a, k, x, y, count = range(5)
    yield cpu.read(a, k)
    yield cpu.move(k, a)
    while not cpu.is_zero(k):
        yield cpu.move(x, a)
        yield cpu.move(y, k)
        less = 5
        divisor = yield from euclid(cpu, x, y, less)
        yield cpu.dec(divisor, divisor)
        if cpu.is_zero(divisor):
            yield cpu.inc(count, count)
        yield cpu.dec(k, k)
    yield cpu.write(k, count, to=k)
    yield cpu.halt()


totient = partial(Function, "Totient", 1, value, expert, registers=6, bound=(4, 6, 2))
