"""A run as a GIF: the environment's own frames, one a step."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuralprog_agents.evaluation.apply import Application
from neuralprog_agents.training.files import write_atomically
from neuralprog_envs.core.pillow import canvas
from neuralprog_envs.interfaces.frame import Style, frames_of

MOST_FRAMES = 400
"""Of a longer run so many steps are shown, evenly spaced."""

_STEP, _LAST = 400, 2000
"""Milliseconds that a frame stays, and the last one."""

_SAMPLED = 6
"""Frames from which the colours are taken."""


def write_gif(path: Path, env_id: str, done: Application, style: Style) -> None:
    """Write what a policy did as a GIF that repeats for ever.

    Args:
        path: The file.
        env_id: The environment where it acted.
        done: What it did.
        style: Size and theme.

    Raises:
        ModuleNotFoundError: Pillow is not installed.
        OSError: The file can't be written.
    """
    painter = canvas()  # before any work
    count = len(done.actions) + 1
    shown = set(np.linspace(0, count - 1, min(count, MOST_FRAMES)).round().astype(int).tolist())
    run = frames_of(env_id, done.task, done.instance, done.actions)
    frames = [frame for number, frame in enumerate(run) if number in shown]
    some = [*frames[:: -(-len(frames) // _SAMPLED)], frames[-1]]
    colours = np.concatenate([style.pixels(frame.drawing()).reshape(-1, 3) for frame in some])
    times = [_STEP] * (len(frames) - 1) + [_LAST]
    painted = (style.pixels(frame.drawing()) for frame in frames)
    write_atomically(path, painter.gif(painted, colours, times))
