"""How a table machine is shown: question, table and program as text, the table as pixels."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import pixels as px
from neuralprog_envs.table.state import LOOKUP, SCALAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neuralprog_envs.table.machine import TableMachine
    from neuralprog_envs.table.state import TableState

_ROWS, _WIDTH = 24, 28
"""Rows and characters of a cell that are shown at most."""

_LISTED = 9
"""From so many rows on, a selection is not listed."""

_PICTURE_ROWS, _PICTURE_COLUMNS = 20, 12
_LINE, _TEXT_LINE, _TEXT_WIDTH, _NUMBER_WIDTH, _LEAST_WIDTH = 24, 16, 114, 72, 280
"""Pixels: the height of a row and of a line of text, and widths of cells and of a picture."""


@dataclass(frozen=True)
class Shown:
    """The texts of one table and its question."""

    question: str
    names: list[str]
    cells: list[list[str]]


def shown(machine: TableMachine, state: TableState) -> Shown:
    """Return the texts of a state of one row: those that were given, or the tokens' words."""
    R, C = int(state.length[0]), int(state.column_count[0])
    texts = state.texts[0]
    if len(texts):
        wide = machine.columns
        start = 1 + wide
        cells = [list(texts[start + wide * r : start + wide * r + C]) for r in range(R)]
        return Shown(texts[0], list(texts[1 : 1 + C]), cells)
    words = machine.vocabulary
    names = [" ".join(words.decode(state.names[0, c])) for c in range(C)]
    cells = [[_cell(machine, state, r, c) for c in range(C)] for r in range(R)]
    return Shown(question_text(machine, state), names, cells)


def _cell(machine: TableMachine, state: TableState, row: int, column: int) -> str:
    if state.valid[0, row, column]:
        return number_text(state.numbers[0, row, column])
    return " ".join(machine.vocabulary.decode(state.words[0, row, column]))


def number_text(value: float) -> str:
    """Return a number as people write it, without trailing zeros."""
    near = round(float(value), 6)
    return f"{near:.0f}" if near == int(near) else f"{near:.6f}".rstrip("0")


def question_text(machine: TableMachine, state: TableState) -> str:
    """Return the words of the question with its numbers back in their places."""
    words = machine.vocabulary.decode(state.question[0])
    parts = [[word] for word in words] or [[]]
    for i in range(int(state.pivot_count[0])):
        parts[int(state.pivot_position[0, i])].append(number_text(state.pivots[0, i]))
    return " ".join(word for part in parts for word in part)


def action_text(machine: TableMachine, state: TableState, action: NDArray[Any]) -> str:
    """Return an action as operation[column, pivot], with only what the operation reads."""
    operation, column, pivot = (int(number) for number in np.ravel(action))
    chosen = machine.table[operation]
    arguments = []
    if chosen.column:
        names = shown(machine, state).names
        name = _short(names[column]) if column < len(names) else "no such column"
        arguments += [name or f"column {column + 1}"] if len(names) > 1 or name else []
    if chosen.pivot:
        there = pivot < state.pivot_count[0]
        arguments.append(number_text(state.pivots[0, pivot]) if there else "no such number")
    return f"{chosen.name}[{', '.join(arguments)}]" if arguments else chosen.name


def describe(machine: TableMachine, state: TableState, action: NDArray[Any]) -> str:
    """Return an action and what it leaves: rows, a number or printed cells."""
    after = machine.step(state, np.reshape(action, (1, -1)))
    return f"{action_text(machine, state, action)} -> {output_text(machine, after)}"


def output_text(machine: TableMachine, state: TableState) -> str:
    """Return what the last step left."""
    if state.output[0] == SCALAR:
        return number_text(state.scalars[0, 0])
    if state.output[0] == LOOKUP:
        cells = [_short(cell) for cell in printed_cells(machine, state)]
        more = f" | ... ({len(cells)} cells)" if len(cells) > 5 else ""
        return (" | ".join(cells[:5]) + more) or "nothing"
    rows = (np.flatnonzero(state.selected[0]) + 1).tolist()
    count = f"{len(rows)} of {int(state.length[0])} rows"
    if not 0 < len(rows) < min(_LISTED, int(state.length[0])):
        return count
    return f"{count}: {' '.join(map(str, rows))}"


def printed_cells(machine: TableMachine, state: TableState) -> list[str]:
    """Return the texts of the cells that the last step printed, from the top."""
    column = int(state.printed_column[0])
    cells = shown(machine, state).cells
    return [cells[row][column] for row in np.flatnonzero(state.printed[0])]


def answer(machine: TableMachine, state: TableState) -> list[str]:
    """Return the answer that a state of one row holds, as strings."""
    if state.output[0] == SCALAR:
        return [number_text(state.scalars[0, 0])]
    return printed_cells(machine, state) if state.output[0] == LOOKUP else []


def text(machine: TableMachine, state: TableState) -> str:
    """Return a state of one row: question, table, program so far, output."""
    program = [
        action_text(machine, state, action) for action in state.actions[0, : int(state.steps[0])]
    ]
    lines = [_table(machine, state), f"program  {' -> '.join(program) or '(none yet)'}"]
    return "\n".join([*lines, f"output   {output_text(machine, state)}"])


def trace(machine: TableMachine, steps: Sequence[tuple[TableState, str]]) -> str:
    """Return the question and the table, and each step with the words for its action."""
    lines = [_table(machine, steps[0][0], marked=False)]
    for state, words in steps:
        place = int(state.steps[0])
        lines += [f"{place + 1:>4}  {words}"] if words else []
    last = steps[-1][0]
    return "\n".join([*lines, "", f"answer  {output_text(machine, last)}"])


def _table(machine: TableMachine, state: TableState, marked: bool = True) -> str:
    """Return the question and the table; ">" marks selected rows, "*" printed ones."""
    view = shown(machine, state)
    lines = [[_short(name) for name in view.names]]
    lines += [[_short(cell) for cell in row] for row in view.cells[:_ROWS]]
    marks = _marks(state) if marked else [" "] * len(lines)
    widths = [max(len(line[c]) for line in lines) for c in range(len(view.names))]
    rows = [
        f"{mark} {row} | "
        + " | ".join(f"{cell:>{w}}" for cell, w in zip(line, widths, strict=True))
        for mark, row, line in zip(marks, _row_names(len(lines)), lines, strict=False)
    ]
    hidden = len(view.cells) - _ROWS
    tail = [f"  ... {hidden} more rows"] if hidden > 0 else []
    shown_rows = [row.rstrip() for row in rows]
    return "\n".join([f"question {view.question}", "", *shown_rows, *tail, ""])


def _marks(state: TableState) -> list[str]:
    marks = [" "]
    for selected, printed in zip(state.selected[0], state.printed[0], strict=True):
        marks.append("*" if printed else ">" if selected else " ")
    return marks


def _row_names(count: int) -> list[str]:
    return ["row", *(f"{row:>3}" for row in range(1, count))]


def _short(cell: str) -> str:
    line = " ".join(cell.split())
    return line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..."


def pixels(machine: TableMachine, state: TableState) -> NDArray[np.uint8]:
    """Return question and table, selected rows blue, printed cells green, and what was left.

    At most 20 rows and 12 columns are drawn; the picture's size depends on the machine alone.
    Shape (height, width, 3).
    """
    view = shown(machine, state)
    rows, columns = min(machine.rows, _PICTURE_ROWS), min(machine.columns, _PICTURE_COLUMNS)
    wide = _TEXT_WIDTH if machine.cell_words else _NUMBER_WIDTH
    width = max(columns * wide, _LEAST_WIDTH)
    canvas = px.canvas((rows + 2) * _LINE + 3 * _TEXT_LINE, width)
    for line, part in enumerate(textwrap.wrap(view.question, width // 8)[:2]):
        px.write(canvas, line * _TEXT_LINE, 0, part, width=width)
    for r, row in enumerate([view.names, *view.cells][: rows + 1]):
        for c, text in enumerate(row[:columns]):
            top, left = r * _LINE + 2 * _TEXT_LINE, c * wide
            if r:
                px.box(canvas, top, left, _LINE - 2, wide - 2, _colour(state, r - 1, c))
            ink = px.INK if r else px.SOFT
            px.write(canvas, top + 6, left + 5, text[: wide // 8 - 1], width=wide - 8, colour=ink)
    if state.steps[0]:
        top = (rows + 1) * _LINE + 2 * _TEXT_LINE + 4
        px.write(canvas, top, 0, output_text(machine, state), width=width)
    return canvas


def _colour(state: TableState, row: int, column: int) -> px.Colour:
    if state.printed[0, row] and state.printed_column[0] == column:
        return px.GREEN
    return px.BLUE if state.selected[0, row] else px.GREY
