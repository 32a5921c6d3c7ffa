"""An array as bars, with pointers as arrows below; other rows of the pad are rows of cells."""

from __future__ import annotations

from collections.abc import Iterator

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Box, Drawing, Shape, stacked
from neuralprog_envs.core.parts import WRITTEN, caption, judged, judgements, mark
from neuralprog_envs.program.drawings import WIDTH, pad
from neuralprog_envs.program.world import World

_HIGH = 96.0
"""The height of the longest bar, and of the marks above it."""

_MARKS = 20.0


def drawing(world: World, moment: Moment) -> Drawing:
    """Return the array, row 0, below its bars, and the other rows."""
    array = pad.row_of(world, moment, 0, _columns(world, moment))
    others = [pad.row_of(world, moment, row) for row in range(1, len(world.rows))]
    legend = [judgements(WIDTH, moment.ended, WRITTEN)] if _goal(moment) else []
    return stacked([_bars(world, moment), array, *others, *legend], 6)


def _bars(world: World, moment: Moment) -> Drawing:
    values = moment.state.pad[0, 0].tolist()
    items = [v for v in values if v not in world.symbols]
    low, high = min([*items, 0]), max([*items, 1])
    at = min(pad.pointing(world, moment, 0), default=0)
    shapes: list[Shape] = [caption(0, 10, "in place" if _goal(moment) else "")]
    for i, x, wide in pad.places(_columns(world, moment), at):
        if values[i] in world.symbols:
            continue
        height = max(2.0, _HIGH * (values[i] - low) / (high - low))
        changed = pad.has_changed(moment, 0, i)
        fill, line = ("write-tint", "write") if changed else ("tint", "accent")
        top = _MARKS + _HIGH - height
        shapes.append(Box(x + 5, top, wide - 10, height, fill, line, radius=3))
        shapes += _judged(moment, i, values[i], x + wide / 2)
    return Drawing(WIDTH, _MARKS + _HIGH, tuple(shapes))


def _columns(world: World, moment: Moment) -> int:
    """Return the columns of the array, and one more: pointers may be past its end."""
    return min(world.columns, int(moment.state.length[0]) + 1)


def _goal(moment: Moment) -> list[int]:
    """Return the item that belongs in each cell; nothing where the task asks for less."""
    answer, scored = moment.instances.answer[0], moment.instances.mask[0]
    n = int(moment.state.length[0])
    return answer[:n].tolist() if scored.sum() == n and len(answer) >= n > 1 else []


def _judged(moment: Moment, i: int, value: int, x: float) -> Iterator[Shape]:
    goal = _goal(moment)
    if i < len(goal):
        yield from mark(judged(value == goal[i], moment.ended), x, 10)
