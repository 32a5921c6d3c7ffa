"""Add two digits in base 3: the digit that is written down.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           2 2 0 0 0 0 0 0 0
    output          1 . . . . . . . .      (dots are not scored)

Input: a, b, zeros; both are less than n. Output: cell 0 holds x - 3 if x ≥ 3, else x,
where x = (a + b) mod M: for a digit and another one, or a carry, it is the digit of their sum. A
user's input is a and b.
Source: ours; a step of ReversedAddition, whose numbers are in base 3. See also ``carry``.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function
from neuralprog_envs.tape.tasks.carry import add_digits


def value(a: int, b: int, M: int) -> int:
    """Return x - 3 if x ≥ 3, else x, with x = (a + b) mod M."""
    x = (a + b) % M
    return x - 3 if x >= 3 else x


def expert(cpu: Cpu) -> Instructions:
    """Add, and compare with 3."""
    x, b, less = range(3)
    yield from add_digits(cpu, x, b)
    yield cpu.less(less, x, b)
    if cpu.is_zero(less):
        yield cpu.sub(x, x, b)
    yield cpu.zero(less)
    yield cpu.write(less, x, to=less)
    yield cpu.halt()


digit_sum = partial(Function, "DigitSum", 2, value, expert, registers=3, bound=(11,), shortest=4)
