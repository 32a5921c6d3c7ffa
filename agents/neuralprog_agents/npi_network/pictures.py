"""Pictures as the network sees them: a quarter of the size, each kept once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.program.machine import ProgramMachine

SIDE = 32
"""Pixels of a side of what the network sees; environments' pictures have 128."""

Pictures = NDArray[np.uint8]


def shrink(pictures: Pictures) -> Pictures:
    """Return the means of blocks of pixels: (n, 128, 128, 3) becomes (n, 3, SIDE, SIDE)."""
    n, height, _, colours = pictures.shape
    block = height // SIDE
    blocks = pictures.reshape(n, SIDE, block, SIDE, block, colours)
    return np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8).transpose(0, 3, 1, 2)


class Album:
    """The different pictures behind some frames, small.

    Args:
        machine: Draws them.
        hidden: What they are made of, at each step of F frames, shape (F, T, H).

    Attributes:
        pictures: Shape (n, 3, SIDE, SIDE).
        number: Which of them each step shows, shape (F, T).
    """

    def __init__(self, machine: ProgramMachine, hidden: NDArray[Any]) -> None:
        F, T, H = hidden.shape
        rows, number = np.unique(hidden.reshape(-1, H), axis=0, return_inverse=True)
        self.pictures = np.concatenate([shrink(machine.pictures(row[None])) for row in rows])
        self.number = number.reshape(F, T)
