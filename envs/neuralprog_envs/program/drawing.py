"""The drawing of a program machine: the pad, as its task draws it, and beside it the calls."""

from __future__ import annotations

from collections.abc import Iterator

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Box, Drawing, Shape, Text, beside
from neuralprog_envs.core.parts import WIDTH, caption
from neuralprog_envs.program import drawings
from neuralprog_envs.program.drawings import pad
from neuralprog_envs.program.machine import ProgramMachine

_GAP = 36.0
_CALLS, _LINE, _INDENT, _DEEPEST = 8, 25.0, 11.0, 6
"""Calls that are shown at most, the height of one, and how far and how often they are indented."""


def drawing(machine: ProgramMachine, moment: Moment) -> Drawing:
    """Return the pad, and the calls at its right."""
    draw = getattr(machine.definition, "drawing", pad.drawing)
    shown: Drawing = draw(machine.world, moment)
    widened = Drawing(drawings.WIDTH, shown.height, shown.shapes)
    return beside(widened, _calls(machine, moment), _GAP)


def _calls(machine: ProgramMachine, moment: Moment) -> Drawing:
    """Return the calls under way, the running one last and marked; some of many."""
    width = WIDTH - drawings.WIDTH - _GAP
    most = min(_CALLS, machine.max_depth) + 1
    height = 24 + most * _LINE
    shapes: list[Shape] = [caption(0, 10, "calls under way", width=width)]
    for line, (level, words, running) in enumerate(_lines(machine, moment)):
        y, x = 24 + (line + 0.5) * _LINE, min(level, _DEEPEST) * _INDENT
        if running:
            shapes.append(Box(x, y - 11, width - x, 22, "tint", "accent", 1.2, radius=6))
        ink = "accent" if running else "ink"
        shapes.append(Text(x + 8, y, words, 14, ink, width=width - x - 14))
    return Drawing(width, height, tuple(shapes))


def _lines(machine: ProgramMachine, moment: Moment) -> Iterator[tuple[int, str, bool]]:
    """Yield each line of the calls: its level, its words, whether it runs."""
    state, depth = moment.state, int(moment.state.depth[0])
    half = (_CALLS - 1) // 2
    for level in range(depth):
        if depth > _CALLS and half <= level < depth - half:
            if level == half:
                yield level, f"… {depth - 2 * half:,} more", False
            continue
        running = level == depth - 1 and not state.halted[0]
        yield level, machine.words(state.stack[0, level]), running
    if state.halted[0]:
        yield 0, f"stopped: depth limit {machine.max_depth:,}" if depth else "returned", False
