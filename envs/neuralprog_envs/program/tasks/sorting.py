"""The pad of the array tasks: one row of items, two pointers for the sweep, one to count passes.

Pointers 1 and 2 stay within the array; pointer 3 goes from the first cell to one past the last.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from numbers import Number
from typing import Any

import numpy as np

from neuralprog_envs.core.arguments import shown
from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Floats, Ints, fraction
from neuralprog_envs.program.library import Look, Program, View, loop, sequence
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.world import (
    Effect,
    Pointer,
    Rows,
    World,
    left,
    pointed,
    right_within,
    swap,
)

P1, P2, P3 = range(3)

_FLAGS = ("START1", "END1", "START2", "END2", "DONE")
START1, END1, START2, END2, DONE = range(-5, 0)
"""The last five components of both views."""


def array_world(n: int, observation: str) -> World:
    """Return a row of n cells and three pointers, seen as digits or as one comparison."""
    values = observation == "values"
    seen = (("VAL1", 10), ("VAL2", 10)) if values else (("A1<=A2", 2),)
    return World(
        rows=("ARRAY",),
        columns=n + 1,
        pointers=(Pointer("PTR 1", 0, "1"), Pointer("PTR 2", 0, "2"), Pointer("PTR 3", 0, "3")),
        view=(*seen, *((name, 2) for name in _FLAGS)),
        look=look_at_values if values else look_at_order,
        effects=tuple(_effects()),
        symbols={HOLE: "."},
    )


HOLE = -(2**31)
"""What the cells past the array hold."""


def _effects() -> Iterator[Effect]:
    for pointer in (P1, P2, P3):
        beyond = 1 if pointer == P3 else 0
        yield Effect(f"PTR {pointer + 1} LEFT", (1, pointer + 1, 1), left(pointer))
        move = right_within(pointer, beyond)
        yield Effect(f"PTR {pointer + 1} RIGHT", (1, pointer + 1, 2), move)
    yield Effect("SWAP 1 2", (2, 1, 2), swap(0, P1, P2))


def _flags(state: ProgramState, rows: Rows) -> list[Any]:
    p1, p2, p3 = (state.pointers[rows, p] for p in (P1, P2, P3))
    last = state.length[rows] - 1
    return [p1 == 0, p1 == last, p2 == 0, p2 == last, p3 > last]


def look_at_values(state: ProgramState, rows: Rows) -> list[Any]:
    """Return the two items, then the five flags."""
    return [*pointed(state, rows, (0, 0), slice(P3)), *_flags(state, rows)]


def look_at_order(state: ProgramState, rows: Rows) -> list[Any]:
    """Return whether item 1 is at most item 2, then the five flags."""
    one, two = pointed(state, rows, (0, 0), slice(P3))
    return [one <= two, *_flags(state, rows)]


def ordered(view: View) -> Any:
    """Return whether the items at pointers 1 and 2 are in order."""
    return view[0] <= view[1] if len(view) > 6 else view[0] == 1


def disordered(view: View) -> Any:
    """Return whether the items at pointers 1 and 2 are not in order."""
    return view[0] > view[1] if len(view) > 6 else view[0] == 0


def sampled(draws: Draws, lengths: Ints, world: World) -> ProgramInstances:
    """Return arrays of digits or, where only comparisons are seen, of wider numbers."""
    n = world.columns - 1
    wide = np.maximum(100, 4 * lengths)[:, None]
    values = draws.integers(0, 10 if len(world.view) > 6 else wide, n)
    return posed(values, lengths)


def posed(values: Ints, lengths: Ints) -> ProgramInstances:
    """Return arrays, shape (B, n), of which the first lengths[b] items count, as instances."""
    B, n = values.shape
    inside = np.arange(n) < lengths[:, None]
    ascending = np.sort(np.where(inside, values, np.int32(2**31 - 1)), axis=1)
    pad = np.full((B, 1, n + 1), HOLE, dtype=np.int32)
    pad[:, 0, :n] = np.where(inside, values, np.int32(HOLE))
    return ProgramInstances(
        pad=pad,
        pointers=np.zeros((B, 3), dtype=np.int32),
        given=np.zeros((B, 0), dtype=np.int32),
        answer=np.where(inside, ascending, np.int32(0)),
        mask=inside,
        length=lengths,
    )


def encode(values: Any) -> tuple[list[int], int]:
    """Return items as numbers in the same order, themselves or their ranks, and their number.

    Raise ValueError if there are no items or they cannot be compared.
    """
    items = _items(values)
    if not items:
        raise ValueError("the input is empty: give the items, as in '9 2 5'")
    if _are_small_integers(items):
        return [int(item) for item in items], len(items)
    if any(item != item for item in items):
        raise ValueError("nan has no place in an order: leave it out")
    ranks = _ranks(items)
    if not all(isinstance(item, (Number, str)) for item in items):
        raise ValueError(f"items are numbers or texts, as in '9 2 5', not {shown(values)}")
    return ranks, len(items)


def spell(answer: str, values: Any) -> str:
    """Return an answer with the items in the places of their numbers, as they were given.

    Equal items, as 7 and 007, stand in the order in which they were given.
    """
    given = _words(values) if isinstance(values, str) else list(values)
    items: dict[str, list[str]] = {}
    for number, item in zip(encode(values)[0], given, strict=True):
        items.setdefault(str(number), []).append(str(item))
    left = {number: iter(equal) for number, equal in items.items()}
    return " ".join(next(left.get(n, iter(())), items.get(n, [n])[-1]) for n in answer.split())


def _ranks(items: list[Any]) -> list[int]:
    try:
        order = sorted(range(len(items)), key=items.__getitem__)
    except TypeError:
        raise ValueError("these items cannot be compared with each other") from None
    ranks = [0] * len(items)
    for before, after in itertools.pairwise(order):
        ranks[after] = ranks[before] + bool(items[before] < items[after])
    return ranks


def _are_small_integers(items: list[Any]) -> bool:
    return all(
        isinstance(item, (int, np.integer)) and -(2**31) < item < 2**31 - 1 for item in items
    )


def _items(values: Any) -> list[Any]:
    """Return a user's items; text is whole numbers, or numbers, or else words."""
    if not isinstance(values, str):
        return list(values)
    words = _words(values)
    for number in (int, float):
        with suppress(ValueError):
            return [number(word) for word in words]
    return words


def _words(text: str) -> list[str]:
    """Return the parts between commas or, where there are none, between spaces."""
    inner = text.strip().removeprefix("[").removesuffix("]")
    parts = inner.split(",") if "," in inner else inner.split()
    return [part.strip().strip("\"'") for part in parts if part.strip()]


def pose(encoded: list[int], world: World) -> ProgramInstances:
    """Return numbers as a batch of one instance; digits only, where digits are seen."""
    if len(world.view) > 6 and not all(0 <= item <= 9 for item in encoded):
        raise ValueError("with observation='values' the items must be digits, 0 to 9")
    values = np.zeros((1, world.columns - 1), dtype=np.int32)
    values[0, : len(encoded)] = encoded
    return posed(values, np.array([len(encoded)], dtype=np.int32))


def content(instances: ProgramInstances) -> Ints:
    """Return the items, 0 past the array."""
    array = instances.pad[:, :1]
    return np.where(array == HOLE, np.int32(0), array)


def judge(state: ProgramState, instances: ProgramInstances) -> Floats:
    """Return the fraction of the cells that hold the item that belongs there, shape (B,)."""
    n = instances.answer.shape[1]
    return fraction(state.pad[:, 0, :n] == instances.answer, instances.mask)


def read(state: ProgramState) -> str:
    """Return the array."""
    return " ".join(map(str, state.pad[0, 0, : state.length[0]]))


def sweep_programs(recursive: bool, restarts: bool) -> tuple[Program, ...]:
    """Return the programs of bubble sort, BUBBLESORT last.

    ``recursive``: whether BSTEP and LSHIFT call themselves; ``restarts``: whether BUBBLESORT does.
    """
    left, step = ("PTR 1 LEFT", "PTR 2 LEFT"), ("COMPSWAP", "RSHIFT")
    if recursive:
        sweep = (
            loop("LSHIFT", 1, is_past_start, *left, recursive=True),
            loop("BSTEP", 2, is_before_end, *step, recursive=True),
            sequence("RESET", 2, "LSHIFT", "PTR 3 RIGHT"),
            sequence("BUBBLE", 3, "PTR 2 RIGHT", "BSTEP"),
        )
    else:
        sweep = (
            sequence("LSHIFT", 1, *left),
            sequence("BSTEP", 2, *step),
            Program("RESET", 2, reset),
            Program("BUBBLE", 3, bubble),
        )
    return (
        Program("COMPSWAP", 1, compare_and_swap),
        sequence("RSHIFT", 1, "PTR 1 RIGHT", "PTR 2 RIGHT"),
        *sweep,
        loop("BUBBLESORT", 4, is_unsorted, "BUBBLE", "RESET", recursive=restarts),
    )


def is_past_start(view: View) -> Any:
    """Return whether pointer 1 or pointer 2 is not at the start."""
    return not (view[START1] and view[START2])


def is_before_end(view: View) -> Any:
    """Return whether pointer 1 is not at the end."""
    return not view[END1]


def is_unsorted(view: View) -> Any:
    """Return whether there are passes left."""
    return not view[DONE]


def compare_and_swap(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Put the two items in order."""
    if disordered(look()):
        yield "SWAP 1 2"


def reset(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Move pointers 1 and 2 to the far left and count the pass."""
    while is_past_start(look()):
        yield "LSHIFT"
    yield "PTR 3 RIGHT"


def bubble(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Sweep once from left to right."""
    yield "PTR 2 RIGHT"
    while is_before_end(look()):
        yield "BSTEP"
