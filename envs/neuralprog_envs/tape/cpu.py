"""The little assembler in which the experts of the tape family are written.

An expert yields instructions; between them it may ask whether a register is zero, which is all
that the NRAM's controller sees too. So an expert proves that its task is solvable by a program
of this machine, and its acts are a demonstration for the environment.
"""

from __future__ import annotations

from collections.abc import Sequence

from neuralprog_envs.core.events import Act
from neuralprog_envs.tape.ops import OPERATIONS


class Cpu:
    """Instructions by name, over the list of registers that one machine writes to.

    ``operations`` are that machine's, by number.
    """

    def __init__(self, registers: list[int], operations: Sequence[str] = OPERATIONS) -> None:
        self._registers, self._operations = registers, operations

    def is_zero(self, register: int) -> bool:
        """Return the flag of a register: whether it holds 0."""
        return self._registers[register] == 0

    def read(self, to: int, address: int) -> Act:
        """Return the instruction to := tape[address]."""
        return self._act("READ", address, address, to)

    def write(self, address: int, value: int, to: int) -> Act:
        """Return the instruction tape[address] := value; WRITE's own output, 0, goes to ``to``."""
        return self._act("WRITE", address, value, to)

    def zero(self, to: int) -> Act:
        """Return the instruction to := 0."""
        return self._act("ZERO", to, to, to)

    def one(self, to: int) -> Act:
        """Return the instruction to := 1."""
        return self._act("ONE", to, to, to)

    def two(self, to: int) -> Act:
        """Return the instruction to := 2."""
        return self._act("TWO", to, to, to)

    def inc(self, to: int, a: int) -> Act:
        """Return the instruction to := a + 1."""
        return self._act("INC", a, a, to)

    def dec(self, to: int, a: int) -> Act:
        """Return the instruction to := a - 1."""
        return self._act("DEC", a, a, to)

    def add(self, to: int, a: int, b: int) -> Act:
        """Return the instruction to := a + b."""
        return self._act("ADD", a, b, to)

    def sub(self, to: int, a: int, b: int) -> Act:
        """Return the instruction to := a - b."""
        return self._act("SUB", a, b, to)

    def less(self, to: int, a: int, b: int) -> Act:
        """Return the instruction to := [a < b]."""
        return self._act("LESS_THAN", a, b, to)

    def less_or_equal(self, to: int, a: int, b: int) -> Act:
        """Return the instruction to := [a ≤ b]."""
        return self._act("LESS_OR_EQUAL", a, b, to)

    def equal(self, to: int, a: int, b: int) -> Act:
        """Return the instruction to := [a = b]."""
        return self._act("EQUAL", a, b, to)

    def minimum(self, to: int, a: int, b: int) -> Act:
        """Return the instruction to := min(a, b)."""
        return self._act("MIN", a, b, to)

    def maximum(self, to: int, a: int, b: int) -> Act:
        """Return the instruction to := max(a, b)."""
        return self._act("MAX", a, b, to)

    def move(self, to: int, a: int) -> Act:
        """Return the instruction to := a (as max(a, a))."""
        return self._act("MAX", a, a, to)

    def halt(self) -> Act:
        """Return the instruction that ends the program."""
        return self._act("HALT", 0, 0, 0)

    def _act(self, name: str, a: int, b: int, to: int) -> Act:
        return Act((self._operations.index(name), a, b, to))
