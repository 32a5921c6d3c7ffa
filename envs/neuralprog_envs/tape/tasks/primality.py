"""Tell whether a number is prime.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           7 2 0 0 0 0 0 0 0
    output          1 . . . . . . . .      (dots are not scored)

Input: a, any number, zeros; both are less than n. Output: cell 0 holds 1 if a is prime, else 0. A
user's input is a.
Source: ours; the expert divides by every smaller number from 2 on.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, find_divisor


def value(a: int, b: int, M: int) -> int:
    """Return 1 if a is prime, else 0."""
    return int(a > 1 and all(a % d for d in range(2, a)))


def expert(cpu: Cpu) -> Instructions:
    """Divide a by 2, 3, …: it is prime if the first divisor is a itself."""
    a, divisor, rest, less = range(4)
    yield cpu.read(a, less)
    yield cpu.two(divisor)
    yield cpu.less(less, a, divisor)
    if cpu.is_zero(less):
        yield from find_divisor(cpu, a, divisor, (rest, less), cpu.inc)
        yield cpu.equal(rest, divisor, a)
    yield cpu.zero(less)
    yield cpu.write(less, rest, to=less)
    yield cpu.halt()


primality = partial(Function, "Primality", 1, value, expert, registers=4, bound=(8, 2, 1))
