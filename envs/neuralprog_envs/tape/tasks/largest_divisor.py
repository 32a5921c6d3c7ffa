"""Find the largest divisor of a number up to a bound.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           8 7 0 0 0 0 0 0 0
    output          4 . . . . . . . .      (dots are not scored)

Input: a, b, zeros; both are less than n. Output: cell 0 holds the largest divisor of a that is at
most b, which is b where a = 0 and 0 where b = 0. A user's input is a and b.
Source: ours. A number a > 1 is prime if its largest divisor up to a - 1 is 1.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, find_divisor, read_both


def value(a: int, b: int, M: int) -> int:
    """Return the largest divisor of a that is at most b, and 0 where b = 0."""
    return next((d for d in range(b, 0, -1) if a % d == 0), 0)


def expert(cpu: Cpu) -> Instructions:
    """Divide a by b, b - 1, … until nothing remains."""
    a, divisor, rest, less = range(4)
    yield from read_both(cpu, a, divisor, less)
    if not cpu.is_zero(divisor):
        yield from find_divisor(cpu, a, divisor, (rest, less), cpu.dec)
    yield cpu.zero(less)
    yield cpu.write(less, divisor, to=less)
    yield cpu.halt()


largest_divisor = partial(
    Function, "LargestDivisor", 2, value, expert, registers=4, bound=(8, 2, 1)
)
