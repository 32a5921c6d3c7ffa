"""The pictures that the network sees: a quarter of the size in each direction, without repeats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Pulse
from neuralprog_envs.program.machine import ProgramMachine

SIDE = 32
"""The side of the network's pictures, in pixels; those of the environments have 128."""

Pictures = NDArray[np.uint8]


def shrink(pictures: Pictures) -> Pictures:
    """Return the means of blocks of pixels: (n, 128, 128, 3) becomes (n, 3, SIDE, SIDE)."""
    n, height, _, colours = pictures.shape
    block = height // SIDE
    blocks = pictures.reshape(n, SIDE, block, SIDE, block, colours)
    return np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8).transpose(0, 3, 1, 2)


def distinct_pictures(
    machine: ProgramMachine, hidden: NDArray[Any], pulse: Pulse = lambda: None
) -> tuple[Pictures, NDArray[np.intp]]:
    """Draw each different picture of F frames once, from ``hidden``, shape (F, T, H).

    ``pulse`` is called before each.

    Returns:
        The n different pictures, shape (n, 3, SIDE, SIDE), and the index of each step's picture,
        shape (F, T).
    """
    F, T, H = hidden.shape
    rows, number = np.unique(hidden.reshape(-1, H), axis=0, return_inverse=True)
    pictures = []
    for row in rows:
        pulse()
        pictures.append(shrink(machine.pictures(row[None])))
    return np.concatenate(pictures), number.reshape(F, T)
