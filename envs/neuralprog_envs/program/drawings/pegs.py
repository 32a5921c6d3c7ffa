"""Three pegs with disks, the roles of the pegs below them."""

from __future__ import annotations

from collections.abc import Iterator

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Box, Drawing, Shape, Text
from neuralprog_envs.core.parts import caption, judged, mark
from neuralprog_envs.program.drawings import WIDTH
from neuralprog_envs.program.world import World

_HIGH, _DISK = 150.0, 24.0
"""The height of a peg, and of a disk at most."""

_WIDE = WIDTH / 3
_ROLES = {"S": "source", "A": "auxiliary", "T": "target"}
_READABLE = 15.0
"""A disk of this height has its size written on it."""


def drawing(world: World, moment: Moment) -> Drawing:
    """Return the pegs, and how many disks the running program has to move."""
    pointers = dict(
        zip((p.name for p in world.pointers), moment.state.pointers[0].tolist(), strict=True)
    )
    shapes = list[Shape]()
    for peg in range(len(world.rows)):
        shapes += _peg(moment, peg, (peg + 0.5) * _WIDE)
    shapes += _goal(moment)
    for name, role in _ROLES.items():
        x = (pointers[name] + 0.5) * _WIDE
        fill, ink = ("tint", "accent") if name == "T" else ("cell", "ink")
        shapes.append(Box(x - 56, _HIGH + 20, 112, 24, fill, radius=12))
        shapes.append(Text(x, _HIGH + 32, f"{name}: {role}", 14, ink, "middle"))
    words = f"N = {pointers['N']}: disks to move from S to T"
    shapes.append(caption(0, _HIGH + 66, words, width=WIDTH))
    return Drawing(WIDTH, _HIGH + 76, tuple(shapes))


def _goal(moment: Moment) -> Iterator[Shape]:
    """Yield the name of the peg where all disks belong, and whether they are there."""
    peg = int(moment.instances.given[0, 0])
    x, disks = (peg + 0.5) * _WIDE, int(moment.state.length[0])
    there = (moment.state.pad[0, peg] > 0).sum() == disks
    yield from mark(judged(bool(there), moment.ended), x + 16, 12)
    yield Text(x + 26, 12, "goal", 14, "soft")


def _peg(moment: Moment, peg: int, x: float) -> Iterator[Shape]:
    yield Box(x - 3, 6, 6, _HIGH, "soft", radius=3)
    yield Box(x - _WIDE / 2 + 6, _HIGH + 2, _WIDE - 12, 6, "soft", radius=3)
    sizes = sorted(moment.instances.pad[0].ravel()[moment.instances.pad[0].ravel() > 0].tolist())
    high = min(_DISK, (_HIGH - 12) / max(1, len(sizes)))
    before = None if moment.before is None else moment.before.pad[0, peg].tolist()
    for place, size in enumerate(moment.state.pad[0, peg].tolist()):
        if size:
            wide = 40 + (_WIDE - 62) * (sizes.index(size) + 1) / len(sizes)
            y = _HIGH + 2 - (place + 1) * high
            moved = before is not None and before[place] != size
            colours = ("write-tint", "write") if moved else ("tint", "accent")
            yield Box(x - wide / 2, y + 1, wide, high - 2, *colours, radius=high / 3)
            if high >= _READABLE:
                yield Text(x, y + high / 2, f"{size}", 14, "ink", "middle")
