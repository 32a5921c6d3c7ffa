"""Double a number.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           7 2 0 0 0 0 0 0 0
    output          5 . . . . . . . .      (dots are not scored; 14 = 5 modulo 9)

Input: a, any number, zeros; both are less than n. Output: cell 0 holds 2a modulo M. A user's input
is a; the memory then holds the answer as it is.
Source: ours.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function


def value(a: int, b: int, M: int) -> int:
    """Return 2a."""
    return 2 * a


def expert(cpu: Cpu) -> Instructions:
    """Add a to itself."""
    a, zero = range(2)
    yield cpu.read(a, zero)
    yield cpu.add(a, a, a)
    yield cpu.write(zero, a, to=a)
    yield cpu.halt()


double = partial(Function, "Double", 1, value, expert, registers=2, bound=(4,))
