"""How a table machine is shown: question, table and program as text, a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Drawing
from neuralprog_envs.table import answer
from neuralprog_envs.table.drawing import drawing
from neuralprog_envs.table.language import MEANINGS
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.state import (
    LOOKUP,
    NOTHING,
    SCALAR,
    PosedTables,
    TableInstances,
    TableState,
)
from neuralprog_envs.table.tables import Table
from neuralprog_envs.table.text import number_text, question_and_table

_ROWS, _WIDTH = 24, 28
"""Rows and characters of a cell that are shown at most."""

_LISTED = 9
"""From so many rows on, a selection is not listed."""


@dataclass(frozen=True)
class TableDisplay:
    """The views of a table machine; see ``neuralprog_envs.core.display.Display``."""

    machine: TableMachine

    def meanings(self) -> dict[str, tuple[str, ...]]:
        """Return the operations, and the columns and the question's numbers by their place."""
        columns = tuple(f"column {c + 1}" for c in range(self.machine.columns))
        pivots = tuple(f"number {n + 1} of the question" for n in range(self.machine.pivots))
        return {"operation": self.machine.operations, "column": columns, "pivot": pivots}

    def describe(self, state: TableState, action: NDArray[Any]) -> str:
        """Return an action as operation[column, pivot] and its output."""
        after = self.machine.step(state, np.reshape(action, (1, -1)))
        return f"{self._action(state, action)} -> {self.output(after)}"

    def text(self, state: TableState, instances: TableInstances) -> str:
        """Return the question, the table with its selected rows marked, the program, the output."""
        program = [self._action(state, a) for a in state.actions[0, : int(state.steps[0])]]
        return "\n".join(
            [
                self._table(state, _marks(state)),
                f"program  {' -> '.join(program) or '(none yet)'}",
                f"output   {self.output(state)}",
            ]
        )

    def transcript(self, steps: Sequence[tuple[TableState, str]]) -> str:
        """Return the question, the table, and each step with the description of its action."""
        first, last = steps[0][0], steps[-1][0]
        lines = [f"{state.steps[0] + 1:>4}  {words}" for state, words in steps if words]
        table = self._table(first, [" "] * (self.machine.rows + 1))
        return "\n".join([table, *lines, "", f"answer  {self.output(last)}"])

    def output(self, state: TableState) -> str:
        """Return the output of the last step in words: a number, printed cells or rows."""
        if state.output[0] == SCALAR:
            return number_text(state.scalars[0, 0])
        if state.output[0] == LOOKUP:
            cells = [_short(cell) for cell in answer.held(self.machine.vocabulary, state)]
            more = f" | ... ({len(cells)} cells)" if len(cells) > 5 else ""
            return (" | ".join(cells[:5]) + more) or "nothing"
        rows = (np.flatnonzero(state.selected[0]) + 1).tolist()
        count = f"{len(rows)} of {int(state.length[0])} rows"
        if not 0 < len(rows) < min(_LISTED, int(state.length[0])):
            return count
        return f"{count}: {' '.join(map(str, rows))}"

    def drawing(self, task: Any, moment: Moment) -> Drawing:
        """Return question, table, steps and output."""
        state = moment.state
        steps = [self._action(state, a) for a in state.actions[0, : int(state.steps[0])]]
        question, table = self._text(state)
        return drawing(self.machine, moment.state, question, table, (*steps, self.output(state)))

    def is_known(self, instances: TableInstances) -> bool:
        """Return whether the question came with its answer."""
        return bool(instances.answer_kind[0] != NOTHING)

    def scene(self, instances: TableInstances) -> dict[str, Any]:
        """Return the question as typed and as seen, the table, and the choices by name."""
        machine, (question, table) = self.machine, self._text(instances)
        pivots = instances.pivots[0, : int(instances.pivot_count[0])]
        return {
            "question": question,
            "words": machine.vocabulary.decode(instances.question[0]),
            "numbers": [number_text(value) for value in pivots],
            "number_positions": instances.pivot_position[0, : len(pivots)].tolist(),
            "columns": list(table.names),
            "cells": [list(row) for row in table.cells],
            "operations": [[o.name, int(o.column), int(o.pivot)] for o in machine.ops],
            "steps": machine.steps,
        }

    def layers(self, state: TableState) -> dict[str, NDArray[Any]]:
        """Return the selected rows, the printed rows and their column, and the output's kind."""
        rows = int(state.length[0])
        return {
            "selected": state.selected[0, :rows].astype(np.int32),
            "printed": state.printed[0, :rows].astype(np.int32),
            "printed_column": state.printed_column,
            "output": state.output.astype(np.int32),
        }

    def explain(self, action: tuple[int, ...]) -> dict[str, Any]:
        """Return what the operation means."""
        return {"means": MEANINGS[self.machine.operations[action[0]]]}

    def notes(
        self, before: TableState, action: tuple[int, ...], after: TableState
    ) -> dict[str, Any]:
        """Return the output of the step, in words."""
        return {"left": self.output(after)}

    def _text(self, posed: PosedTables) -> tuple[str, Table]:
        return question_and_table(self.machine.vocabulary, posed)

    def _action(self, state: TableState, action: NDArray[Any]) -> str:
        """Return an action as operation[column, pivot], with only what the operation reads."""
        operation, column, pivot = (int(number) for number in np.ravel(action))
        chosen, arguments = self.machine.ops[operation], []
        if chosen.column:
            names = self._text(state)[1].names
            name = _short(names[column]) if column < len(names) else "no such column"
            arguments += [name or f"column {column + 1}"] if len(names) > 1 or name else []
        if chosen.pivot:
            there = pivot < state.pivot_count[0]
            arguments.append(number_text(state.pivots[0, pivot]) if there else "no such number")
        return f"{chosen.name}[{', '.join(arguments)}]" if arguments else chosen.name

    def _table(self, state: TableState, marks: Sequence[str]) -> str:
        """Return the question and the table, a mark before the header and before each row."""
        question, table = self._text(state)
        lines = [[_short(cell) for cell in row] for row in (table.names, *table.cells[:_ROWS])]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        names = ["row", *(f"{row:>3}" for row in range(1, len(lines)))]
        rows = [
            f"{mark} {name} | "
            + " | ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True))
            for mark, name, line in zip(marks, names, lines, strict=False)
        ]
        left_out = len(table.cells) - _ROWS
        tail = [f"  ... {left_out} more rows"] if left_out > 0 else []
        return "\n".join([f"question {question}", "", *map(str.rstrip, rows), *tail, ""])


def _marks(state: TableState) -> list[str]:
    """Return ">" for selected rows and "*" for printed ones, " " for the header and the others."""
    rows = zip(state.selected[0], state.printed[0], strict=True)
    return [" ", *("*" if printed else ">" if selected else " " for selected, printed in rows)]


def _short(cell: str) -> str:
    line = " ".join(cell.split())
    return line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..."
