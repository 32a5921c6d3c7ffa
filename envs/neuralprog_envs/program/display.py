"""How a program machine is shown: the pad with its pointers, the stack, the nested calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Drawing
from neuralprog_envs.core.pillow import canvas
from neuralprog_envs.program.drawing import drawing
from neuralprog_envs.program.library import ACT, RETURN
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.world import World

_WINDOW = 40
"""Columns of a pad that are shown at most."""

_SHOWN_CALLS = 12
"""Calls of a stack that are shown at most: the outermost and the innermost half."""

_DEEPEST = 24
"""The deepest indentation of a transcript."""


@dataclass(frozen=True)
class ProgramDisplay:
    """The views of a program machine; see ``neuralprog_envs.core.display.Display``."""

    machine: ProgramMachine

    def meanings(self) -> dict[str, tuple[str, ...]]:
        """Return the programs' names and the numbers of the arguments."""
        machine = self.machine
        numbers = [tuple(map(str, range(count))) for count in machine.actions[1:]]
        return dict(zip(machine.action_names, (machine.library.names, *numbers), strict=True))

    def describe(self, state: ProgramState, action: NDArray[Any]) -> str:
        """Return the call in words, indented as deep as the stack."""
        return "  " * min(int(state.depth[0]), _DEEPEST) + self.machine.words(np.ravel(action))

    def text(self, state: ProgramState, instances: ProgramInstances) -> str:
        """Return the pad with its pointers marked, and the stack as an indented list."""
        machine = self.machine
        lines = [*_pad_lines(machine.world, state), "", *_stack_lines(machine, state)]
        if machine.depth_exceeded(state)[0]:
            lines.append(f"stopped at the depth limit of {machine.max_depth} calls")
        elif state.halted[0]:
            lines.append("returned")
        return "\n".join(lines)

    def transcript(self, steps: Sequence[tuple[ProgramState, str]]) -> str:
        """Return a table of steps: the view, and the calls nested by indentation."""
        machine = self.machine
        names = [name for name, _ in machine.world.view]
        heading = f"step | {' '.join(names)} |"
        main = machine.library.names[machine.library.main]
        lines = [heading, "-" * len(heading), f"     | {'':>{len(heading) - 9}} | {main}"]
        for state, words in steps:
            view = machine.view(state)[0]
            seen = " ".join(f"{v:>{len(name)}}" for v, name in zip(view, names, strict=True))
            lines.append(f"{state.steps[0]:>4} | {seen} | {words}".rstrip())
        return "\n".join([*lines, *_pad_lines(machine.world, steps[-1][0])])

    def drawing(self, task: Any, moment: Moment) -> Drawing:
        """Return the pad, as the definition's ``drawing`` draws it, and the calls under way."""
        return drawing(self.machine, moment)

    def is_known(self, instances: ProgramInstances) -> bool:
        """Return True: each instance has its answer."""
        return True

    def scene(self, instances: ProgramInstances) -> dict[str, Any]:
        """Return the pad's form, the names of what is on it, and the first program."""
        machine, world, library = self.machine, self.machine.world, self.machine.library
        drawn = {
            "rows": list(world.rows),
            "columns": world.columns,
            "symbols": {str(value): symbol for value, symbol in world.symbols.items()},
            "pointers": [[p.name, p.row, p.mark] for p in world.pointers],
            "programs": list(library.names),
            "main": library.names[library.main],
            "calls": [[words, *action] for words, action in library.actions.items()],
            "max_depth": machine.max_depth,
        }
        return drawn | self._picture(machine.initial(instances))

    def layers(self, state: ProgramState) -> dict[str, NDArray[Any]]:
        """Return the pad row by row, the pointers and variables, the depth of the stack."""
        return {
            "pad": state.pad[0].ravel(),
            "pointers": state.pointers[0],
            "depth": state.depth,
            "halted": state.halted.astype(np.int32),
        }

    def explain(self, action: tuple[int, ...]) -> dict[str, Any]:
        """Return whether an action calls, acts or returns."""
        return {"kind": {RETURN: "return", ACT: "act"}.get(action[0], "call")}

    def notes(
        self, before: ProgramState, action: tuple[int, ...], after: ProgramState
    ) -> dict[str, Any]:
        """Return whether it was legal, the view before it, and the picture if there is one."""
        moved = bool(before.depth[0] != after.depth[0] or after.halted[0])
        legal = moved if action[0] != ACT else action in self.machine.library.words
        view = zip(self.machine.world.view, self.machine.view(before)[0], strict=True)
        sees = ", ".join(f"{name} = {value}" for (name, _), value in view)
        return {"legal": int(legal), "sees": sees} | self._picture(after)

    def _picture(self, state: ProgramState) -> dict[str, str]:
        if self.machine.world.picture is None:
            return {}
        return {"picture": canvas().data_url(self.machine.pictures(self.machine.hidden(state))[0])}


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
