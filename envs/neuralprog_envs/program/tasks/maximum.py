"""Find the largest item of an array: sort it, then go to its right end.

    n = 3    ARRAY   9  2  5        after    2  5  9
                    123                            12    (pointer 3 has gone past the end)

Input, pad, view and ACT are those of NPIBubbleSort. Output: pointers 1 and 2 at the last cell,
which holds the largest item. A user's input is a list of items that can be compared.
Source: Reed and de Freitas 2016, section 4.5: MAX and RJMP are learned on a frozen core.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Floats, Ints
from neuralprog_envs.program.definition import Recursion
from neuralprog_envs.program.library import Library, Look, Program
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.tasks import sorting
from neuralprog_envs.program.tasks.sorting import END1, END2, P1, P2
from neuralprog_envs.program.world import World


class Maximum:
    """Pointers 1 and 2 := the largest item, at the array's end."""

    variants: tuple[Recursion, ...] = (False, True)
    observations = ("values", "order")
    shortest = 1
    split_from = 3

    def world(self, n: int, observation: str) -> World:
        """Return one row of n cells and one more, for pointer 3."""
        return sorting.array_world(n, observation)

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return bubble sort's programs, RJMP and MAX."""
        recurse = bool(recursive)
        programs = (
            *sorting.sweep_programs(recurse, restarts=recurse),
            Program("RJMP", 2, jump_recursively if recurse else jump, recursive=recurse),
            Program("MAX", 5, find_maximum),
        )
        return Library(programs, world.effects)

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return bubble sort's actions and 6 for each cell."""
        return n * (12 + 13 * (n - 1)) + 6 * n + 5

    def depth(self, n: int, recursive: Recursion) -> int:
        """Return MAX and bubble sort's depth."""
        return 2 * n + 4 if recursive else 5

    def sample(self, draws: Draws, lengths: Ints, world: World) -> ProgramInstances:
        """Return arrays of digits ("values") or of wider numbers ("order")."""
        return _for_largest(sorting.sampled(draws, lengths, world))

    def encode(self, values: Any) -> tuple[list[int], int]:
        """Return the items as numbers in the same order, and how many there are."""
        return sorting.encoded(values)

    def pose(self, encoded: list[int], world: World) -> ProgramInstances:
        """Return the items as a batch of one instance."""
        return _for_largest(sorting.pose_items(encoded, world))

    def content(self, instances: ProgramInstances) -> Ints:
        """Return the items."""
        return sorting.content_of(instances)

    def judge(self, state: ProgramState, instances: ProgramInstances) -> Floats:
        """Return how much holds of: pointer 1, pointer 2 at the end, the largest item there."""
        last = instances.length - 1
        item = state.pad[np.arange(len(last)), 0, last]
        pointers = (state.pointers[:, P1] == last) * 1.0 + (state.pointers[:, P2] == last)
        return (pointers + (item == instances.answer[:, 0])) / 3

    def read(self, state: ProgramState) -> str:
        """Return the item at pointer 1."""
        return str(state.pad[0, 0, state.pointers[0, P1]])

    def spell(self, answer: str, values: Any) -> str:
        """Return the user's items where the answer has their ranks."""
        return sorting.spelled(answer, values)


def _for_largest(instances: ProgramInstances) -> ProgramInstances:
    largest = instances.pad[:, 0].max(axis=1, keepdims=True)
    return replace(instances, answer=largest, mask=np.ones(largest.shape, dtype=bool))


def jump(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Move pointers 1 and 2 to the right end."""
    while not ((view := look())[END1] and view[END2]):
        yield "RSHIFT"


def jump_recursively(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Move pointers 1 and 2 to the right, and again until both are at the end."""
    view = look()
    if not (view[END1] and view[END2]):
        yield "RSHIFT"
        yield "RJMP"


def find_maximum(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Sort, then go to the right end."""
    yield "BUBBLESORT"
    yield "RJMP"
