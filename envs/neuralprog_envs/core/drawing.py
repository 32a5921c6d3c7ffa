"""Drawings as plain data: shapes with places in units, and colours by what they mean.

A display composes drawings without a drawing library; ``core/canvas.py`` paints them. A unit is a
pixel of a frame of natural size. x grows to the right, y downwards. A colour is a name of
``canvas.THEMES``, such as "ink" or "good".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Align = Literal["left", "middle", "right"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle with round corners.

    Attributes:
        x: The left side.
        y: The upper side.
        width: Its width.
        height: Its height.
        fill: The colour inside; None leaves what is there.
        line: The colour of its border; None: none.
        weight: The width of its border, inside the box.
        radius: The radius of its corners.
    """

    x: float
    y: float
    width: float
    height: float
    fill: str | None = "cell"
    line: str | None = None
    weight: float = 1.5
    radius: float = 5


@dataclass(frozen=True)
class Ring:
    """A circle around (x, y), filled or not; see ``Box``."""

    x: float
    y: float
    radius: float
    fill: str | None = "cell"
    line: str | None = None
    weight: float = 1.5


@dataclass(frozen=True)
class Line:
    """A line through points; with ``arrow`` the last one has a head."""

    points: tuple[Point, ...]
    colour: str = "soft"
    weight: float = 1.5
    arrow: bool = False


@dataclass(frozen=True)
class Text:
    """A text whose middle line is at y.

    Attributes:
        x: Its left end, its middle or its right end, by ``align``.
        y: The middle of its capitals and digits; of its first line if it has more.
        text: What it says.
        size: The size of its font.
        colour: Its colour.
        align: Where x is.
        width: A longer text is broken or cut; what is cut ends with "…". None: there is room for
            all of it.
        lines: Lines that it may take.
        least: How small it becomes, in parts of its size, before it is cut.
    """

    x: float
    y: float
    text: str
    size: float = 14
    colour: str = "ink"
    align: Align = "left"
    width: float | None = None
    lines: int = 1
    least: float = 0.8


@dataclass(frozen=True)
class Image:
    """Pixels, shape (height, width, 3), uint8, stretched over a square with a side of ``side``."""

    x: float
    y: float
    side: float
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Placed:
    """A drawing within another, at (x, y)."""

    x: float
    y: float
    drawing: Drawing


Shape = Box | Ring | Line | Text | Image | Placed


@dataclass(frozen=True)
class Drawing:
    """Shapes in the order in which they are painted."""

    width: float
    height: float
    shapes: tuple[Shape, ...]


def stacked(drawings: Iterable[Drawing], gap: float = 0) -> Drawing:
    """Return drawings below each other."""
    placed, top, width = list[Shape](), 0.0, 0.0
    for drawing in drawings:
        placed.append(Placed(0, top, drawing))
        top, width = top + drawing.height + gap, max(width, drawing.width)
    return Drawing(width, top - gap, tuple(placed))


def beside(left: Drawing, right: Drawing, gap: float) -> Drawing:
    """Return two drawings next to each other, with a line between them."""
    x, height = left.width + gap, max(left.height, right.height)
    line = Line(((x - gap / 2, 0), (x - gap / 2, height)), "line", 1)
    return Drawing(x + right.width, height, (Placed(0, 0, left), line, Placed(x, 0, right)))
