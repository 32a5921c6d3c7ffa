"""Find the square root of a number, rounded down.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           8 2 0 0 0 0 0 0 0
    output          2 . . . . . . . .      (dots are not scored)

Input: a, any number, zeros; both are less than n. Output: cell 0 holds ⌊√a⌋. A user's input is a.
Source: ours; the expert subtracts the odd numbers, each in two parts: k, then k + 1.
"""

from __future__ import annotations

import math
from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function


def value(a: int, b: int, M: int) -> int:
    """Return ⌊√a⌋."""
    return math.isqrt(a)


def expert(cpu: Cpu) -> Instructions:
    """Count how many odd numbers, from 1 on, can be subtracted from a."""
    a, root, less = range(3)
    yield cpu.read(a, root)
    yield cpu.less(less, a, root)
    while cpu.is_zero(less):
        yield cpu.sub(a, a, root)
        yield cpu.inc(root, root)
        yield cpu.less(less, a, root)
        if cpu.is_zero(less):
            yield cpu.sub(a, a, root)
            yield cpu.less(less, a, root)
        else:
            yield cpu.dec(root, root)
    yield cpu.zero(less)
    yield cpu.write(less, root, to=less)
    yield cpu.halt()


square_root = partial(Function, "SquareRoot", 1, value, expert, registers=3, bound=(9, 3))
