"""What a program task's file defines: a pad, a library, instances of any length, a judge."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Floats, Ints
from neuralprog_envs.program.library import Library
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.world import World

Recursion = bool | str
"""Whether the experts recurse; "partial" where the literature has a form between."""


class Definition(Protocol):
    """One task of the program family; a file in ``program/tasks`` holds one."""

    @property
    def variants(self) -> tuple[Recursion, ...]:
        """The forms of the expert; the first is the default."""

    @property
    def observations(self) -> tuple[str, ...]:
        """The forms of the view; the first is the default."""

    @property
    def shortest(self) -> int:
        """The smallest legal length."""

    @property
    def split_from(self) -> int:
        """The shortest length with enough instances to hold some out."""

    def world(self, n: int, observation: str) -> World:
        """Return the pad that instances of length up to n fit in."""

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return the programs."""

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return an upper bound of the expert's actions in any variant, elementwise."""

    def depth(self, n: int, recursive: Recursion) -> int:
        """Return an upper bound of the calls that the expert has under way at once."""

    def sample(self, draws: Draws, lengths: Ints, world: World) -> ProgramInstances:
        """Return one instance for each address; ``lengths`` has shape (B,)."""

    def encode(self, values: Any) -> tuple[Any, int]:
        """Return a user's input in the form that ``pose`` takes, and its length.

        Raise ValueError if the input does not have the form that the task's docstring gives.
        """

    def pose(self, encoded: Any, world: World) -> ProgramInstances:
        """Return a user's input as a batch of one instance; raise ValueError if it cannot be."""

    def content(self, instances: ProgramInstances) -> Ints:
        """Return what identifies an instance, shape (B, rows, columns).

        A longer pad has more columns at the right, which hold 0.
        """

    def judge(self, state: ProgramState, instances: ProgramInstances) -> Floats:
        """Return the fraction of the answer that the pad holds, shape (B,); ACT is not used."""

    def read(self, state: ProgramState) -> str:
        """Return the answer in a state of one row, as a user would write it."""

    def spell(self, answer: str, values: Any) -> str:
        """Return an answer, as ``read`` gives it, in the words of the user's input."""


def as_read(answer: str, values: Any) -> str:
    """Return the answer as it is: the ``spell`` of tasks whose answers need no other words."""
    return answer
