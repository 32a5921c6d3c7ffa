"""A trace as a GIF: the environment's own pictures, one a step."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.evaluation.apply import Application
from neuralprog_agents.training.files import write_atomically
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.replay import replay

MOST_FRAMES = 400
"""Of a longer run so many steps are shown, evenly spaced."""

_STEP, _LAST = 400, 2000
"""Milliseconds that a picture stays, and the last one."""


def write_gif(path: Path, done: Application) -> None:
    """Write what a policy did as a GIF that repeats for ever.

    Raises:
        ModuleNotFoundError: Pillow is not installed.
        OSError: The file can't be written.
    """
    from PIL import Image

    first, *others = [Image.fromarray(picture) for picture in _of_one_size(pictures(done))]
    times = [_STEP] * len(others) + [_LAST]
    content = BytesIO()
    first.save(content, "GIF", save_all=True, append_images=others, duration=times, loop=0)
    write_atomically(path, content.getvalue())


def pictures(done: Application) -> list[NDArray[np.uint8]]:
    """Return the pictures of the states, at most ``MOST_FRAMES``, first and last among them."""
    count = len(done.actions) + 1
    shown = set(np.linspace(0, count - 1, min(count, MOST_FRAMES)).round().astype(int).tolist())
    display = display_of(done.task.machine)
    steps = enumerate(replay(done.task.machine, done.instance, done.actions))
    return [display.pixels(s.state, done.instance) for i, s in steps if i in shown]


def _of_one_size(frames: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Return the pictures with white to the right and below, so that all are equally large."""
    height, width = (max(frame.shape[axis] for frame in frames) for axis in (0, 1))
    room = [(height - frame.shape[0], width - frame.shape[1]) for frame in frames]
    return [
        np.pad(frame, ((0, down), (0, right), (0, 0)), constant_values=255)
        for frame, (down, right) in zip(frames, room, strict=True)
    ]
