"""Functions of numbers as tape tasks: one or two numbers in, one number out.

    n = 9     cell  0 1 2 3 4 5 6 7 8
    input           a b 0 0 0 0 0 0 0
    output          f . . . . . . . .      (dots are not scored)

An instance of length n has two numbers below n in a memory of M ≥ n cells; the answer is f(a, b)
modulo M. A function of one number is posed with a second one that it ignores. A learned program of
such a task may become a module of the machine: see ``neuralprog_envs.tape.learned``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.events import Act
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_values, one_cell
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look
from neuralprog_envs.tape.ops import MIN_MEMORY

_UNBOUNDED = (1 << 61) - 1
"""A prime: what is 0 to 9999 modulo it is, but for a chance in 10¹⁴, that number itself."""
_LARGEST = 10_000
"""The largest memory that a user's input is posed in without asking for it."""


@dataclass(frozen=True)
class Function:
    """A function as an ``Algorithm``; a file in ``tape/tasks`` holds one.

    Attributes:
        name: What messages call it.
        arity: How many numbers it takes, 1 or 2.
        value: f(a, b, M): a whole number, at least 0, right modulo M; the answer is it modulo M.
        expert: Yields the instructions that solve one instance.
        registers: Registers that the expert needs.
        bound: (c_0, c_1, …): the expert needs at most Σ_k c_k · n^k instructions.
        shortest: The smallest n that it is defined for.
    """

    name: str
    arity: int
    value: Callable[[int, int, int], int]
    expert: Callable[[Cpu], Instructions]
    registers: int
    bound: tuple[int, ...]
    shortest: int = MIN_MEMORY

    @property
    def split_from(self) -> int:
        """32: there are n² instances of length n."""
        return 32

    @property
    def look(self) -> Look:
        """Cell 0 holds a, then the answer; cell 1 holds b, or a number that is ignored."""
        return Look(("a / output", "b" if self.arity == 2 else "ignored"))

    def memory_size(self, n: int) -> int:
        """Return n, but at least the machine's 3 cells."""
        return max(n, MIN_MEMORY)

    def steps(self, n: Counts) -> Counts:
        """Return the bound of the expert's instructions."""
        return np.asarray(sum(c * n**k for k, c in enumerate(self.bound)))

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with two uniform numbers below n[b], then zeros, shape (B, M)."""
        tape = np.zeros((len(n), M), dtype=np.int32)
        tape[:, :2] = draws.integers(0, n[:, None], 2)
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return f(a, b) modulo M in cell 0."""
        M = tape.shape[1]
        values = [self.value(a, b, M) % M for a, b in tape[:, :2].tolist()]
        return one_cell(tape, 0, np.array(values, dtype=np.int32))

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape and the length of a user's numbers, or of a, b and n.

        Without n the memory is large enough for the answer as it is.
        """
        check_values(values, least=0)
        if len(values) == 3:
            a, b, n = values
            return [a, b], n
        if len(values) != self.arity:
            raise ValueError(f"{len(values)} numbers: {self.name} takes {_TAKES[self.arity]}")
        a, b = (*values, 0)[:2]
        large = max(a, b) >= _LARGEST
        n = max(a, b, 0 if large else self.value(a, b, _UNBOUNDED), self.shortest - 1) + 1
        if n > _LARGEST:
            raise ValueError(
                f"the answer is above {_LARGEST - 1}: give a, b and n, and it is taken modulo n"
            )
        return [a, b], n


def read_both(cpu: Cpu, a: int, b: int, zero: int) -> Instructions:
    """Yield what reads both numbers into registers; ``zero`` holds 0 before, and 1 after."""
    yield cpu.read(a, zero)
    yield cpu.one(zero)
    yield cpu.read(b, zero)


def find_divisor(
    cpu: Cpu,
    a: int,
    divisor: int,
    scratch: tuple[int, int],
    step: Callable[[int, int], Act],
) -> Instructions:
    """Yield a search for a divisor of a, from the one in a register on: it then holds the divisor.

    Args:
        cpu: The machine.
        a: The register of the number.
        divisor: Where the search begins; above 0.
        scratch: Two registers, for what remains (0 afterwards) and for a comparison.
        step: ``cpu.inc`` or ``cpu.dec``: which is tried next.
    """
    rest, less = scratch
    yield cpu.move(rest, a)
    while not cpu.is_zero(rest):
        yield cpu.less(less, rest, divisor)
        if cpu.is_zero(less):
            yield cpu.sub(rest, rest, divisor)
        else:
            yield step(divisor, divisor)
            yield cpu.move(rest, a)


_TAKES = {
    1: "one number a, or three: a, any b, and the modulus n",
    2: "two numbers a and b, or three: a, b, and the modulus n",
}
