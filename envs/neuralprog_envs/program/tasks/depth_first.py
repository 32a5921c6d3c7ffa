"""The experts of the topological sort: depth-first search, by loops and by recursion."""

from __future__ import annotations

from collections.abc import Iterator

from neuralprog_envs.program.library import Body, Look

START, CHILD, EMPTY = range(3)
"""The components of the view."""

WHITE, NONE = 0, 3


def _is_done(colour: int) -> bool:
    """Return whether there is a vertex and it has been reached."""
    return colour not in (WHITE, NONE)


def use_stack(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Push the active vertex (1), or make the top active and drop it (2)."""
    if arguments[0] == 1:
        yield "WRITE STACK_PUSH"
        yield "MOVE STACK UP"
    else:
        yield "WRITE ACTIVE_STACK"
        yield "WRITE STACK_POP"
        yield "MOVE STACK DOWN"


def traverse(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Visit everything that can be reached from the active vertex."""
    yield "CHECK_CHILD"
    yield "EXPLORE"


def check_child(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Skip the children that were reached before."""
    while _is_done(look()[CHILD]):
        yield "MOVE CHILD_ACTIVE UP"


def check_child_recursively(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Skip one child, then the others."""
    if _is_done(look()[CHILD]):
        yield "MOVE CHILD_ACTIVE UP"
        yield "CHECK_CHILD"


def next_start(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Skip the vertices that were reached."""
    while _is_done(look()[START]):
        yield "MOVE START UP"


def next_start_recursively(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Skip one vertex, then the others."""
    if _is_done(look()[START]):
        yield "MOVE START UP"
        yield "NEXT_START"


def _descend() -> Iterator[str]:
    yield "WRITE COLOR_NEXT GREY"
    yield "STACK PUSH"
    yield "WRITE SAVE"
    yield "WRITE ACTIVE_NEIGHB"
    yield "MOVE CHILD_SAVE UP"


def _finish() -> Iterator[str]:
    yield "WRITE COLOR_CURR BLACK"
    yield "WRITE RESULT"
    yield "MOVE RESULT UP"


def explore(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Go down to a white child or finish the vertex and go up, until there is no way up."""
    while True:
        if look()[CHILD] == WHITE:
            yield from _descend()
        else:
            yield from _finish()
            if look()[EMPTY]:
                return
            yield "STACK POP"
        yield "CHECK_CHILD"


def explore_recursively(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Go down to a white child or finish the vertex and go up; explore from there."""
    if look()[CHILD] == WHITE:
        yield from _descend()
    else:
        yield from _finish()
        if look()[EMPTY]:
            return
        yield "STACK POP"
    yield "CHECK_CHILD"
    yield "EXPLORE"


def _visit() -> Iterator[str]:
    yield "WRITE ACTIVE_START"
    yield "WRITE COLOR_CURR GREY"
    yield "TRAVERSE"
    yield "MOVE START UP"
    yield "NEXT_START"


def sort(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Visit from every vertex that was not reached from another."""
    while look()[START] != NONE:
        yield from _visit()


def sort_recursively(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Visit from the first vertex that was not reached, then from the others."""
    if look()[START] != NONE:
        yield from _visit()
        yield "TOPOSORT"


LOOPS: dict[str, Body] = {
    "CHECK_CHILD": check_child,
    "NEXT_START": next_start,
    "EXPLORE": explore,
    "TOPOSORT": sort,
}
"""The bodies without recursion."""

RECURSIVE: dict[str, Body] = {
    "CHECK_CHILD": check_child_recursively,
    "NEXT_START": next_start_recursively,
    "EXPLORE": explore_recursively,
    "TOPOSORT": sort_recursively,
}
"""The bodies with recursion."""
