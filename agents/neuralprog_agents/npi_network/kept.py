"""What the closures keep of each recursive task's pad, and why small instances have every step.

Each entry of ``TASKS`` has the small instances, what is kept besides the view, and the inputs
that are covered. The argument, for each task: what a step changes of the kept depends on a few
cells around the pointers, and these few cells look every way that they ever do in some small
instance. Tests add sizes beyond these, and far longer random instances: none has a new step.

**Bubble sort, maximum** (view "order"). Kept: how far pointer 2 is right of pointer 1, which is 0
or 1 between steps of the programs. A move by one cell changes flags only if a pointer is within
one cell of an end, and five cells have room for "at an end", "next to it" and "farther" on both
sides. The comparison before and after it concerns at most three neighbours. A sweep moves the
largest item so far along, so its three cells hold that item and any two others, and RESET meets
what it left; arrays of three different values have all these orders. PTR 3 changes one flag,
with both pointers at the start. BSTEP, and LSHIFT, as calls, always end with both pointers at one
end, whatever the array; so do the calls that consist of them.

**Quicksort.** Kept: whether the second and the third range from the top of the stacks have at
least two items. PARTITION begins with a range of at least two, and nothing outside the range
matters. J's steps depend on whether the range's end is next, and on two comparisons with the
pivot item; PIVOT's cell holds an item above it, or is J's. All this occurs in ranges of three. The
ranges that are pushed are left and right of the pivot: five items are enough for both to have two
or more items, and for either or both to have fewer. What is kept of the stacks is the same before
and after QUICKSORT, as a call, by induction over the range's size. That each of this occurs above
each pair of ranges that are kept takes longer arrays: there are 400 of up to 16 items besides.

**Topological sort.** Kept: whether ACTIVE is START, and whether START is the last vertex. ACTIVE
is START just when the stack is empty. The colour of the next child after a step is any of white,
black and none: it is a vertex not reached, one that was finished before (reached from an earlier
start, or from an earlier child), or there is no more. Grey is impossible in a graph without cycles.
Four vertices have room for START, an ACTIVE vertex other than START, a child of it that was
finished before and one that was not reached. CHECK_CHILD, as a call, skips what was finished,
however much that is; EXPLORE, as a call, ends with the stack empty and START black.

**Towers of Hanoi.** Kept: the order in size of the three disks that lie right below the N
smallest ones on S, on A and on T (or none); the N smallest stand on S when HANOI is called. All
that a call sees follows from it and from N = 1, since every disk among the N smallest is smaller
than these three. The inner calls meet (disk N, T's, A's) and (A's, S's, disk N) on their S, A and
T, disk N being smaller than any of the others: from the empty pegs, these two maps reach every
order that there is after at most five levels, so in towers of at most six disks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_agents.npi_network.closure import More
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.program.tasks import hanoi, quick_sort, sorting, topological_sort
from neuralprog_envs.program.tasks.bubble_sort import BubbleSort
from neuralprog_envs.program.tasks.hanoi import Hanoi
from neuralprog_envs.program.tasks.maximum import Maximum
from neuralprog_envs.program.tasks.quick_sort import QuickSort
from neuralprog_envs.program.tasks.topological_sort import TopologicalSort


@dataclass(frozen=True)
class Small:
    """What a task's closure is made of.

    Attributes:
        size: The longest of the small instances.
        instances: Returns all of them, up to the task's size.
        more: What is kept besides the view.
        covers: The inputs that the closure covers, in words.
    """

    size: int
    instances: Callable[[ProgramTask], ProgramInstances]
    more: More
    covers: str


def arrays(task: ProgramTask) -> ProgramInstances:
    """Return every array of the values 0, 1 and 2 up to the task's size."""
    return _together([arrays_of(task, n) for n in range(1, task.machine.size + 1)])


def arrays_of(task: ProgramTask, n: int) -> ProgramInstances:
    """Return every array of n of the values 0, 1 and 2."""
    chosen = itertools.product(range(3), repeat=n)
    return _together([task.pose_input(list(items)) for items in chosen])


def mixed_arrays(task: ProgramTask) -> ProgramInstances:
    """Return every array of 0, 1 and 2 of up to five items, and 400 longer ones."""
    short = [arrays_of(task, n) for n in range(1, 6)]
    return _together([*short, draw(task, 0, np.arange(400), (6, task.machine.size), "all")])


def towers(task: ProgramTask) -> ProgramInstances:
    """Return a tower of each height up to the task's size."""
    return _together([task.pose_input(n) for n in range(1, task.machine.size + 1)])


def graphs(task: ProgramTask) -> ProgramInstances:
    """Return every graph without cycles of up to the task's size."""
    n = task.machine.size
    return _together([_graphs_of(vertices, n) for vertices in range(1, n + 1)])


def _graphs_of(vertices: int, n: int) -> ProgramInstances:
    pairs = list(itertools.permutations(range(vertices), 2))
    chosen = np.arange(2 ** len(pairs))[:, None] >> np.arange(len(pairs)) & 1
    edges = np.zeros((len(chosen), n, n), dtype=np.int64)
    edges[:, [i for i, _ in pairs], [j for _, j in pairs]] = chosen
    acyclic = ~np.linalg.matrix_power(edges, vertices).any(axis=(1, 2))
    kept = edges[acyclic].astype(bool)
    order = np.zeros((len(kept), n), dtype=np.int32)  # no step depends on the answer
    return topological_sort.posed(kept, order, np.full(len(kept), vertices, dtype=np.int32))


def _together(parts: list[ProgramInstances]) -> ProgramInstances:
    fields: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])
    }
    return ProgramInstances(**fields)


def _apart(state: ProgramState) -> tuple[int, ...]:
    one, two = state.pointers[0, [sorting.P1, sorting.P2]]
    return (int(two - one),)


def _ranges_below(state: ProgramState) -> tuple[int, ...]:
    top = int(state.pointers[0, quick_sort.TOPLO])
    low, high = state.pad[0, [quick_sort.STACKLO, quick_sort.STACKHI]]
    return tuple(int(at >= 0 and low[at] < high[at]) for at in (top - 2, top - 3))


def _place(state: ProgramState) -> tuple[int, ...]:
    active, start = state.pointers[0, [topological_sort.ACTIVE, topological_sort.START]]
    return int(active == start), int(start >= state.length[0] - 1)


def _disks_below(state: ProgramState) -> tuple[int, ...]:
    largest = state.given[0, state.pointers[0, hanoi.N]]
    pegs = state.pad[0, state.pointers[0, [hanoi.S, hanoi.A, hanoi.T]]]
    tops = [min(peg[peg > largest], default=0) for peg in pegs]
    order = sorted({0, *tops})
    s, a, t = (order.index(top) for top in tops)
    return s, a, t


_ARRAYS = "every array, of any length, of any items with an order"

TASKS: dict[tuple[type, str], Small] = {
    (BubbleSort, "order"): Small(5, arrays, _apart, _ARRAYS),
    (Maximum, "order"): Small(5, arrays, _apart, _ARRAYS),
    (QuickSort, "order"): Small(16, mixed_arrays, _ranges_below, _ARRAYS),
    (TopologicalSort, "colors"): Small(4, graphs, _place, "every graph without cycles, any size"),
    (Hanoi, "roles"): Small(6, towers, _disks_below, "towers of any height"),
}
"""By the task's definition and form of view; each in its fully recursive form."""
