"""How a tape machine is shown: the paper's table as text, and cells as pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import pixels as px
from neuralprog_envs.tape.episode import CircuitEpisode, InstructionEpisode
from neuralprog_envs.tape.ops import OPERATIONS
from neuralprog_envs.tape.state import TapeInstances, TapeState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neuralprog_envs.tape.machine import TapeMachine

_COLUMNS = 16
"""Cells in one line of a picture."""


def table(machine: TapeMachine, rows: Sequence[tuple[TapeState, str]]) -> str:
    """Return the table of the paper's figures: step, tape, registers, and what comes next.

    Args:
        machine: The machine.
        rows: States of one row, each with the words for the action that is taken in it.
    """
    width = len(str(machine.memory_size - 1))
    cells = " ".join(f"{cell:>{width}}" for cell in range(machine.memory_size))
    names = " ".join(f"{f'r{j + 1}':>{max(width, 2)}}" for j in range(machine.registers))
    heading = f"step | {cells} | {names} |"
    lines = [heading, "-" * len(heading)]
    for state, words in rows:
        tape = " ".join(f"{value:>{width}}" for value in state.tape[0])
        registers = " ".join(f"{value:>{max(width, 2)}}" for value in state.registers[0])
        lines.append(f"{state.steps[0]:>4} | {tape} | {registers} | {words}".rstrip())
    return "\n".join(lines)


def describe(machine: TapeMachine, state: TapeState, action: NDArray[Any]) -> str:
    """Return an action in words: an instruction with its values, a circuit's reads and writes."""
    numbers = [int(number) for number in np.ravel(action)]
    if machine.action == "circuit":
        return _describe_circuit(machine, state, numbers)
    return _describe_instruction(machine, state, numbers)


def _describe_instruction(machine: TapeMachine, state: TapeState, numbers: list[int]) -> str:
    episode = InstructionEpisode(machine, state)
    operation, a, b, to = numbers
    name, (A, B) = OPERATIONS[operation], (int(state.registers[0, r]) for r in (a, b))
    episode.step(numbers)
    if name == "HALT":
        return "halt"
    if name == "WRITE":
        return f"WRITE(r{a + 1}={A}, r{b + 1}={B}), r{to + 1} := 0"
    arity = next(m.arity for m in machine.modules if m.name == name)
    inputs = ", ".join([f"r{a + 1}={A}", f"r{b + 1}={B}"][:arity])
    call = f"{name}({inputs})" if arity else name
    return f"r{to + 1} := {call} = {episode.cells.registers[to]}"


def _describe_circuit(machine: TapeMachine, state: TapeState, numbers: list[int]) -> str:
    episode = CircuitEpisode(machine, state)
    episode.step(numbers)
    words = [
        f"READ({address}) = {value}" if name == "READ" else f"WRITE({address}, {value})"
        for name, address, value in episode.cells.accesses
    ]
    return ", ".join([*words, *(["finish"] if episode.halted else [])])


def pixels(machine: TapeMachine, state: TapeState, instances: TapeInstances) -> NDArray[np.uint8]:
    """Return registers (blue) and tape; scored cells are green when right, red when wrong.

    Below a cell are the registers that point to it. Shape (height, width, 3).
    """
    tape, registers = state.tape[0], state.registers[0]
    lines = -(-machine.memory_size // _COLUMNS)
    columns = max(min(machine.memory_size, _COLUMNS), machine.registers)
    canvas = px.canvas((lines + 1) * px.CELL_HEIGHT, columns * px.CELL_WIDTH)
    for j, value in enumerate(registers):
        px.cell(canvas, 0, j * px.CELL_WIDTH, f"{value}", px.BLUE, caption=f"r{j + 1}")
    for i, value in enumerate(tape):
        row, column = 1 + i // _COLUMNS, i % _COLUMNS
        colour = _colour(bool(instances.mask[0, i]), bool(value == instances.answer[0, i]))
        place = row * px.CELL_HEIGHT, column * px.CELL_WIDTH
        px.cell(canvas, *place, f"{value}", colour, caption=_pointing(registers, i))
    return canvas


def _pointing(registers: NDArray[Any], cell: int) -> str:
    """Return the registers that point to a cell, as short as there is room for."""
    names = [f"r{j + 1}" for j in np.flatnonzero(registers == cell)]
    return " ".join(names) if len(names) < 3 else f"{names[0]} +{len(names) - 1}"


def _colour(scored: bool, right: bool) -> px.Colour:
    if not scored:
        return px.GREY
    return px.GREEN if right else px.RED
