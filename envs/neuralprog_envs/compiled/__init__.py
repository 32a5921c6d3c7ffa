"""Makes the environments of this process faster: after ``use()``, numba compiles their inner loops.

Everything that they return stays the same, bit by bit. Numba is the extra "compiled". Nothing else
in this package imports this one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.compiled import drawing, program, steps, tape
from neuralprog_envs.core import arguments, draws, episodes, task
from neuralprog_envs.core.episodes import Endings, Episodes, Slots
from neuralprog_envs.core.loops import Loop
from neuralprog_envs.program import machine, world
from neuralprog_envs.program.tasks import addition
from neuralprog_envs.tape import arrays


def _step(running: Episodes, action: NDArray[np.int64], pending: Slots) -> Endings:
    """Do what ``episodes.step`` does."""
    for family in (tape, program):
        if family.takes(running.task.machine):
            return family.step(running, action, pending)
    return episodes.step.numpy(running, action, pending)


TWINS: tuple[tuple[Loop[..., Any], Callable[..., Any]], ...] = (
    (draws.uniform, drawing.uniform),
    (arrays.array, drawing.array),
    (arrays.shifted, drawing.shifted),
    (arrays.read, drawing.read),
    (arguments.all_below, steps.all_below),
    (addition.digits_of, drawing.digits_of),
    (addition.sums, drawing.sums),
    (task.fraction, steps.fraction),
    (machine.frames, program.frames),
    (world.cells_at, program.cells_at),
    (episodes.step, _step),
)
"""Functions in NumPy, and those that are compiled."""


def use(compiled: bool = True) -> None:
    """Use what is compiled from now on, or NumPy again."""
    for loop, twin in TWINS:
        loop.used = twin if compiled else loop.numpy
