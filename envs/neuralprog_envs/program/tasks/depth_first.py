"""The experts of the topological sort: depth-first search, by loops and by recursion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neuralprog_envs.program.library import Look, View

START, CHILD, EMPTY = range(3)
"""The components of the view."""

WHITE, NONE = 0, 3


VISIT = ("WRITE ACTIVE_START", "WRITE COLOR_CURR GREY", "TRAVERSE", "MOVE START UP", "NEXT_START")
"""The calls that visit everything that can be reached from the vertex at START."""


def is_child_done(view: View) -> Any:
    """Return whether the active vertex has a next child, which was reached before."""
    return view[CHILD] not in (WHITE, NONE)


def is_start_done(view: View) -> Any:
    """Return whether there is a vertex at START, which was reached before."""
    return view[START] not in (WHITE, NONE)


def is_vertex_left(view: View) -> Any:
    """Return whether there is a vertex at START."""
    return view[START] != NONE


def use_stack(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Push the active vertex (1), or make the top active and drop it (2)."""
    if arguments[0] == 1:
        yield "WRITE STACK_PUSH"
        yield "MOVE STACK UP"
    else:
        yield "WRITE ACTIVE_STACK"
        yield "WRITE STACK_POP"
        yield "MOVE STACK DOWN"


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
