"""Find the largest item of an array: sort it, then go to its right end.

    n = 3    ARRAY   9  2  5        after    2  5  9
                    123                            12    (pointer 3 has gone past the end)

Input, pad, view and ACT are those of NPIBubbleSort. Output: pointers 1 and 2 at the last cell,
which holds the largest item. A user's input is a list of items that can be compared.
Source: Reed and de Freitas 2016, section 4.5: MAX and RJMP are learned on a frozen core.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Floats, Ints
from neuralprog_envs.program.definition import Recursion
from neuralprog_envs.program.drawings import bars
from neuralprog_envs.program.library import Library, View, loop, sequence
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
    drawing = staticmethod(bars.drawing)
    world = staticmethod(sorting.array_world)
    encode = staticmethod(sorting.encode)
    content = staticmethod(sorting.content)
    spell = staticmethod(sorting.spell)

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return bubble sort's programs, RJMP and MAX."""
        recurse = bool(recursive)
        programs = (
            *sorting.sweep_programs(recurse, restarts=recurse),
            loop("RJMP", 2, is_before_end, "RSHIFT", recursive=recurse),
            sequence("MAX", 5, "BUBBLESORT", "RJMP"),
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

    def pose(self, encoded: list[int], world: World) -> ProgramInstances:
        """Return the items as a batch of one instance."""
        return _for_largest(sorting.pose(encoded, world))

    def judge(self, state: ProgramState, instances: ProgramInstances) -> Floats:
        """Return how much holds of: pointer 1, pointer 2 at the end, the largest item there."""
        last = instances.length - 1
        item = state.pad[np.arange(len(last)), 0, last]
        pointers = (state.pointers[:, P1] == last) * 1.0 + (state.pointers[:, P2] == last)
        return (pointers + (item == instances.answer[:, 0])) / 3

    def read(self, state: ProgramState) -> str:
        """Return the item at pointer 1."""
        return str(state.pad[0, 0, state.pointers[0, P1]])


def _for_largest(instances: ProgramInstances) -> ProgramInstances:
    largest = instances.pad[:, 0].max(axis=1, keepdims=True)
    return replace(instances, answer=largest, mask=np.ones(largest.shape, dtype=bool))


def is_before_end(view: View) -> Any:
    """Return whether pointer 1 or pointer 2 is not at the right end."""
    return not (view[END1] and view[END2])
