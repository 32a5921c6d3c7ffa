"""The experts of quicksort with Lomuto's partition, by a loop over the stack and by recursion."""

from __future__ import annotations

from collections.abc import Iterator

from neuralprog_envs.program.library import Look

AT_MOST, AT_END, RANGE, EMPTY = range(4)
"""The components of the view."""


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


def compare_and_swap(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Bring an item that is at most the last one to the left part."""
    if look()[AT_MOST]:
        yield "SWAP PIVOT J"
        yield "MOVE PIVOT UP"


def scan(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Compare every item of the range with its last."""
    while not look()[AT_END]:
        yield "COMPSWAP"
        yield "MOVE J UP"


def scan_recursively(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Compare an item with the range's last, then the rest."""
    if not look()[AT_END]:
        yield "COMPSWAP"
        yield "MOVE J UP"
        yield "COMPSWAP_LOOP"


def partition(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Put what is at most the range's last item left of it."""
    yield "SET_PIVOT_LO"
    yield "SET_J_LO"
    yield "COMPSWAP_LOOP"
    yield "SWAP PIVOT HI"
    yield "SET_J_NULL"


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
