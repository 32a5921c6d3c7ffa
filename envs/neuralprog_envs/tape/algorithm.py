"""What a tape task's file defines: an algorithm, posed on tapes of any length.

``TapeTask`` turns it into a task; score, step limit and splits are the same for all algorithms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.events import Act
from neuralprog_envs.core.task import Bools, Ints
from neuralprog_envs.tape.cpu import Cpu

Counts = NDArray[np.int64]
Answer = tuple[Ints, Bools]
Instructions = Iterator[Act]


class Algorithm(Protocol):
    """One task of the tape family; a file in ``tape/tasks`` holds one."""

    @property
    def registers(self) -> int:
        """Registers that the expert needs, and the default of the environment."""

    @property
    def shortest(self) -> int:
        """The smallest legal length."""

    @property
    def split_from(self) -> int:
        """The shortest length with enough instances to hold some out, even in the least memory."""

    def memory_size(self, n: int) -> int:
        """Return the least number of cells that every instance of length n fits in."""

    def steps(self, n: Counts) -> Counts:
        """Return an upper bound of the expert's instructions, its halt included, elementwise."""

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return input tapes, shape (B, M), of the lengths n, shape (B,)."""

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the right contents and which cells are scored, each of shape (B, M).

        What the contents say of other cells does not count. The method does not use the machine,
        so that it can judge the machine.
        """

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the tape (without its trailing zeros) and the length of a user's input.

        Raise ValueError if the input does not have the form that the task's docstring gives.
        """

    def expert(self, cpu: Cpu) -> Instructions:
        """Yield the instructions that solve one instance; they depend on the zero flags alone."""
