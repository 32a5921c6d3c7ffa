"""What a viewer draws of a program machine: the pad, its pointers, the calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuralprog_envs.core import png
from neuralprog_envs.program.library import ACT, RETURN

if TYPE_CHECKING:
    from neuralprog_envs.program.machine import ProgramMachine
    from neuralprog_envs.program.state import ProgramInstances, ProgramState


def scene(machine: ProgramMachine, instances: ProgramInstances) -> dict[str, Any]:
    """Return the pad's form, the names of what is on it, and the running program at the start."""
    world, library = machine.world, machine.library
    drawn = {
        "rows": list(world.rows),
        "columns": world.columns,
        "symbols": {str(value): symbol for value, symbol in world.symbols.items()},
        "pointers": [[p.name, p.row, p.mark] for p in world.pointers],
        "programs": list(library.names),
        "main": library.names[library.main],
        "max_depth": machine.max_depth,
    }
    return drawn | _picture(machine, machine.initial(instances))


def layers(state: ProgramState) -> dict[str, Any]:
    """Return the pad row by row, the pointers and variables, the calls under way."""
    return {
        "pad": state.pad[0].ravel(),
        "pointers": state.pointers[0],
        "depth": state.depth,
        "halted": state.halted.astype(np.int32),
    }


def explain(machine: ProgramMachine, action: tuple[int, ...]) -> dict[str, Any]:
    """Return whether an action calls, acts or returns."""
    return {"kind": {RETURN: "return", ACT: "act"}.get(action[0], "call")}


def notes(
    machine: ProgramMachine, before: ProgramState, action: tuple[int, ...], after: ProgramState
) -> dict[str, Any]:
    """Return whether the action was legal, and the picture where the world has one."""
    moved = bool(before.depth[0] != after.depth[0] or after.halted[0])
    legal = moved if action[0] != ACT else action in machine.library.words
    return {"legal": int(legal)} | _picture(machine, after)


def _picture(machine: ProgramMachine, state: ProgramState) -> dict[str, str]:
    if machine.world.picture is None:
        return {}
    return {"picture": png.data_url(machine.pictures(machine.hidden(state))[0])}
