"""Bubble sort an array, in place.

    n = 3    ARRAY   9  2  5        after    2  5  9
                    123                     12        3

Input: n items. Pointers 1 and 2 start at the first item, as does pointer 3, which counts the
passes: n of them. A user's input is any list of items that can be compared; items that are not
whole numbers are posed as their ranks.
View with observation "values": the digits at pointers 1 and 2; with "order" (any items): whether
the item at pointer 1 is at most that at pointer 2. Then five flags: pointer 1 at the start, at
the end, pointer 2 at the start, at the end, all passes done.
ACT(1, pointer, 1 LEFT or 2 RIGHT) and ACT(2, 1, 2), which is SWAP 1 2.
Source: Reed and de Freitas 2016, section 4.2 (values, recursive=False); Cai, Shin and Song 2017
(recursive="partial": only BUBBLESORT; True: BSTEP and LSHIFT too; "order" is the view that they
verify, with pointers that stay within the array). Their traces agree with each other if pointers
stop at the array's ends, if a sweep ends when pointer 1 is at the end, and RESET when both are
at the start; PTR 3 RIGHT is part of RESET.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.program.definition import Recursion
from neuralprog_envs.program.drawings import bars
from neuralprog_envs.program.library import Library
from neuralprog_envs.program.tasks import sorting
from neuralprog_envs.program.world import World


class BubbleSort:
    """ARRAY := its items, ascending."""

    variants: tuple[Recursion, ...] = (False, True, "partial")
    observations = ("values", "order")
    shortest = 1
    split_from = 3
    drawing = staticmethod(bars.drawing)
    world = staticmethod(sorting.array_world)
    sample = staticmethod(sorting.sampled)
    encode = staticmethod(sorting.encode)
    pose = staticmethod(sorting.pose)
    content = staticmethod(sorting.content)
    judge = staticmethod(sorting.judge)
    read = staticmethod(sorting.read)
    spell = staticmethod(sorting.spell)

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return BUBBLESORT and what it calls."""
        programs = sorting.sweep_programs(recursive is True, restarts=bool(recursive))
        return Library(programs, world.effects)

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return 12 actions a pass, 13 for each pair of neighbours in it, the return."""
        return n * (12 + 13 * (n - 1)) + 1

    def depth(self, n: int, recursive: Recursion) -> int:
        """Return BUBBLESORT, BUBBLE, BSTEP, COMPSWAP, as often as they call themselves."""
        return {False: 4, "partial": n + 4, True: 2 * n + 3}[recursive]
