"""What a viewer draws of a table machine: the question, the table, the rows that are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuralprog_envs.table import official, render
from neuralprog_envs.table.state import LOOKUP, SCALAR, STRINGS

if TYPE_CHECKING:
    from neuralprog_envs.table.machine import TableMachine
    from neuralprog_envs.table.state import TableInstances, TableState


def scene(machine: TableMachine, instances: TableInstances) -> dict[str, Any]:
    """Return the question as typed and as seen, the table, and the choices by name."""
    state = machine.initial(instances)
    shown = render.shown(machine, state)
    words = machine.vocabulary.decode(state.question[0])
    pivots = state.pivots[0, : int(state.pivot_count[0])]
    return {
        "question": shown.question,
        "words": words,
        "numbers": [render.number_text(value) for value in pivots],
        "number_positions": state.pivot_position[0, : len(pivots)].tolist(),
        "columns": shown.names,
        "cells": shown.cells,
        "operations": [[o.name, int(o.column), int(o.pivot)] for o in machine.table],
        "steps": machine.steps,
    }


def layers(state: TableState) -> dict[str, Any]:
    """Return the selected rows, the printed rows and their column, and the output's kind."""
    rows = int(state.length[0])
    return {
        "selected": state.selected[0, :rows].astype(np.int32),
        "printed": state.printed[0, :rows].astype(np.int32),
        "printed_column": state.printed_column,
        "output": state.output.astype(np.int32),
    }


def notes(machine: TableMachine, after: TableState) -> dict[str, Any]:
    """Return what the step left, in words."""
    return {"left": render.output_text(machine, after)}


def right_answer(machine: TableMachine, instances: TableInstances) -> list[str] | None:
    """Return the right answer of a batch of one question as strings; None where it is unknown."""
    kind = instances.answer_kind[0]
    if kind == SCALAR:
        return [render.number_text(instances.answer_scalar[0])]
    if kind == LOOKUP:
        cells = render.shown(machine, machine.initial(instances)).cells
        column = int(instances.answer_column[0])
        return [cells[row][column] for row in np.flatnonzero(instances.answer_rows[0])]
    return official.parse(instances.answer_text[0])[0] if kind == STRINGS else None
