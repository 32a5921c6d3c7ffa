"""A graph on a circle, its vertices coloured by a search, with its stack and its result.

The pad has the rows COLOR, STACK, RESULT and CHILD (how many of its edges a vertex has followed),
of a cell for each vertex; what is given are each vertex's children.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, hypot, pi, sin

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Drawing, Line, Point, Ring, Shape, Text, stacked
from neuralprog_envs.core.parts import caption, cell, pointers
from neuralprog_envs.program.drawings import WIDTH
from neuralprog_envs.program.world import World

_HIGH, _MIDDLE, _RADIUS, _VERTEX = 272.0, 200.0, 98.0, 16.0
_MOST = 14
"""Vertices that are drawn at most."""

_CELL, _CELLS = 34.0, 10
_COLOURS = (("white", "black"), ("grey", "black"), ("black", "white"))
"""A vertex that is white, grey or black, and its ink."""

_LATER = ("soft", "line")
"""The colours of an edge that is to be followed, and of one that was."""

_MEANINGS = ("white: not reached", "grey: on the path", "black: finished")


def drawing(world: World, moment: Moment) -> Drawing:
    """Return the graph, the meaning of its colours, the stack and the result."""
    rows = (_row(world, moment, name) for name in ("STACK", "RESULT"))
    return stacked([_graph(world, moment), _meanings(), *rows], 8)


def _graph(world: World, moment: Moment) -> Drawing:
    count = int(moment.state.length[0])
    shown = min(count, _MOST)
    at = [_place(v, shown) for v in range(shown)]
    shapes = [
        _edge(at[one], at[other], colour)
        for one, other, colour in _edges(world, moment)
        if max(one, other) < shown
    ]
    colours = moment.state.pad[0, world.rows.index("COLOR")].tolist()
    pointed = _pointed(world, moment)
    for v, (x, y) in enumerate(at):
        shapes += _vertex(v, x, y, colours[v], pointed.get(v, []))
    if shown < count:
        shapes.append(caption(0, _HIGH - 8, f"… {count - shown} more vertices", width=200))
    return Drawing(WIDTH, _HIGH, tuple(shapes))


def _place(v: int, count: int) -> Point:
    angle = 2 * pi * v / max(1, count) - pi / 2
    return _MIDDLE + _RADIUS * cos(angle), _HIGH / 2 + _RADIUS * sin(angle)


def _edges(world: World, moment: Moment) -> Iterator[tuple[int, int, str]]:
    """Yield the ends of each edge, and its colour by whether it was followed or is the next."""
    given, count = moment.state.given[0], int(moment.state.length[0])
    n = round(len(given) ** 0.5)
    followed = moment.state.pad[0, world.rows.index("CHILD")].tolist()
    names = [pointer.name for pointer in world.pointers]
    active = int(moment.state.pointers[0, names.index("ACTIVE")])
    for one, children in enumerate(given.reshape(n, n)[:count].tolist()):
        for place, other in enumerate(child for child in children if child >= 0):
            is_next = one == active and place == followed[one]
            yield one, other, "accent" if is_next else _LATER[place < followed[one]]


def _edge(one: Point, other: Point, colour: str) -> Shape:
    dx, dy = other[0] - one[0], other[1] - one[1]
    far = hypot(dx, dy)
    dx, dy = dx / far * (_VERTEX + 2), dy / far * (_VERTEX + 2)
    ends = (one[0] + dx, one[1] + dy), (other[0] - dx, other[1] - dy)
    return Line(ends, colour, 2.4 if colour == "accent" else 1.6, arrow=True)


def _pointed(world: World, moment: Moment) -> dict[int, list[str]]:
    """Return the names of the pointers at each vertex."""
    pointed: dict[int, list[str]] = {}
    row = world.rows.index("COLOR")
    for pointer, v in zip(world.pointers, moment.state.pointers[0].tolist(), strict=True):
        if pointer.row == row:
            pointed.setdefault(v, []).append(pointer.name.lower())
    return pointed


def _vertex(v: int, x: float, y: float, colour: int, names: list[str]) -> Iterator[Shape]:
    fill, ink = _COLOURS[colour] if colour < len(_COLOURS) else _COLOURS[0]
    if "active" in names:
        yield Ring(x, y, _VERTEX + 5, None, "accent", 2.5)
    yield Ring(x, y, _VERTEX, fill, "soft", 2)
    yield Text(x, y, f"{v + 1}", 15, ink, "middle")
    if names:
        yield _label(", ".join(names), x, y)


def _label(words: str, x: float, y: float) -> Text:
    """Return the names of pointers at a vertex, on its outer side."""
    if abs(x - _MIDDLE) < _RADIUS / 2:
        outside = _VERTEX + 14 if y > _HIGH / 2 else -_VERTEX - 14
        return Text(x, y + outside, words, 13, "accent", "middle")
    if x > _MIDDLE:
        return Text(x + _VERTEX + 9, y, words, 13, "accent")
    return Text(x - _VERTEX - 9, y, words, 13, "accent", "right")


def _meanings() -> Drawing:
    shapes, column = list[Shape](), WIDTH / len(_MEANINGS)
    for place, (words, (fill, _)) in enumerate(zip(_MEANINGS, _COLOURS, strict=True)):
        shapes.append(Ring(place * column + 8, 9, 7, fill, "soft", 1.6))
        shapes.append(Text(place * column + 22, 9, words, 13, "soft"))
    return Drawing(WIDTH, 26, tuple(shapes))


def _row(world: World, moment: Moment, name: str) -> Drawing:
    """Return the vertices in a row, numbered from 1, and an arrow to its first free place."""
    values = moment.state.pad[0, world.rows.index(name)].tolist()
    names = [pointer.name for pointer in world.pointers]
    top = int(moment.state.pointers[0, names.index(name)])
    first = max(0, top - _CELLS + 2)
    shapes: list[Shape] = [caption(0, _CELL / 2, name)]
    if first:
        shapes.append(Text(68, _CELL / 2, "…", 18, "soft", "middle"))
    for place, v in enumerate(values[first : first + _CELLS]):
        x = 78 + place * (_CELL + 3)
        shapes += cell(x, 0, _CELL, _CELL, f"{v + 1}" if v >= 0 else "")
        if place + first == top:
            shapes += pointers(x + _CELL / 2, _CELL + 3, [""], _CELL)
    words = _note(name, values, int(moment.state.pointers[0, names.index("SAVE")]))
    shapes.append(Text(78, _CELL + 26, words, 13, "soft", width=WIDTH - 78))
    return Drawing(WIDTH, _CELL + 34, tuple(shapes))


def _note(name: str, values: list[int], saved: int) -> str:
    """Return what stands below a row."""
    if name == "STACK":
        return f"SAVE: {saved + 1}"
    order = " ".join(str(v + 1) for v in reversed(values) if v >= 0)
    return f"the order, read backwards: {order or 'empty'}"
