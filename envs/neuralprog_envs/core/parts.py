"""Small parts that the drawings of all families share: marks, chips, cells, pointers, captions.

Right and wrong differ by their marks, not by their colours alone: a tick, a cross, and an open ring
where the answer may still come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from neuralprog_envs.core.drawing import Align, Box, Drawing, Line, Ring, Shape, Text

Mark = Literal["good", "bad", "open"]
Shapes = tuple[Shape, ...]

WRITTEN = ("write", "just written")
"""The entry of a legend for what the last step wrote."""

WIDTH = 712
"""The width of what a frame shows, in units."""

_LETTER = 0.56
"""The width of a letter on average, in sizes of the font."""

_POINTER, _TAG = 12, 19
"""The heights of a pointer's arrow and of a name below it."""


def wide(text: str, size: float) -> float:
    """Return about how wide a text is, rather too much than too little."""
    return _LETTER * size * len(text)


def mark(kind: Mark, x: float, y: float, size: float = 9) -> Shapes:
    """Return a tick, a cross or a ring around (x, y)."""
    r = size / 2
    if kind == "open":
        return (Ring(x, y, 0.8 * r, None, "soft", 1.4),)
    if kind == "good":
        return (Line(((x - r, y), (x - 0.2 * r, y + 0.8 * r), (x + r, y - 0.8 * r)), "good", 2),)
    r *= 0.85
    one, other = ((x - r, y - r), (x + r, y + r)), ((x - r, y + r), (x + r, y - r))
    return Line(one, "bad", 2), Line(other, "bad", 2)


def judged(right: bool, ended: bool) -> Mark:
    """Return the mark of a part of an answer: while an episode runs nothing is wrong yet."""
    return "good" if right else "bad" if ended else "open"


def chip(word: str, kind: Mark) -> Drawing:
    """Return a word on a coloured ground, with its mark."""
    marked = kind != "open"
    width, left = wide(word, 14) + (40 if marked else 24), 18 if marked else 0
    colour, ground = (kind, f"{kind}-tint") if marked else ("accent", "tint")
    shapes = mark(kind, 17, 13) if marked else ()
    word_at = Text((left + width) / 2, 13, word, 14, colour, "middle")
    return Drawing(width, 26, (Box(0, 0, width, 26, ground, radius=13), *shapes, word_at))


def cell(
    x: float,
    y: float,
    width: float,
    height: float,
    text: str,
    *,
    fill: str | None = "cell",
    line: str | None = None,
    colour: str = "ink",
    size: float = 17,
) -> Shapes:
    """Return a box with a text in its middle."""
    place = x + width / 2, y + height / 2
    middle = Text(*place, text, size, colour, "middle", width - 5, least=0.65)
    return Box(x, y, width, height, fill, line), middle


def caption(x: float, y: float, text: str, align: Align = "left", width: float = 90) -> Text:
    """Return a small label."""
    return Text(x, y, text, 13, "soft", align, width)


def pointers(
    x: float, y: float, names: Sequence[str], width: float, most: int = 3, colour: str = "accent"
) -> Shapes:
    """Return an arrow up to (x, y) and below it the names of what points there.

    A name may be empty. Where there are more names than lines, a line has several; if they do not
    fit, the last line says how many are left out.
    """
    if not names:
        return ()
    shapes: list[Shape] = [Line(((x, y + _POINTER), (x, y)), colour, 1.8, arrow=True)]
    for number, name in enumerate(_lines(names, width, most)):
        middle = y + _POINTER + (number + 0.5) * _TAG
        if not name:
            continue
        wanted = min(width, wide(name, 13) + 10)
        shapes.append(Box(x - wanted / 2, middle - 8.5, wanted, 17, "tint", radius=8))
        shapes.append(Text(x, middle, name, 13, colour, "middle", width - 4))
    return tuple(shapes)


def _lines(names: Sequence[str], width: float, most: int) -> Sequence[str]:
    each = -(-len(names) // most)
    lines = [" ".join(names[i : i + each]) for i in range(0, len(names), each)]
    if each == 1 or all(wide(line, 13) <= width - 4 for line in lines):
        return lines
    return [*names[: most - 1], f"+{len(names) - most + 1}"]


def pointers_height(most: int) -> float:
    """Return the room that so many names below an arrow take."""
    return _POINTER + most * _TAG


def judgements(width: float, ended: bool, *colours: tuple[str, str]) -> Drawing:
    """Return the meanings of the marks, and of colours."""
    open_or_bad = ("bad", "wrong") if ended else ("open", "not right yet")
    made = legend(("good", "right"), open_or_bad, *colours)
    return Drawing(width, made.height, made.shapes)


def legend(*entries: tuple[str, str]) -> Drawing:
    """Return marks, or colours of borders, with their meanings in one line."""
    shapes, x = list[Shape](), 0.0
    for sign, words in entries:
        if sign in ("good", "bad", "open"):
            shapes += mark(sign, x + 6, 8)  # type: ignore[arg-type]
        else:
            shapes.append(Box(x, 2, 13, 12, f"{sign}-tint", sign, radius=3))
        shapes.append(Text(x + 19, 8, words, 13, "soft"))
        x += 36 + wide(words, 13)
    return Drawing(WIDTH, 16, tuple(shapes))
