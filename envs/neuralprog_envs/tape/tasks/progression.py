"""Find a term of an arithmetic progression that begins with 1.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           3 5 0 0 0 0 0 0 0
    output          7 . . . . . . . .      (dots are not scored; 16 = 7 modulo 9)

Input: a, b, zeros; both are less than n. Output: cell 0 holds 1 + a · b modulo M, the term
b steps after 1. A user's input is a and b, in a memory that is large enough for the term; a third
number is M.
Source: ours. A power is a term of the geometric progression 1, a, a², …: its loop multiplies where
this one adds.
"""

from __future__ import annotations

from functools import partial

from neuralprog_envs.tape.algorithm import Instructions
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.functions import Function, read_both


def value(a: int, b: int, M: int) -> int:
    """Return 1 + a · b."""
    return 1 + a * b


def expert(cpu: Cpu) -> Instructions:
    """Add a to 1, b times."""
    a, b, term = range(3)
    yield from read_both(cpu, a, b, term)
    while not cpu.is_zero(b):
        yield cpu.add(term, term, a)
        yield cpu.dec(b, b)
    yield cpu.write(b, term, to=b)
    yield cpu.halt()


progression = partial(Function, "Progression", 2, value, expert, registers=3, bound=(3, 2))
