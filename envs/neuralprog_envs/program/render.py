"""How a program machine is shown: the pad with its pointers, the stack, the nested trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import pixels as px

if TYPE_CHECKING:
    from neuralprog_envs.program.machine import ProgramMachine
    from neuralprog_envs.program.state import ProgramState
    from neuralprog_envs.program.world import World

_WINDOW = 40
"""Columns of a pad that are shown at most."""

_SHOWN_CALLS = 12
"""Calls of a stack that are shown at most: the outermost and the innermost half."""

_DEEPEST = 24
"""The deepest indentation of a trace."""


_DRAWN_CALLS, _LINE, _LEAST_WIDTH = 5, 16, 240
"""Calls in a picture, the height of one, and the least width of a picture."""


def describe(machine: ProgramMachine, state: ProgramState, action: NDArray[Any]) -> str:
    """Return an action of a state of one row in words, indented as deep as the stack."""
    return "  " * min(int(state.depth[0]), _DEEPEST) + machine.words(np.ravel(action))


def text(machine: ProgramMachine, state: ProgramState) -> str:
    """Return the pad of a state of one row, its variables and its stack."""
    lines = list(_pad_lines(machine.world, state))
    lines += ["", *_stack_lines(machine, state)]
    if machine.overflown(state)[0]:
        lines.append(f"stopped at the depth limit of {machine.max_depth} calls")
    elif state.halted[0]:
        lines.append("returned")
    return "\n".join(lines)


def _pad_lines(world: World, state: ProgramState) -> Iterator[str]:
    pointers = state.pointers[0]
    first, last = _window(world, pointers)
    cells = [[_symbol(world, v) for v in row[first:last]] for row in state.pad[0]]
    width = max(len(cell) for row in cells for cell in row)
    names = max(len(name) for name in world.rows)
    for row, (name, shown) in enumerate(zip(world.rows, cells, strict=True)):
        yield f"{name:>{names}}  " + " ".join(f"{cell:>{width}}" for cell in shown)
        marks = [_marks(world, pointers, row, first + i) for i in range(len(shown))]
        if any(marks):
            yield (" " * (names + 2) + " ".join(f"{mark:>{width}}" for mark in marks)).rstrip()
    others = [
        f"{p.name} = {v}" for p, v in zip(world.pointers, pointers, strict=True) if p.row is None
    ]
    if others:
        yield ", ".join(others)


def _marks(world: World, pointers: NDArray[Any], row: int, column: int) -> str:
    return "".join(
        p.mark
        for p, value in zip(world.pointers, pointers, strict=True)
        if p.row == row and value == column
    )


def _window(world: World, pointers: NDArray[Any]) -> tuple[int, int]:
    """Return the first column to show and the one after the last, around the first pointer."""
    at = next(
        (int(v) for p, v in zip(world.pointers, pointers, strict=True) if p.row is not None), 0
    )
    first = min(max(0, at - _WINDOW // 2), max(0, world.columns - _WINDOW))
    return first, min(world.columns, first + _WINDOW)


def _symbol(world: World, value: Any) -> str:
    return world.symbols.get(int(value), str(value))


def _stack_lines(machine: ProgramMachine, state: ProgramState) -> list[str]:
    depth = int(state.depth[0])
    lines = ["  " * min(i, _DEEPEST) + machine.words(state.stack[0, i]) for i in _shown(depth)]
    if depth > _SHOWN_CALLS:
        lines.insert(_SHOWN_CALLS // 2, f"... {depth - _SHOWN_CALLS} more calls ...")
    return lines


def _shown(depth: int) -> list[int]:
    half = _SHOWN_CALLS // 2
    return [i for i in range(depth) if i < half or i >= depth - half]


def trace(machine: ProgramMachine, steps: Sequence[tuple[ProgramState, str]]) -> str:
    """Return a table of states of one row: the view, and the calls nested by indentation."""
    names = [name for name, _ in machine.world.view]
    heading = f"step | {' '.join(names)} |"
    main = machine.library.names[machine.library.main]
    lines = [heading, "-" * len(heading), f"     | {'':>{len(heading) - 9}} | {main}"]
    for state, words in steps:
        view = machine.view(state)[0]
        seen = " ".join(f"{v:>{len(name)}}" for v, name in zip(view, names, strict=True))
        lines.append(f"{state.steps[0]:>4} | {seen} | {words}".rstrip())
    return "\n".join([*lines, *_pad_lines(machine.world, steps[-1][0])])


def pixels(machine: ProgramMachine, state: ProgramState) -> NDArray[np.uint8]:
    """Return the pad (blue where a pointer is) and, below, the innermost calls of the stack.

    Where the world has a picture, return that. The size depends on the machine alone.
    """
    if machine.world.picture is not None:
        return machine.pictures(machine.hidden(state))[0]
    world = machine.world
    first, last = _window(world, state.pointers[0])
    names = px.text_width(max(world.rows, key=len)) + 10
    width = max(names + (last - first) * px.CELL_WIDTH, _LEAST_WIDTH)
    below = len(world.rows) * px.CELL_HEIGHT + 6
    canvas = px.canvas(below + _DRAWN_CALLS * _LINE, width)
    for row, name in enumerate(world.rows):
        px.write(canvas, row * px.CELL_HEIGHT + 10, 0, name, width=names, colour=px.SOFT)
        for column in range(first, last):
            _draw_cell(
                canvas, world, state, (row, column), names + (column - first) * px.CELL_WIDTH
            )
    for line, (words, running) in enumerate(_drawn_calls(machine, state)):
        top, colour = below + line * _LINE, px.INK if running else px.SOFT
        px.write(canvas, top, 0, words, width=width, colour=colour)
    return canvas


def _draw_cell(
    canvas: px.Picture, world: World, state: ProgramState, place: tuple[int, int], left: int
) -> None:
    row, column = place
    marks = _marks(world, state.pointers[0], row, column)
    symbol = _symbol(world, state.pad[0, row, column]).replace(".", " ")
    colour = px.BLUE if marks else px.GREY
    px.cell(canvas, row * px.CELL_HEIGHT, left, symbol, colour, caption=marks.replace("^", ""))


def _drawn_calls(machine: ProgramMachine, state: ProgramState) -> Iterator[tuple[str, bool]]:
    """Yield the innermost calls in words, the running one last, and whether it is that one."""
    depth = int(state.depth[0])
    for i in range(max(0, depth - _DRAWN_CALLS), depth):
        yield f"{i + 1} {machine.words(state.stack[0, i])}", i == depth - 1
    if state.halted[0]:
        yield ("depth limit" if depth else "returned"), True
