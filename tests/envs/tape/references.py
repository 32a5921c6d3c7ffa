"""Slow solutions of the tape tasks, written from their docstrings, in plain Python.

Each function takes a tape of M numbers and the length n, asserts the input's form, and returns
``{cell: number}`` of the scored cells. ``INPUTS`` turns a tape into what a user would type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

Tape = list[int]
Answer = dict[int, int]


def _placed(start: int, values: list[int]) -> Answer:
    return {start + i: value for i, value in enumerate(values)}


def _in_range(values: list[int], low: int, high: int) -> bool:
    return all(low <= value <= high for value in values)


def _array(tape: Tape, start: int, n: int) -> list[int]:
    """Return an array of values in 1..M-1, after which the tape is all zeros."""
    values = tape[start : start + n]
    assert len(values) == n
    assert _in_range(values, 1, len(tape) - 1)
    assert not any(tape[start + n :])
    return values


def access(tape: Tape, n: int) -> Answer:
    values = _array(tape, 1, n)
    assert 1 <= tape[0] <= n
    return {0: values[tape[0] - 1]}


def increment(tape: Tape, n: int) -> Answer:
    return _placed(0, [(value + 1) % len(tape) for value in _array(tape, 0, n)])


def copy(tape: Tape, n: int) -> Answer:
    assert tape[0] == n + 1
    return _placed(n + 1, _array(tape, 1, n))


def reverse(tape: Tape, n: int) -> Answer:
    assert tape[0] == n + 1
    return _placed(n + 1, list(reversed(_array(tape, 1, n))))


def swap(tape: Tape, n: int) -> Answer:
    p, q, values = tape[0], tape[1], _array(tape, 2, n)
    assert 2 <= p < q <= n + 1
    values[p - 2], values[q - 2] = values[q - 2], values[p - 2]
    return _placed(2, values)


def permutation(tape: Tape, n: int) -> Answer:
    order, values = tape[1 : n + 1], _array(tape, n + 1, n)
    assert tape[0] == n + 1
    assert sorted(order) == list(range(n))
    return _placed(1, [values[i] for i in order])


def _list(tape: Tape, n: int) -> tuple[list[tuple[int, int]], set[int]]:
    """Return (address, value) along a linked list of n nodes, and the cells it takes."""
    assert tape[2] == 2
    nodes: list[tuple[int, int]] = []
    taken: set[int] = set()
    address = tape[0]
    while address != 0:
        cells = {address, address + 1}
        assert not cells & taken
        assert _in_range(list(cells), 3, len(tape) - 1)
        taken |= cells
        nodes.append((address, tape[address + 1]))
        address = tape[address]
    assert len(nodes) == n
    assert _in_range([value for _, value in nodes], 1, len(tape) - 1)
    return nodes, taken


def list_k(tape: Tape, n: int) -> Answer:
    nodes, taken = _list(tape, n)
    assert 1 <= tape[1] <= n
    assert all(tape[cell] == 0 for cell in set(range(3, len(tape))) - taken)
    return {2: nodes[tape[1] - 1][1]}


def list_search(tape: Tape, n: int) -> Answer:
    nodes, taken = _list(tape, n)
    assert all(tape[cell] > 0 for cell in set(range(3, len(tape))) - taken)
    return {2: next(address for address, value in nodes if value == tape[1])}


def merge(tape: Tape, n: int) -> Answer:
    M = len(tape)
    a, b, o = tape[:3]
    A, B = tape[a : b - 1], tape[b : o - 1]
    assert a == 3
    assert A
    assert B
    assert len(A) + len(B) == n
    assert tape[b - 1] == tape[o - 1] == M - 1
    assert _in_range(A + B, 1, M - 2)
    assert sorted(A) == A
    assert sorted(B) == B
    assert not any(tape[o:])
    return _placed(o, sorted(A + B))


def walk_bst(tape: Tape, n: int) -> Answer:
    end = tape.index(0, 2)
    path, taken = tape[2:end], set(range(end + 1))
    values: list[int] = []

    def visit(node: int, low: int, high: int) -> None:
        if node == 0:
            return
        cells = {node, node + 1, node + 2}
        assert not cells & taken
        assert max(cells) < len(tape)
        taken.update(cells)
        assert low < tape[node] < high
        values.append(tape[node])
        visit(tape[node + 1], low, tape[node])
        visit(tape[node + 2], tape[node], high)

    def walk(node: int, steps: list[int]) -> int:
        assert node != 0
        if not steps:
            return tape[node]
        return walk(tape[node + {1: 1, 2: 2}[steps[0]]], steps[1:])

    assert tape[1] == 1
    visit(tape[0], 0, len(tape))
    assert len(values) == n
    assert not any(tape[cell] for cell in set(range(len(tape))) - taken)
    return {1: walk(tape[0], path)}


def sort(tape: Tape, n: int) -> Answer:
    assert tape[0] == n
    return _placed(1, sorted(_array(tape, 1, n)))


def sort_zeros(tape: Tape, n: int) -> Answer:
    values = tape[1 : n + 1]
    assert tape[0] == n == len(values)
    assert _in_range(values, 0, len(tape) - 1)
    assert not any(tape[n + 1 :])
    return _placed(1, sorted(values))


def prefix_sum(tape: Tape, n: int) -> Answer:
    values = _array(tape, 0, n)
    return _placed(0, [sum(values[: i + 1]) % len(tape) for i in range(n)])


def count(tape: Tape, n: int) -> Answer:
    return {0: _array(tape, 1, n).count(tape[0])}


def deduplicate(tape: Tape, n: int) -> Answer:
    assert tape[0] == n + 1
    runs = [value for value, _ in groupby(_array(tape, 1, n))]
    return _placed(n + 1, runs + [0] * (n - len(runs)))


def duplicated_input(tape: Tape, n: int) -> Answer:
    doubled = _array(tape, 1, 2 * n)
    assert tape[0] == 2 * n + 1
    assert all(doubled[2 * i] == doubled[2 * i + 1] for i in range(n))
    return _placed(2 * n + 1, [doubled[2 * i] for i in range(n)])


def repeat_copy(tape: Tape, n: int) -> Answer:
    values = _array(tape, 1, n)
    assert tape[0] == n + 1
    return _placed(n + 1, values + values[::-1] + values)


def reversed_addition(tape: Tape, n: int) -> Answer:
    digits = tape[1 : 2 * n + 1]
    assert tape[0] == 2 * n + 1
    assert _in_range(digits, 0, 2)
    assert not any(tape[2 * n + 1 :])
    total = sum(digit * 3 ** (i // 2) for i, digit in enumerate(digits))
    return _placed(2 * n + 1, [total // 3**i % 3 for i in range(n + 1)])


def vector_addition(tape: Tape, n: int) -> Answer:
    elements = tape[1 : 2 * n + 1]
    assert tape[0] == 2 * n + 1
    assert not any(tape[2 * n + 1 :])
    return _placed(2 * n + 1, [sum(elements[2 * i : 2 * i + 2]) % len(tape) for i in range(n)])


def _function(of: Callable[[int, int, int], int]) -> Callable[[Tape, int], Answer]:
    """Return the reference of a function f(a, b, M)."""

    def reference(tape: Tape, n: int) -> Answer:
        a, b, *rest = tape
        assert 0 <= a < n
        assert 0 <= b < n
        assert not any(rest)
        return {0: of(a, b, len(tape)) % len(tape)}

    return reference


def _digits(a: int, b: int, M: int) -> tuple[int, int]:
    """Return what is carried and what is written down."""
    x = (a + b) % M
    return (0, x) if x in (0, 1, 2) else (1, x - 3)


def _divisors(a: int) -> list[int]:
    return [d for d in range(1, a + 1) if a % d == 0]


def _greatest_common_divisor(a: int, b: int) -> int:
    return max(set(_divisors(a)) & set(_divisors(b))) if a and b else a + b


def _least_common_multiple(a: int, b: int) -> int:
    return next(m for m in range(a, a * b + 1, a) if m % b == 0) if a and b else 0


def _product(numbers: Iterable[int], M: int) -> int:
    found = 1
    for number in numbers:
        found = found * number % M
    return found


FUNCTIONS: dict[str, Callable[[int, int, int], int]] = {
    "NRAMDigitSum-v0": lambda a, b, M: _digits(a, b, M)[1],
    "NRAMCarry-v0": lambda a, b, M: _digits(a, b, M)[0],
    "NRAMDouble-v0": lambda a, b, M: a + a,
    "NRAMHalve-v0": lambda a, b, M: len(range(1, a, 2)),
    "NRAMMultiply-v0": lambda a, b, M: sum([a] * b),
    "NRAMProgression-v0": lambda a, b, M: 1 + sum([a] * b),
    "NRAMPower-v0": lambda a, b, M: _product([a] * b, M),
    "NRAMFactorial-v0": lambda a, b, M: _product(range(1, a + 1), M),
    "NRAMMonus-v0": lambda a, b, M: len(range(b, a)),
    "NRAMCeilingDivision-v0": lambda a, b, M: len(range(0, a, b)) if b else 0,
    "NRAMRemainder-v0": lambda a, b, M: next(r for r in range(a, -1, -b) if r < b) if b else a,
    "NRAMQuotient-v0": lambda a, b, M: len(range(b, a + 1, b)) if b else 0,
    "NRAMGcd-v0": lambda a, b, M: _greatest_common_divisor(a, b),
    "NRAMLcm-v0": lambda a, b, M: _least_common_multiple(a, b),
    "NRAMLargestDivisor-v0": lambda a, b, M: (
        max([d for d in _divisors(a) if d <= b] or [0]) if a else b
    ),
    "NRAMPrimality-v0": lambda a, b, M: len(_divisors(a)) == 2,
    "NRAMSquareRoot-v0": lambda a, b, M: max(r for r in range(a + 1) if r * r <= a),
    "NRAMTotient-v0": lambda a, b, M: sum(
        _greatest_common_divisor(a, k) == 1 for k in range(1, a + 1)
    ),
}
"""Functions of two numbers a and b, before they are taken modulo M."""


REFERENCES: dict[str, Callable[[Tape, int], Answer]] = {
    "NRAMAccess-v0": access,
    "NRAMIncrement-v0": increment,
    "NRAMCopy-v0": copy,
    "NRAMReverse-v0": reverse,
    "NRAMSwap-v0": swap,
    "NRAMPermutation-v0": permutation,
    "NRAMListK-v0": list_k,
    "NRAMListSearch-v0": list_search,
    "NRAMMerge-v0": merge,
    "NRAMWalkBST-v0": walk_bst,
    "NRAMSort-v0": sort,
    "NRAMSortZeros-v0": sort_zeros,
    "NRAMPrefixSum-v0": prefix_sum,
    "NRAMCount-v0": count,
    "NRAMDeduplicate-v0": deduplicate,
    "NRAMDuplicatedInput-v0": duplicated_input,
    "NRAMRepeatCopy-v0": repeat_copy,
    "NRAMReversedAddition-v0": reversed_addition,
    "NRAMVectorAddition-v0": vector_addition,
    **{env_id: _function(of) for env_id, of in FUNCTIONS.items()},
}
"""The reference of every tape task, by id."""


def _merge_input(tape: Tape, n: int) -> list[int]:
    _, b, o = tape[:3]
    return [*tape[3 : b - 1], 0, *tape[b : o - 1]]


INPUTS: dict[str, Callable[[Any, int], list[int]]] = {
    "NRAMAccess-v0": lambda tape, n: tape[: n + 1],
    "NRAMIncrement-v0": lambda tape, n: tape[:n],
    "NRAMCopy-v0": lambda tape, n: tape[1 : n + 1],
    "NRAMReverse-v0": lambda tape, n: tape[1 : n + 1],
    "NRAMSwap-v0": lambda tape, n: tape[: n + 2],
    "NRAMPermutation-v0": lambda tape, n: tape[1 : 2 * n + 1],
    "NRAMListK-v0": lambda tape, n: tape,
    "NRAMListSearch-v0": lambda tape, n: tape,
    "NRAMMerge-v0": _merge_input,
    "NRAMWalkBST-v0": lambda tape, n: tape,
    "NRAMSort-v0": lambda tape, n: tape[1 : n + 1],
    "NRAMSortZeros-v0": lambda tape, n: tape[1 : n + 1],
    "NRAMPrefixSum-v0": lambda tape, n: tape[:n],
    "NRAMCount-v0": lambda tape, n: tape[: n + 1],
    "NRAMDeduplicate-v0": lambda tape, n: tape[1 : n + 1],
    "NRAMDuplicatedInput-v0": lambda tape, n: tape[1 : 2 * n + 1],
    "NRAMRepeatCopy-v0": lambda tape, n: tape[1 : n + 1],
    "NRAMReversedAddition-v0": lambda tape, n: tape[1 : 2 * n + 1],
    "NRAMVectorAddition-v0": lambda tape, n: tape[1 : 2 * n + 1],
    **dict.fromkeys(FUNCTIONS, lambda tape, n: [*tape[:2], n]),
}
"""What a user types to get a tape, by id."""
