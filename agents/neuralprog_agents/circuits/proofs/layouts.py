"""Inputs with values left open: the shape of a tape, and where each value must end up.

A shape stands for all inputs that it can be filled to: the open values are any numbers of
1..M-1. Written from the tasks' docstrings, and held equal to their judges by a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Open:
    """An open value: the i-th, from 0, plus an offset modulo M."""

    i: Any
    offset: int = 0


Cell = int | Open


@dataclass(frozen=True)
class Layout:
    """One shape of inputs of a length n; the cells beyond those of its tape hold 0.

    ``answer`` says what the scored cells must hold at the end; None where they must hold the tape's
    values sorted (cells 1..n).
    """

    length: int
    tape: tuple[Cell, ...]
    answer: Mapping[int, Cell] | None


Cases = list[tuple[Any, Open]]
"""What a cell must hold, by cases: the first condition that is true counts."""


@dataclass(frozen=True)
class Family:
    """The shapes of all lengths, by formulas that numbers and an arithmetic solver understand.

    All functions take the parameters: n, then those that ``choices`` yields.

    Attributes:
        choices: The other parameters for a length.
        domain: What the other parameters fulfil, as conditions.
        header: The numbers in the first cells; the n open values follow.
        scored: The first scored cell; there are n.
        answer: What a scored cell must hold: the cell, then the parameters.
    """

    header: Callable[..., tuple[Any, ...]]
    scored: Callable[..., Any]
    answer: Callable[..., Cases]
    choices: Callable[[int], Iterator[tuple[int, ...]]] = lambda n: iter([()])
    domain: Callable[..., tuple[Any, ...]] = lambda *parameters: ()

    def layouts(self, n: int) -> Iterator[Layout]:
        """Yield every shape of a length."""
        for choice in self.choices(n):
            yield self.layout(n, *choice)

    def layout(self, n: int, *choice: int) -> Layout:
        """Return one shape."""
        first = self.scored(n, *choice)
        answer = {cell: self._wanted(cell, n, *choice) for cell in range(first, first + n)}
        return Layout(n, (*self.header(n, *choice), *map(Open, range(n))), answer)

    def _wanted(self, cell: int, *parameters: int) -> Open:
        return next(value for holds, value in self.answer(cell, *parameters) if holds)


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "NRAMIncrement": Family(
            header=lambda n: (),
            scored=lambda n: 0,
            answer=lambda cell, n: [(True, Open(cell, 1))],
        ),
        "NRAMCopy": Family(
            header=lambda n: (n + 1,),
            scored=lambda n: n + 1,
            answer=lambda cell, n: [(True, Open(cell - n - 1))],
        ),
        "NRAMReverse": Family(
            header=lambda n: (n + 1,),
            scored=lambda n: n + 1,
            answer=lambda cell, n: [(True, Open(2 * n - cell))],
        ),
        "NRAMSwap": Family(
            header=lambda n, p, q: (p, q),
            scored=lambda n, p, q: 2,
            answer=lambda cell, n, p, q: [
                (cell == p, Open(q - 2)),
                (cell == q, Open(p - 2)),
                (True, Open(cell - 2)),
            ],
            choices=lambda n: combinations(range(2, n + 2), 2),
            domain=lambda n, p, q: (p >= 2, p < q, q <= n + 1),
        ),
    }
)
"""The tasks whose shapes are formulas in the length."""


def _permutations(n: int) -> Iterator[Layout]:
    for order in permutations(range(n)):
        values = map(Open, range(n))
        yield Layout(n, (n + 1, *order, *values), {1 + i: Open(j) for i, j in enumerate(order)})


def _arrays(n: int) -> Iterator[Layout]:
    yield Layout(n, (n, *map(Open, range(n))), None)


LAYOUTS: Mapping[str, tuple[Callable[[int], Iterator[Layout]], range]] = MappingProxyType(
    {
        **{name: (family.layouts, range(1, 33)) for name, family in FAMILIES.items()},
        "NRAMSwap": (FAMILIES["NRAMSwap"].layouts, range(2, 17)),
        "NRAMPermutation": (_permutations, range(1, 6)),
        "NRAMSort": (_arrays, range(1, 17)),
    }
)
"""The tasks that have shapes: all shapes of a length, and the lengths that are checked."""
