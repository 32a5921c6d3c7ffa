"""The drawing of a table machine: the question, the table with its marked rows, steps, output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from neuralprog_envs.core.drawing import Align, Box, Drawing, Line, Shape, Text, beside, stacked
from neuralprog_envs.core.parts import WIDTH, caption, wide
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.state import LOOKUP, TableState
from neuralprog_envs.table.tables import Table

_STEPS, _GAP = 214.0, 36.0
"""The width of the steps, and the room between them and the table."""

_TABLE = WIDTH - _STEPS - _GAP
_GUTTER, _ROW = 56.0, 26.0
_ROWS, _COLUMNS = 10, 5
"""Rows and columns that are shown at most."""

_WIDEST = 150.0


def drawing(
    machine: TableMachine, state: TableState, question: str, table: Table, words: Sequence[str]
) -> Drawing:
    """Return the question above; below it the table and, at its right, the steps.

    ``words`` are the steps so far in words, and at last the output.
    """
    asked = Drawing(
        WIDTH,
        48,
        (caption(0, 12, "question"), Text(76, 12, question, 17, width=WIDTH - 76, lines=2)),
    )
    left = _table(machine, state, table)
    return stacked([asked, beside(left, _program(machine, words), _GAP)], 12)


def _program(machine: TableMachine, words: Sequence[str]) -> Drawing:
    """Return the T steps, those to come as empty lines, and the output of the last one."""
    *steps, output = words
    shapes: list[Shape] = [caption(0, 10, "program")]
    for step in range(machine.steps):
        y = 36 + step * 32
        last = step == len(steps) - 1
        fill, line, ink = ("tint", "accent", "accent") if last else ("cell", None, "ink")
        shapes.append(Text(0, y, f"{step + 1}", 13, "soft"))
        shapes.append(Box(18, y - 13, _STEPS - 18, 26, fill, line, 1.2))
        if step < len(steps):
            shapes.append(Text(27, y, steps[step], 14, ink, width=_STEPS - 36))
    y = 36 + machine.steps * 32 + 6
    shapes += [caption(0, y, "output"), Text(0, y + 24, output, 17, "ink", width=_STEPS, lines=2)]
    return Drawing(_STEPS, y + 24 + 40, tuple(shapes))


@dataclass(frozen=True)
class Column:
    """A column as it is drawn: its place in the table, its left side, its width, its alignment."""

    place: int
    x: float
    width: float
    align: Align

    def text(self, text: str, y: float, colour: str) -> Text:
        """Return a text in the column."""
        x = self.x + (self.width - 7 if self.align == "right" else 7)
        return Text(x, y, text, 14, colour, self.align, self.width - 12, least=1)


def _table(machine: TableMachine, state: TableState, table: Table) -> Drawing:
    """Return the names of the columns, rows around the first selected one, what is left out."""
    rows = len(table.cells)
    shown, columns = _shown(state, rows), list(_columns(state, table))
    shapes: list[Shape] = [caption(0, 10, "row")]
    shapes += [column.text(table.names[column.place], 10, "soft") for column in columns]
    left_out = len(table.names) - len(columns)
    if left_out:
        shapes.append(Text(_TABLE - 8, 10, "…", 18, "soft", "middle"))
    for place, r in enumerate(shown):
        shapes += _row(state, table, r, 22 + place * _ROW, columns)
    bottom = 22 + min(machine.rows, _ROWS) * _ROW
    shapes += _left_out(state, shown, rows, left_out, bottom + 14)
    return Drawing(_TABLE, bottom + 44, tuple(shapes))


def _columns(state: TableState, table: Table) -> Iterator[Column]:
    """Yield the first columns, as wide as their texts ask for where there is room."""
    rows, count = len(table.cells), min(len(table.names), _COLUMNS)
    room = _TABLE - _GUTTER - (24 if len(table.names) > count else 0)
    texts = [[table.names[c], *(row[c] for row in table.cells)] for c in range(count)]
    wanted = [min(_WIDEST, max(wide(text, 14) for text in column) + 18) for column in texts]
    stretch, x = min(1.6, room / sum(wanted)), _GUTTER
    for c, width in enumerate(wanted):
        numbers = rows > 0 and bool(state.valid[0, :rows, c].all())
        yield Column(c, x, width * stretch, "right" if numbers else "left")
        x += width * stretch


def _shown(state: TableState, rows: int) -> range:
    marked = (state.selected[0] | state.printed[0])[:rows].nonzero()[0].tolist()
    first = marked[0] if marked else 0
    first = min(max(0, first - 1), max(0, rows - _ROWS))
    return range(first, min(rows, first + _ROWS))


def _row(
    state: TableState, table: Table, r: int, top: float, columns: Sequence[Column]
) -> Iterator[Shape]:
    """Yield a row: selected ones on a tint with an arrow, printed cells with a border."""
    selected, printed = bool(state.selected[0, r]), bool(state.printed[0, r])
    middle, ink = top + _ROW / 2, "ink" if selected or printed else "soft"
    if selected:
        width = columns[-1].x + columns[-1].width - _GUTTER
        yield Box(_GUTTER, top + 1, width, _ROW - 2, "read-tint", radius=4)
    if selected or printed:
        yield Line(((4, middle), (18, middle)), "read" if selected else "good", 2, arrow=True)
    yield Text(46, middle, f"{r + 1}", 13, ink, "right")
    for column in columns:
        if printed and state.output[0] == LOOKUP and state.printed_column[0] == column.place:
            box = column.x + 1, top + 1, column.width - 2, _ROW - 2
            yield Box(*box, "good-tint", "good", radius=4)
        yield column.text(table.cells[r][column.place], middle, ink)


def _left_out(
    state: TableState, shown: range, rows: int, columns: int, y: float
) -> Iterator[Shape]:
    """Yield how many rows and columns are not shown, and how many rows are marked."""
    hidden = rows - len(shown)
    left_out = (hidden, "row"), (columns, "column")
    parts = [f"{n:,} more {name}{'s' * (n > 1)}" for n, name in left_out if n]
    if parts:
        yield Text(_GUTTER, y, f"… {' and '.join(parts)}", 13, "soft")
    count = int(state.selected[0].sum())
    yield Text(
        _GUTTER, y + (20 if parts else 0), f"{count:,} of {rows:,} rows selected", 13, "read"
    )
