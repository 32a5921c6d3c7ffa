"""The drawing of a tape machine: the tape with its parts, its goal and its pointers; registers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Box, Drawing, Line, Placed, Shape, Text, stacked
from neuralprog_envs.core.parts import (
    WIDTH,
    WRITTEN,
    caption,
    cell,
    judged,
    judgements,
    mark,
    pointers,
    pointers_height,
)
from neuralprog_envs.tape.links import linked_list, tree
from neuralprog_envs.tape.look import Look

_GUTTER = 76.0
"""Room for the names of the rows, at the left."""

_COLUMNS, _LINES = 20, 3
"""Cells in a line, and lines, at most."""

_BARS, _CELL = 84.0, 38.0
"""The heights of the longest bar and of a cell."""

_NAMES = 3
"""Registers that are named below a cell."""

_REGISTERS, _BOX = 10, 58.0
"""Registers in a line at most, and the width of one."""


@dataclass(frozen=True)
class View:
    """What a frame shows of one machine, as Python numbers.

    Attributes:
        tape: M values.
        registers: R values.
        goal: What the scored cells must hold.
        parts: Names of ranges of cells.
        barred: Cells below bars.
        read: Cells that the last step read.
        written: Cells that it wrote.
        changed: Registers that it wrote.
        ended: Whether the episode is over.
    """

    tape: list[int]
    registers: list[int]
    goal: dict[int, int]
    parts: list[tuple[str, range]]
    barred: frozenset[int]
    read: frozenset[int]
    written: frozenset[int]
    changed: frozenset[int]
    ended: bool


def drawing(look: Look, moment: Moment, notes: dict[str, Any], changed: Iterable[int]) -> Drawing:
    """Return what the look asks for, the tape, the registers, and what the marks mean.

    ``notes`` are those of the last step, see ``TapeDisplay.notes``; empty before the first.
    ``changed`` are the registers that it wrote.
    """
    view = _view(look, moment, notes, changed)
    rows = [*_diagram(look, view, moment), *_tape(look, view), _registers(view), _legend(view)]
    return stacked(rows, 18)


def _view(look: Look, moment: Moment, notes: dict[str, Any], changed: Iterable[int]) -> View:
    state, posed = moment.state, moment.instances
    scored = posed.mask[0].nonzero()[0].tolist()
    given, n = posed.tape[0].tolist(), int(posed.length[0])
    return View(
        tape=state.tape[0].tolist(),
        registers=state.registers[0].tolist(),
        goal={i: int(posed.answer[0, i]) for i in scored},
        parts=list(_named(look, given, n, scored)),
        barred=frozenset(look.barred(given, n) | set(scored if look.bars else ())),
        read=frozenset(notes.get("reads", ())),
        written=frozenset(notes.get("writes", ())),
        changed=frozenset(changed),
        ended=moment.ended,
    )


def _named(look: Look, tape: list[int], n: int, scored: list[int]) -> Iterator[tuple[str, range]]:
    """Yield the parts of the input; then the output, if it is one piece and apart from them."""
    parts = list(look.named(tape, n))
    yield from parts
    output = range(scored[0], scored[-1] + 1)
    if len(output) == len(scored) and not any(set(cells) & set(output) for _, cells in parts):
        yield "output", output


def _diagram(look: Look, view: View, moment: Moment) -> Iterator[Drawing]:
    used = view.read | view.written
    if look.links == "list":
        yield linked_list(view.tape, used)
    elif look.links == "tree":
        M = len(view.tape)
        path = view.tape[2 : view.tape.index(0, 2)] if 0 in view.tape[2:] else []
        yield tree(view.tape, (M - 2) // 4, path, used)


def _tape(look: Look, view: View) -> Iterator[Drawing]:
    """Yield the lines of the tape; of a long tape those that the last step used, or the first."""
    M = len(view.tape)
    lines = -(-M // _COLUMNS)
    if lines <= _LINES:
        shown = range(lines)
    else:
        used = min(view.written or view.read or {0}) // _COLUMNS
        first = min(max(0, used - 1), lines - _LINES)
        shown = range(first, first + _LINES)
    for line in shown:
        yield _line(look, view, range(line * _COLUMNS, min(M, (line + 1) * _COLUMNS)))
    if lines > _LINES:
        cells = f"cells {shown[0] * _COLUMNS:,} to {min(M, (shown[-1] + 1) * _COLUMNS) - 1:,}"
        note = Text(_GUTTER, 8, f"… {cells} of {M:,}", 14, "soft")
        yield Drawing(WIDTH, 16, (note,))


def _line(look: Look, view: View, cells: range) -> Drawing:
    """Return some cells: above them parts, goal and bars, below them addresses and pointers."""
    wide = min(68.0, (WIDTH - _GUTTER) / min(len(view.tape), _COLUMNS))
    top, shapes = 46.0 + (_BARS if look.bars else 0.0), list[Shape]()
    shapes += _names(view, cells, wide)
    shapes += [caption(0, 34, "goal")] if set(cells) & set(view.goal) else []
    shapes += [caption(0, top + _CELL / 2, "tape")]
    shapes += [caption(0, top + _CELL + 12, "cell")]
    for i in cells:
        x = _GUTTER + (i - cells.start) * wide
        shapes += _goal(view, i, x + wide / 2, wide)
        shapes += _bar(view, i, x, top, wide)
        shapes += _cell(view, i, x, top, wide)
    height = top + _CELL + 24 + pointers_height(min(_NAMES, len(view.registers)))
    return Drawing(WIDTH, height, tuple(shapes))


def _names(view: View, cells: range, wide: float) -> Iterator[Shape]:
    """Yield the names of parts that these cells belong to, a long part with a line below."""
    for name, part in view.parts:
        inside = [i for i in part if i in cells]
        if not inside:
            continue
        left = _GUTTER + (inside[0] - cells.start) * wide + 3
        right = left + len(inside) * wide - 6
        room = right - left + (4 if len(inside) == 1 else 0)
        yield Text((left + right) / 2, 8, name, 14, "ink", "middle", room)
        yield Line(((left, 19), (right, 19)), "soft", 1.2)


def _goal(view: View, i: int, x: float, wide: float) -> Iterator[Shape]:
    """Yield what a scored cell must hold, and whether it does."""
    if i in view.goal:
        kind = judged(view.tape[i] == view.goal[i], view.ended)
        colour = "soft" if kind == "open" else kind
        number = f"{view.goal[i]}"
        left = max(x - wide / 2, x - (14 + 7 * len(number)) / 2)
        yield from mark(kind, left + 4, 34, 8)
        yield Text(left + 12, 34, number, 13, colour, width=wide - 13, least=0.65)


def _bar(view: View, i: int, x: float, top: float, wide: float) -> Iterator[Shape]:
    if i in view.barred:
        height = max(2.0, (_BARS - 6) * view.tape[i] / (len(view.tape) - 1))
        fill, line = _colours(view, i)
        tinted = ("tint", "accent") if line is None else (fill, line)
        yield Box(x + 5, top - height, wide - 10, height, *tinted, radius=3)


def _cell(view: View, i: int, x: float, top: float, wide: float) -> Iterator[Shape]:
    fill, line = _colours(view, i)
    yield from cell(x + 1.5, top, wide - 3, _CELL, f"{view.tape[i]}", fill=fill, line=line)
    yield caption(x + wide / 2, top + _CELL + 12, f"{i}", "middle", wide)
    names = [f"r{j + 1}" for j, value in enumerate(view.registers) if value == i]
    yield from pointers(x + wide / 2, top + _CELL + 22, names, wide - 2, _NAMES)


def _colours(view: View, i: int) -> tuple[str, str | None]:
    """Return the fill and the border of a cell."""
    if i in view.written:
        return "write-tint", "write"
    if i in view.read:
        return "read-tint", "read"
    if i in view.goal and view.tape[i] == view.goal[i]:
        return "good-tint", None
    return "cell", None


def _registers(view: View) -> Drawing:
    """Return the registers; the first and the last ones of many."""
    R = len(view.registers)
    shown: Sequence[int] = range(R) if R <= _REGISTERS else [*range(_REGISTERS - 1), R - 1]
    shapes: list[Shape] = [caption(0, 18, "registers")]
    for place, j in enumerate(shown):
        x = _GUTTER + place * (_BOX + 5)
        new = j in view.changed
        fill, line = ("write-tint", "write") if new else ("card", "line")
        shapes += cell(x, 0, _BOX, 36, f"{view.registers[j]}", fill=fill, line=line)
        shapes.append(caption(x + _BOX / 2, 47, f"r{j + 1}", "middle"))
        if j - place and place:
            shapes.append(Text(x - 2.5, 47, "…", 16, "soft", "middle"))
    return Drawing(WIDTH, 56, tuple(shapes))


def _legend(view: View) -> Drawing:
    """Return what the marks mean, and the modulus of all values."""
    made = judgements(WIDTH - _GUTTER, view.ended, WRITTEN, ("read", "just read"))
    modulus = caption(WIDTH, 8, f"values mod {len(view.tape):,}", "right", 120)
    return Drawing(WIDTH, made.height, (Placed(_GUTTER, 0, made), modulus))
