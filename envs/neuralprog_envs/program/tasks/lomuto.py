"""The experts of quicksort with Lomuto's partition, by a loop over the stack and by recursion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neuralprog_envs.program.library import Look, View

AT_MOST, AT_END, RANGE, EMPTY = range(4)
"""The components of the view."""


PARTITION = ("SET_PIVOT_LO", "SET_J_LO", "COMPSWAP_LOOP", "SWAP PIVOT HI", "SET_J_NULL")
"""The calls that put what is at most the range's last item left of it."""


def use_stack(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Push the range left of the pivot (1), that right of it (2), or drop the top (3)."""
    low, high, move = {
        1: ("LO", "PIVOT-1", "UP"),
        2: ("PIVOT+1", "HI", "UP"),
        3: ("RESET", "RESET", "DOWN"),
    }[arguments[0]]
    yield f"WRITE STACKLO {low}"
    yield f"WRITE STACKHI {high}"
    yield f"MOVE STACKLO {move}"
    yield f"MOVE STACKHI {move}"


def is_scanning(view: View) -> Any:
    """Return whether there are items of the range left to compare with its last."""
    return not view[AT_END]


def compare_and_swap(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Bring an item that is at most the last one to the left part."""
    if look()[AT_MOST]:
        yield "SWAP PIVOT J"
        yield "MOVE PIVOT UP"


def sort(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Partition the range on the top until the stacks are empty."""
    while not (view := look())[EMPTY]:
        if not view[RANGE]:
            yield "STACK POP"
            continue
        yield "WRITE HI HI_PEEK"
        yield "WRITE LO LO_PEEK"
        yield "STACK POP"
        yield "PARTITION"
        yield "STACK PUSH_CALL2"
        yield "STACK PUSH_CALL1"


def sort_recursively(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Partition the range on the top, then sort both parts."""
    if look()[RANGE]:
        yield "PARTITION"
        yield "STACK PUSH_CALL2"
        yield "STACK PUSH_CALL1"
        for _ in range(2):
            yield "WRITE HI HI_PEEK"
            yield "WRITE LO LO_PEEK"
            yield "QUICKSORT"
            yield "STACK POP"
