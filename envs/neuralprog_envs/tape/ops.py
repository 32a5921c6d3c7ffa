"""The fourteen modules of the NRAM, on exact integers.

Source: Kurach, Andrychowicz and Sutskever, "Neural Random-Access Machines", ICLR 2016,
section 3 and its list of modules. This is the only place where the hard operations are
defined: machines, tables and agents all read it. Every ``apply`` works on Python integers
and, element by element, on integer arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Module(NamedTuple):
    """One module: its name, how many arguments it reads, and its meaning modulo M.

    ``apply(a, b, M)`` takes values in 0..M-1 and returns a value in 0..M-1; arguments beyond
    the arity are ignored. READ and WRITE need the tape, so the machine executes them:
    their ``apply`` is None. WRITE's own output is the constant 0 (the paper's glyph is
    not legible in every copy; no printed circuit depends on it).
    """

    name: str
    arity: int
    apply: Callable[[Any, Any, int], Any] | None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the name: ``apply`` is no function of a module's."""
        return _named, (self.name,)


MODULES: tuple[Module, ...] = (
    Module("READ", 1, None),
    Module("ZERO", 0, lambda a, b, M: a * 0),
    Module("ONE", 0, lambda a, b, M: a * 0 + 1),
    Module("TWO", 0, lambda a, b, M: a * 0 + 2),
    Module("INC", 1, lambda a, b, M: (a + 1) % M),
    Module("ADD", 2, lambda a, b, M: (a + b) % M),
    Module("SUB", 2, lambda a, b, M: (a - b) % M),
    Module("DEC", 1, lambda a, b, M: (a - 1) % M),
    Module("LESS_THAN", 2, lambda a, b, M: (a < b) * 1),
    Module("LESS_OR_EQUAL", 2, lambda a, b, M: (a <= b) * 1),
    Module("EQUAL", 2, lambda a, b, M: (a == b) * 1),
    Module("MIN", 2, lambda a, b, M: a + (b - a) * (b < a)),
    Module("MAX", 2, lambda a, b, M: a + (b - a) * (b > a)),
    Module("WRITE", 2, None),
)

OPERATIONS: tuple[str, ...] = (*(module.name for module in MODULES), "HALT")
"""The operations of an instruction, by number, on a machine with these modules."""
HALT = OPERATIONS.index("HALT")

MIN_MEMORY = 3
"""The constant TWO needs a tape of at least three cells."""


def _named(name: str) -> Module:
    return next(module for module in MODULES if module.name == name)
