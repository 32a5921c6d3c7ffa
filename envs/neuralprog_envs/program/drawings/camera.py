"""What a camera sees, beside what it shall see."""

from __future__ import annotations

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Box, Drawing, Image, Line, Shape, Text, stacked
from neuralprog_envs.core.parts import caption, judged, judgements, mark
from neuralprog_envs.program.drawings import WIDTH
from neuralprog_envs.program.world import World

_SIDE, _DEGREES = 186.0, 15
"""The side of a picture; degrees of a step of the camera."""


def drawing(world: World, moment: Moment) -> Drawing:
    """Return two pictures with their azimuths and elevations."""
    azimuth, elevation, car = moment.state.pointers[0].tolist()
    target = moment.state.pad[0, :, 0].tolist()
    right = WIDTH - _SIDE
    arrow = Line(
        ((_SIDE + 16, _SIDE / 2 + 24), (right - 16, _SIDE / 2 + 24)), "soft", 3, arrow=True
    )
    shapes = [*_picture(world, 0, "the camera sees", (car, azimuth, elevation)), arrow]
    shapes += _picture(world, right, "target", (car, *target))
    for place, (now, wanted) in enumerate(zip((azimuth, elevation), target, strict=True)):
        shapes += mark(judged(now == wanted, moment.ended), _SIDE + 24, _SIDE + 46 + 20 * place)
    pictures = Drawing(WIDTH, _SIDE + 76, tuple(shapes))
    return stacked([pictures, judgements(WIDTH, moment.ended)], 8)


def _picture(world: World, x: float, words: str, pose: tuple[int, int, int]) -> list[Shape]:
    assert world.picture is not None
    _, azimuth, elevation = pose
    return [
        caption(x, 10, words, width=_SIDE),
        Box(x - 1, 23, _SIDE + 2, _SIDE + 2, "line", radius=2),
        Image(x, 24, _SIDE, world.picture(*pose)),
        Text(x, _SIDE + 46, f"azimuth {_degrees(azimuth)}", 14),
        Text(x, _SIDE + 66, f"elevation {_degrees(elevation)}", 14),
    ]


def _degrees(steps: int) -> str:
    degrees = steps * _DEGREES
    return f"{degrees - 360 if degrees > 180 else degrees} degrees"
