"""Pictures of procedural cars, drawn by a small software renderer.

A car's number decides its family (saloon, hatchback, van, pickup, coupe), its dimensions and its
colour. The picture is orthographic, flat shaded, with a depth buffer, in NumPy alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws, as_words, mix

SIZE = 128
"""Pixels of a side of a picture."""

STEP = 15
"""Degrees of one step of the camera."""

CARS = 1000
"""Cars have the numbers 0 to CARS - 1."""

Points = NDArray[np.float64]
Picture = NDArray[np.uint8]

_GLASS, _TYRE, _HUB = (45, 55, 70), (25, 25, 28), (150, 152, 158)
_FRONT, _REAR = (250, 240, 170), (190, 25, 25)
_LIGHT = np.array([0.36, 0.48, 0.8])
_MIDDLE = np.array([0.0, 0.0, 0.35])
_SCALE = 0.42 * SIZE
_FAMILIES = np.array(
    [
        # length, height of the cabin, its bottom's rear and front, rake at the rear, at the front
        [2.00, 0.34, -0.62, 0.45, 0.22, 0.30],
        [1.75, 0.37, -0.84, 0.42, 0.16, 0.30],
        [1.95, 0.50, -0.95, 0.62, 0.06, 0.22],
        [2.10, 0.38, -0.22, 0.46, 0.06, 0.26],
        [1.90, 0.28, -0.66, 0.34, 0.42, 0.36],
    ]
)


@dataclass(frozen=True)
class Face:
    """A flat convex polygon: corners (n, 3), counter-clockwise from outside, and a colour."""

    corners: Points
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Body:
    """A car: F faces with their corners, outward normals (F, 3) and colours in the light (F, 3)."""

    corners: tuple[Points, ...]
    normals: Points
    colours: Picture


@lru_cache(maxsize=4096)
def picture(car: int, azimuth: int, elevation: int) -> Picture:
    """Return the picture of a car, by its number, shape (SIZE, SIZE, 3), read-only.

    The camera's azimuth and elevation are in steps of 15 degrees: azimuth 0 is in front,
    elevation 0 is at the height of the car.
    """
    turn, tilt = np.radians(azimuth * STEP), np.radians(elevation * STEP)
    towards = np.array([np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)])
    sideways = np.array([-np.sin(turn), np.cos(turn), 0.0])
    camera = np.stack([sideways, np.cross(towards, sideways), towards], axis=1)
    shown = np.full((SIZE, SIZE, 3), 235, dtype=np.uint8)
    nearest = np.full((SIZE, SIZE), -np.inf)
    car_body = body(car)
    seen = car_body.normals @ camera
    for number in np.flatnonzero(seen[:, 2] > 1e-6):
        points = (car_body.corners[number] - _MIDDLE) @ camera
        _draw(shown, nearest, points, seen[number], car_body.colours[number])
    shown.setflags(write=False)
    return shown


def _draw(shown: Picture, nearest: Points, points: Points, normal: Points, colour: Picture) -> None:
    """Draw a face, given from the camera, where it is nearer than what was drawn, in place."""
    columns, rows = SIZE / 2 + _SCALE * points[:, 0], SIZE / 2 - _SCALE * points[:, 1]
    left, right = max(0, int(columns.min())), min(SIZE, int(columns.max()) + 2)
    top, bottom = max(0, int(rows.min())), min(SIZE, int(rows.max()) + 2)
    area = slice(top, bottom), slice(left, right)
    y = (np.arange(top, bottom) + 0.5)[:, None]
    x = np.arange(left, right) + 0.5
    dx, dy = columns - np.roll(columns, 1), rows - np.roll(rows, 1)
    offset = dx * np.roll(rows, 1) - dy * np.roll(columns, 1)
    side = dx[:, None, None] * y - dy[:, None, None] * x - offset[:, None, None]
    depth = points[0, 2] - (
        normal[0] * (x - columns[0]) + normal[1] * (rows[0] - y)
    ) / (normal[2] * _SCALE)  # fmt: skip
    inside = (side.max(axis=0) <= 0) & (depth > nearest[area])
    nearest[area][inside] = depth[inside]
    shown[area][inside] = colour


@lru_cache(maxsize=CARS)
def body(car: int) -> Body:
    """Return a car; its front is at x > 0, the ground is at z = 0."""
    faces = list(_faces(car))
    normals = np.array([np.cross(c[1] - c[0], c[2] - c[1]) for c in (f.corners for f in faces)])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    brightness = 0.55 + 0.45 * np.maximum(0.0, normals @ _LIGHT)
    colours = np.array([face.colour for face in faces]) * brightness[:, None]
    return Body(tuple(face.corners for face in faces), normals, colours.astype(np.uint8))


def _faces(car: int) -> Iterator[Face]:
    draws = Draws(mix(as_words([car])))
    family = int(draws.integer(0, len(_FAMILIES))[0])
    vary = 1 + draws.integers(-100, 101, 8)[0] / 1000
    colour = tuple(int(c) for c in draws.integers(40, 246, 3)[0])
    length, cabin, rear, front, rake, slope = _FAMILIES[family] * vary[:6]
    width, waist = 0.80 * vary[6], 0.44 * vary[7]
    paint = (colour[0], colour[1], colour[2])
    back = max(rear, -length / 2)
    ends, roof = length / 2, (back + rake, front - slope)
    yield from _block((-ends, ends), (-ends, ends), (width, width), (0.13, waist), paint)
    glass = (width * 0.96, width * 0.78)
    yield from _block((back, front), roof, glass, (waist, waist + cabin), _GLASS)
    top = waist + cabin
    yield from _block(roof, roof, (width * 0.78,) * 2, (top, top + 0.03), paint)
    yield from _lamps(ends, width, waist)
    for x in (-0.31 * length, 0.31 * length):
        yield from _wheels(x, width / 2, 0.19 * vary[7])


def _block(
    bottom_ends: tuple[float, float],
    top_ends: tuple[float, float],
    widths: tuple[float, float],
    heights: tuple[float, float],
    colour: tuple[int, int, int],
) -> Iterator[Face]:
    """Yield the faces of a block; its bottom and its top have ends, a width and a height each."""
    bottom, top = (
        [(x0, -w / 2, z), (x1, -w / 2, z), (x1, w / 2, z), (x0, w / 2, z)]
        for (x0, x1), w, z in zip((bottom_ends, top_ends), widths, heights, strict=True)
    )
    yield Face(np.array(top), colour)
    for i in range(4):
        j = (i + 1) % 4
        yield Face(np.array([bottom[i], bottom[j], top[j], top[i]]), colour)


def _lamps(end: float, width: float, waist: float) -> Iterator[Face]:
    """Yield two lamps at the front and two at the rear."""
    low, high = waist - 0.16, waist - 0.06
    for y0, y1 in ((-0.46 * width, -0.24 * width), (0.24 * width, 0.46 * width)):
        x = end + 0.01
        front = [(x, y0, low), (x, y1, low), (x, y1, high), (x, y0, high)]
        rear = [(-x, y1, low), (-x, y0, low), (-x, y0, high), (-x, y1, high)]
        yield Face(np.array(front), _FRONT)
        yield Face(np.array(rear), _REAR)


def _wheels(x: float, side: float, radius: float) -> Iterator[Face]:
    """Yield the two wheels of an axle, each a disk with a hub."""
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    for sign in (-1, 1):
        for size, out, colour in ((1.0, 0.015, _TYRE), (0.5, 0.02, _HUB)):
            turned = -sign * angles
            disk = np.stack(
                [
                    x + size * radius * np.cos(turned),
                    np.full(14, sign * (side + out)),
                    radius + size * radius * np.sin(turned),
                ],
                axis=1,
            )
            yield Face(disk, colour)
