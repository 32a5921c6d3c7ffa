"""Inputs with values left open: the shape of a tape, and where each value must end up.

A shape stands for all inputs that it can be filled to: the open values are any numbers of
1..M-1. Written from the tasks' docstrings, and held equal to their judges by a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from types import MappingProxyType


@dataclass(frozen=True)
class Value:
    """An open value: the i-th, from 0, plus an offset modulo M."""

    i: int
    offset: int = 0


Cell = int | Value


@dataclass(frozen=True)
class Layout:
    """One shape.

    Attributes:
        length: n.
        tape: The cells of the input; those beyond hold 0.
        answer: What the scored cells must hold at the end; None where they must hold
            the tape's values sorted (cells 1..n).
    """

    length: int
    tape: tuple[Cell, ...]
    answer: Mapping[int, Cell] | None


def _values(n: int) -> tuple[Value, ...]:
    return tuple(map(Value, range(n)))


def _increment(n: int) -> Iterator[Layout]:
    yield Layout(n, _values(n), {i: Value(i, 1) for i in range(n)})


def _copy(n: int) -> Iterator[Layout]:
    yield Layout(n, (n + 1, *_values(n)), {n + 1 + i: Value(i) for i in range(n)})


def _reverse(n: int) -> Iterator[Layout]:
    yield Layout(n, (n + 1, *_values(n)), {2 * n - i: Value(i) for i in range(n)})


def _swap(n: int) -> Iterator[Layout]:
    for p, q in combinations(range(2, n + 2), 2):
        answer = {cell: Value(cell - 2) for cell in range(2, n + 2)}
        answer[p], answer[q] = answer[q], answer[p]
        yield Layout(n, (p, q, *_values(n)), answer)


def _permutation(n: int) -> Iterator[Layout]:
    for order in permutations(range(n)):
        yield Layout(
            n, (n + 1, *order, *_values(n)), {1 + i: Value(j) for i, j in enumerate(order)}
        )


def _sort(n: int) -> Iterator[Layout]:
    yield Layout(n, (n, *_values(n)), None)


LAYOUTS: Mapping[str, tuple[Callable[[int], Iterator[Layout]], range]] = MappingProxyType(
    {
        "NRAMIncrement": (_increment, range(1, 33)),
        "NRAMCopy": (_copy, range(1, 33)),
        "NRAMReverse": (_reverse, range(1, 33)),
        "NRAMSwap": (_swap, range(2, 17)),
        "NRAMPermutation": (_permutation, range(1, 6)),
        "NRAMSort": (_sort, range(1, 17)),
    }
)
"""The tasks that have shapes: all shapes of a length, and the lengths that are checked."""
