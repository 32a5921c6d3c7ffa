"""Paints drawings with Pillow, antialiased, at any size.

Pillow and not pygame, which Gymnasium's toy_text uses: one library for frames, PNG and GIF, with a
scalable font of its own, so that frames look the same on every machine. It has no window: "human"
rendering prints text. It is optional, the extra "render": this module alone imports it, and
``core/pillow.py`` loads this module when something is painted.

Everything is painted at three times the size and then made smaller.
"""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, singledispatchmethod
from math import hypot
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from PIL.ImageColor import getrgb

from neuralprog_envs.core.drawing import Box, Drawing, Image, Line, Placed, Ring, Shape, Text

Pixels = NDArray[np.uint8]

_ROLES = (
    "page", "card", "line", "ink", "soft", "cell", "accent", "tint", "read", "read-tint",
    "write", "write-tint", "good", "good-tint", "bad", "bad-tint", "white", "grey", "black",
)  # fmt: skip


def _theme(colours: str) -> Mapping[str, str]:
    names = (f"#{colour}" for colour in colours.split())
    return MappingProxyType(dict(zip(_ROLES, names, strict=True)))


THEMES = MappingProxyType(
    {
        "light": _theme(
            "f6f7f9 ffffff e1e4ea 1c2230 596176 f0f2f6 4a4fd8 e9eafc 165fbd dcebfd "
            "b04a06 ffe9d2 0f6d3d d9f3e3 b32634 fbdfe1 ffffff b4bac6 0d1017"
        ),
        "dark": _theme(
            "11141b 191d27 2b3140 e7eaf2 97a0b5 222835 979cff 272b52 6fb1ff 16304f "
            "ffab5e 48290f 58d392 143825 ff8088 471d22 ffffff b4bac6 0d1017"
        ),
    }
)
"""Colours by theme and name, those of the viewer's pages.

Texts have a contrast of at least 4.5 to what they stand on.
"""

_FINER = 3
"""How many times larger than it is seen everything is painted."""

_CAPITALS = 0.355
"""Half the height of capitals, in sizes of the font."""

_LEADING = 1.35
"""The distance of lines, in sizes of the font."""

_ALIGNED = {"left": "ls", "middle": "ms", "right": "rs"}
_LIKE = str.maketrans({"–": "-", "—": "-", "−": "-", "×": "x", "→": ">", "≤": "<", "\n": " "})


def paint(drawing: Drawing, size: tuple[int, int] | None = None, theme: str = "light") -> Pixels:
    """Return a drawing as pixels, shape (height, width, 3), uint8.

    Args:
        drawing: What is painted; on "page", in the middle.
        size: Width and height in pixels; the drawing fills one of them. None: a pixel a unit.
        theme: A key of ``THEMES``.
    """
    wide, high = size or (round(drawing.width), round(drawing.height))
    scale = min(wide / drawing.width, high / drawing.height)
    x, y = (wide / scale - drawing.width) / 2, (high / scale - drawing.height) / 2
    canvas = Canvas(wide, high, scale, THEMES[theme])
    for left, top, shape in _spread(Placed(x, y, drawing), 0, 0):
        canvas.paint(shape, left, top)
    return canvas.pixels()


def indexed(pixels: Pixels, some: Pixels) -> Pillow.Image:
    """Return pixels as a picture with 256 colours: those of the themes and the usual ones of some.

    ``pixels`` has the shape (height, width, 3), ``some`` has (n, 3).
    """
    codes, counts = np.unique(_coded(some), return_counts=True)
    themes = [_coded(np.array(getrgb(c))) for theme in THEMES.values() for c in theme.values()]
    usual = codes[np.argsort(-counts, kind="stable")].tolist()
    kept = np.array(list(dict.fromkeys([*map(int, themes), *usual]))[:256])
    found, places = np.unique(_coded(pixels), return_inverse=True)
    distances = np.square(_channels(found)[:, None] - _channels(kept)).sum(axis=2)
    nearest = distances.argmin(axis=1).astype(np.uint8)
    picture = Pillow.fromarray(nearest[places].reshape(pixels.shape[:2]))
    picture.putpalette(_channels(kept).ravel().tolist())
    return picture


def _coded(colours: NDArray[Any]) -> NDArray[np.int64]:
    """Return each colour, (…, 3), as one number."""
    return colours.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])


def _channels(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the colours of numbers, (n, 3)."""
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)


def png(pixels: Pixels) -> bytes:
    """Return pixels, shape (height, width, 3), as a PNG file."""
    return _file(Pillow.fromarray(pixels), "PNG", optimize=True)


def png_of_few_colours(pixels: Pixels) -> bytes:
    """Return pixels as a PNG file of a third of the size, with 256 colours."""
    return _file(indexed(pixels, pixels.reshape(-1, 3)), "PNG", optimize=True)


def gif(frames: Iterable[Pixels], some: Pixels, times: list[int]) -> bytes:
    """Return a GIF that repeats for ever.

    Args:
        frames: Pixels, all of one shape.
        some: Some of their pixels, shape (n, 3), see ``indexed``.
        times: How long each frame stays, in milliseconds.
    """
    first, *others = (indexed(frame, some) for frame in frames)
    return _file(first, "GIF", save_all=True, append_images=others, duration=times, loop=0)


def _file(picture: Pillow.Image, form: str, **settings: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, form, **settings)
    return content.getvalue()


def data_url(pixels: Pixels) -> str:
    """Return pixels as a URL that holds them."""
    return f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"


def _spread(placed: Placed, x: float, y: float) -> Iterator[tuple[float, float, Shape]]:
    """Yield the shapes of a drawing and of those within, each with the place of its origin."""
    x, y = x + placed.x, y + placed.y
    for shape in placed.drawing.shapes:
        if isinstance(shape, Placed):
            yield from _spread(shape, x, y)
        else:
            yield x, y, shape


class Canvas:
    """A picture that is being painted.

    Args:
        width: Pixels.
        height: Pixels.
        scale: Pixels of a unit.
        colours: The theme.
    """

    def __init__(self, width: int, height: int, scale: float, colours: Mapping[str, str]) -> None:
        self._colours, self._factor = colours, scale * _FINER
        fine = (width * _FINER, height * _FINER)
        self._picture = Pillow.new("RGB", fine, colours["page"])
        self._draw = ImageDraw.Draw(self._picture)

    def pixels(self) -> Pixels:
        """Return what is painted, shape (height, width, 3)."""
        return np.array(self._picture.reduce(_FINER))

    @singledispatchmethod
    def paint(self, shape: Shape, x: float, y: float) -> None:
        """Paint a shape whose origin is at (x, y)."""
        raise TypeError(f"no shape: {shape!r}")

    @paint.register
    def _(self, box: Box, x: float, y: float) -> None:
        corners = self._corners(x + box.x, y + box.y, box.width, box.height)
        radius = min(box.radius, box.width / 2, box.height / 2) * self._factor
        fill, line = self._colour(box.fill), self._colour(box.line)
        self._draw.rounded_rectangle(corners, radius, fill, line, self._width(box.weight))

    @paint.register
    def _(self, ring: Ring, x: float, y: float) -> None:
        side = 2 * ring.radius
        corners = self._corners(x + ring.x - ring.radius, y + ring.y - ring.radius, side, side)
        fill, line = self._colour(ring.fill), self._colour(ring.line)
        self._draw.ellipse(corners, fill, line, self._width(ring.weight))

    @paint.register
    def _(self, line: Line, x: float, y: float) -> None:
        points = [((x + a) * self._factor, (y + b) * self._factor) for a, b in line.points]
        colour = self._colours[line.colour]
        if line.arrow:
            head, points[-1] = _head(points[-2], points[-1], (4 + 2 * line.weight) * self._factor)
            self._draw.polygon(head, fill=colour)
        self._draw.line(points, colour, self._width(line.weight), joint="curve")

    @paint.register
    def _(self, image: Image, x: float, y: float) -> None:
        left, top, right, bottom = self._corners(x + image.x, y + image.y, image.side, image.side)
        size = (right - left + 1, bottom - top + 1)
        self._picture.paste(Pillow.fromarray(image.pixels).resize(size), (left, top))

    @paint.register
    def _(self, text: Text, x: float, y: float) -> None:
        width = None if text.width is None else text.width * self._factor
        size = text.size * self._factor
        lines, size = _fitted(text.text, size, width, text.lines, text.least)
        place = (x + text.x) * self._factor, (y + text.y) * self._factor + _CAPITALS * size
        for number, line in enumerate(lines):
            at = place[0], round(place[1] + number * _LEADING * size)
            colour, anchor = self._colours[text.colour], _ALIGNED[text.align]
            self._draw.text(at, line, colour, _font(size), anchor)

    def _corners(self, x: float, y: float, width: float, height: float) -> tuple[int, ...]:
        """Return the first and the last pixel of a box, both inside it."""
        left, top, right, bottom = (
            round(edge * self._factor) for edge in (x, y, x + width, y + height)
        )
        return left, top, max(left, right - 1), max(top, bottom - 1)

    def _width(self, weight: float) -> int:
        return max(1, round(weight * self._factor))

    def _colour(self, name: str | None) -> str | None:
        return None if name is None else self._colours[name]


def _head(
    before: tuple[float, float], end: tuple[float, float], length: float
) -> tuple[list[tuple[float, float]], tuple[float, float]]:
    """Return an arrow's head, a triangle that ends at ``end``, and where its line ends."""
    dx, dy = end[0] - before[0], end[1] - before[1]
    far = hypot(dx, dy) or 1.0
    dx, dy = dx / far * length, dy / far * length
    foot = end[0] - dx, end[1] - dy
    sides = [(foot[0] - dy / 2, foot[1] + dx / 2), (foot[0] + dy / 2, foot[1] - dx / 2)]
    return [end, *sides], (end[0] - 0.8 * dx, end[1] - 0.8 * dy)


@lru_cache(maxsize=1024)
def _fitted(
    text: str, size: float, width: float | None, lines: int, least: float
) -> tuple[list[str], int]:
    """Return the lines of a text that has so much room, and the size of its font."""
    text, largest = _written(text), max(1, round(size))
    if width is None:
        return [text], largest
    smallest = max(1, round(size * least))
    for tried in range(largest, smallest - 1, -1):
        broken = _broken(text, tried, width)
        if len(broken) <= lines and all(_length(line, tried) <= width for line in broken):
            return broken, tried
    kept = [*broken[: lines - 1], " ".join(broken[lines - 1 :])]
    return [_cut(line, smallest, width) for line in kept], smallest


def _broken(text: str, size: int, width: float) -> list[str]:
    """Return a text in lines that fit a width, broken between words."""
    first, *words = text.split(" ")
    lines = [first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if _length(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(text: str, size: int, width: float) -> str:
    """Return a text's beginning that fits a width, with "…" if something is cut."""
    if _length(text, size) <= width:
        return text
    while text and _length(f"{text.rstrip()}…", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _length(text: str, size: int) -> float:
    return _font(size).getlength(text)


def _written(text: str) -> str:
    """Return a text in letters that the font has: without accents, dashes as hyphens."""
    text = text.translate(_LIKE)
    return text if text.isascii() else "".join(map(_letter, text))


@lru_cache(maxsize=4096)
def _letter(character: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if _has(c))
    return plain or character


def _has(character: str) -> bool:
    """Return whether the font has a glyph; what it has not gets an empty box."""
    font = _font(16)
    return bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
