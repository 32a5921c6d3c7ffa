"""A scratch pad as rows of cells with pointers below them: for tasks that have no picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Drawing, Shape, Text, stacked
from neuralprog_envs.core.parts import caption, cell, pointers, pointers_height, wide
from neuralprog_envs.program.drawings import WIDTH
from neuralprog_envs.program.world import Pointer, World

_GUTTER, _WIDEST, _NARROWEST, _CELL = 78.0, 48.0, 30.0, 34.0
_NAMES = 3
"""Pointers that are named below a cell."""


def drawing(world: World, moment: Moment) -> Drawing:
    """Return all rows, and the variables."""
    rows = [row_of(world, moment, row) for row in range(len(world.rows))]
    variables = [p for p in world.pointers if p.row is None]
    return stacked([*rows, *([variables_of(world, moment)] if variables else [])], 6)


def row_of(world: World, moment: Moment, row: int, columns: int | None = None) -> Drawing:
    """Return a row's name, its cells around the pointers, and the pointers into it."""
    columns = world.columns if columns is None else columns
    values = moment.state.pad[0, row].tolist()
    named = pointing(world, moment, row)
    most = min(_NAMES, sum(pointer.row == row for pointer in world.pointers))
    shapes: list[Shape] = [caption(0, _CELL / 2, world.rows[row], width=_GUTTER - 16)]
    for i, x, width in places(columns, min(named, default=0)):
        changed = has_changed(moment, row, i)
        fill, line = ("write-tint", "write") if changed else ("cell", None)
        text = world.symbols.get(values[i], f"{values[i]}").replace(".", " ")
        shapes += cell(x + 1.5, 0, width - 3, _CELL, text, fill=fill, line=line)
        room = width + (0 if {i - 1, i + 1} & set(named) else 24)
        names = [_name(pointer, room) for pointer in named.get(i, ())]
        shapes += pointers(x + width / 2, _CELL + 3, names, room, most)
    shapes += cut(columns, min(named, default=0), _CELL / 2)
    height = _CELL + 3 + pointers_height(most) if most else _CELL
    return Drawing(WIDTH, height, tuple(shapes))


def variables_of(world: World, moment: Moment) -> Drawing:
    """Return the variables with their values, in a line."""
    values = zip(world.pointers, moment.state.pointers[0].tolist(), strict=True)
    words = ",  ".join(f"{p.name} = {value}" for p, value in values if p.row is None)
    return Drawing(WIDTH, 20, (Text(0, 10, words, 14, "soft", width=WIDTH),))


def pointing(world: World, moment: Moment, row: int) -> Mapping[int, Sequence[Pointer]]:
    """Return the pointers into a row, by column."""
    found: dict[int, list[Pointer]] = {}
    for pointer, column in zip(world.pointers, moment.state.pointers[0].tolist(), strict=True):
        if pointer.row == row and 0 <= column < world.columns:
            found.setdefault(column, []).append(pointer)
    return found


def _name(pointer: Pointer, room: float) -> str:
    """Return what stands below a pointer: its name, or its mark where there is no room."""
    if pointer.mark == "^":
        return ""
    name = pointer.name.lower()
    return name if wide(name, 13) + 10 <= room else pointer.mark


def places(columns: int, at: int) -> Iterator[tuple[int, float, float]]:
    """Yield the columns that are shown, those around one of them, each with its x and width."""
    shown = _shown(columns, at)
    wide = min(_WIDEST, (WIDTH - _GUTTER - 2 * _margin(columns)) / len(shown))
    first = _GUTTER + (_margin(columns) if shown.start else 0)
    for place, i in enumerate(shown):
        yield i, first + place * wide, wide


def cut(columns: int, at: int, y: float) -> Iterator[Shape]:
    """Yield "…" where columns are left out, at the height y."""
    *_, (last, x, wide) = places(columns, at)
    if _shown(columns, at).start:
        yield Text(_GUTTER + _margin(columns) / 2, y, "…", 18, "soft", "middle")
    if last < columns - 1:
        yield Text(x + wide + _margin(columns) / 2, y, "…", 18, "soft", "middle")


def has_changed(moment: Moment, row: int, column: int) -> bool:
    """Return whether the last step wrote another value into a cell."""
    before, after = moment.before, moment.state
    return before is not None and bool(before.pad[0, row, column] != after.pad[0, row, column])


def _most(margin: float = 0) -> int:
    return int((WIDTH - _GUTTER - 2 * margin) // _NARROWEST)


def _margin(columns: int) -> float:
    return 0.0 if columns <= _most() else 18.0


def _shown(columns: int, at: int) -> range:
    most = min(columns, _most(_margin(columns)))
    first = min(max(0, at - most // 2), columns - most)
    return range(first, first + most)
