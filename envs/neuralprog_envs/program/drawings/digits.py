"""Digits in columns, as addition is written by hand: carries, two numbers, a line, the sum."""

from __future__ import annotations

from collections.abc import Iterator

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Drawing, Line, Shape, Text, stacked
from neuralprog_envs.core.parts import (
    WRITTEN,
    caption,
    cell,
    judged,
    judgements,
    mark,
    pointers,
    pointers_height,
)
from neuralprog_envs.program.drawings import WIDTH, pad
from neuralprog_envs.program.world import World

_CELL, _GAP = 38.0, 6.0
_ORDER = ("CARRY", "INP1", "INP2", "OUT")
"""The rows of the pad from top to bottom."""

_LINE = 14.0
"""Room for the line above the sum."""


def drawing(world: World, moment: Moment) -> Drawing:
    """Return the rows below each other, the cells at the pointers with a border."""
    shapes = list[Shape]()
    for place, name in enumerate(_ORDER):
        top = place * (_CELL + _GAP) + (_LINE if name == "OUT" else 0)
        shapes.append(caption(0, top + _CELL / 2, name))
        shapes += _row(world, moment, world.rows.index(name), top)
    plus, line = 2 * (_CELL + _GAP), 3 * (_CELL + _GAP) + _LINE / 2 - _GAP / 2
    shapes.append(Text(62, plus + _CELL / 2, "+", 22, "ink", "middle"))
    shapes.append(Line(((56, line), (_right(world, moment), line)), "ink", 2))
    height = 4 * (_CELL + _GAP) + _LINE + pointers_height(1)
    return stacked(
        [Drawing(WIDTH, height, tuple(shapes)), judgements(WIDTH, moment.ended, WRITTEN)], 8
    )


def _row(world: World, moment: Moment, row: int, top: float) -> Iterator[Shape]:
    state = moment.state
    values, pointer = state.pad[0, row].tolist(), int(state.pointers[0, row])
    for i, x, wide in pad.places(world.columns, _at(world, moment)):
        fill, line = ("tint", "accent") if i == pointer else ("cell", None)
        if pad.has_changed(moment, row, i):
            fill, line = "write-tint", "write"
        text = "" if values[i] in world.symbols else f"{values[i]}"
        size = 16 if world.rows[row] == "CARRY" else 21
        yield from cell(x + 2, top, wide - 4, _CELL, text, fill=fill, line=line, size=size)
        if world.rows[row] == "OUT":
            if text:
                right = values[i] == int(moment.instances.answer[0, i])
                yield from mark(judged(right, moment.ended), x + wide - 9, top + 8, 7)
            if i == pointer:
                yield from pointers(x + wide / 2, top + _CELL + 4, ["column"], 80)
    yield from pad.cut(world.columns, _at(world, moment), top + _CELL / 2)


def _at(world: World, moment: Moment) -> int:
    return int(moment.state.pointers[0, world.rows.index("OUT")])


def _right(world: World, moment: Moment) -> float:
    *_, (_, x, wide) = pad.places(world.columns, _at(world, moment))
    return x + wide
