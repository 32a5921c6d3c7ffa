"""The abstract states of each recursive task, and why small instances have every step.

Each entry of ``ABSTRACTIONS`` gives the small instances, the unobserved part of the abstract state
(the part besides the view), and the inputs that are covered. The argument is the same for each
task: how a step changes the abstract state depends on a few cells around the pointers, and these
cells take every combination of values in some small instance. Tests compare with instances of
larger sizes and with far longer random ones: none has a new step.

**Bubble sort, maximum** (view "order"). Unobserved: how far pointer 2 is right of pointer 1, which
is 0 or 1 between steps of the programs. A move by one cell changes flags only if a pointer is
within one cell of an end, and five cells have room for "at an end", "next to it" and "farther" on
both sides. The comparisons before and after the move involve at most three neighbouring items. A
sweep carries the largest item so far, so these three cells hold that item and any two others, and
RESET sees the state after a sweep; arrays of three different values have all these orders. PTR 3
changes one flag, with both pointers at the start. A call of BSTEP or LSHIFT always ends with both
pointers at one end, whatever the array, and so does a call of a program that consists of them.

**Quicksort.** Unobserved: whether the second and the third range from the top of the stacks have at
least two items. PARTITION starts with a range of at least two items, and nothing outside the range
has an influence. The steps of J depend on whether the end of the range is next, and on two
comparisons with the pivot item; the cell of PIVOT holds an item above it, or is the cell of J. All
of these occur in ranges of three items. The ranges that are pushed are those left and right of the
pivot. With five items both can have two or more items, and either or both can have fewer. The
unobserved part is the same before and after a call of QUICKSORT, by induction over the size of the
range. For each of these to occur above each pair of lower ranges takes longer arrays; so 400
arrays of up to 16 items are added.

**Topological sort.** Unobserved: whether ACTIVE is START, and whether START is the last vertex.
ACTIVE is START just when the stack is empty. After a step the colour of the next child is white
(not reached), black (finished before: reached from an earlier start or an earlier child) or none
(there are no more children). Grey is impossible in a graph without cycles. Four vertices have room
for START, an ACTIVE vertex other than START, a child of it that was finished before, and one that
was not reached. A call of CHECK_CHILD skips the finished children, however many; a call of EXPLORE
ends with the stack empty and START black.

**Towers of Hanoi.** Unobserved: the order by size of the three disks right below the N smallest
disks on S, on A and on T (0 for none); the N smallest disks are on S when HANOI is called. All that
a call sees follows from this order and from whether N = 1, since each of the N smallest disks is
smaller than these three. The inner calls have (disk N, T's, A's) and (A's, S's, disk N) on their S,
A and T, where disk N is smaller than the others. From the empty pegs, these two maps reach every
possible order after at most five levels, hence in towers of at most six disks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_agents.npi_network.reachable_frames import Unobserved
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
class Abstraction:
    """What the reachable frames of a task are computed from.

    ``size`` is the length of the longest small instance. ``unobserved`` returns the part of the
    abstract state besides the view, and ``covers`` says which inputs the frames cover.
    """

    size: int
    instances: Callable[[ProgramTask], ProgramInstances]
    unobserved: Unobserved
    covers: str


def arrays(task: ProgramTask) -> ProgramInstances:
    """Return every array of the values 0, 1 and 2 up to the task's size."""
    return _concatenate([arrays_of(task, n) for n in range(1, task.machine.size + 1)])


def arrays_of(task: ProgramTask, n: int) -> ProgramInstances:
    """Return every array of n items of the values 0, 1 and 2."""
    chosen = itertools.product(range(3), repeat=n)
    return _concatenate([task.pose_input(list(items)) for items in chosen])


def mixed_arrays(task: ProgramTask) -> ProgramInstances:
    """Return every array of 0, 1 and 2 of up to five items, and 400 longer ones."""
    short = [arrays_of(task, n) for n in range(1, 6)]
    return _concatenate([*short, draw(task, 0, np.arange(400), (6, task.machine.size), "all")])


def towers(task: ProgramTask) -> ProgramInstances:
    """Return a tower of each height up to the task's size."""
    return _concatenate([task.pose_input(n) for n in range(1, task.machine.size + 1)])


def graphs(task: ProgramTask) -> ProgramInstances:
    """Return every graph without cycles, up to the task's size."""
    n = task.machine.size
    return _concatenate([_graphs_of(vertices, n) for vertices in range(1, n + 1)])


def _graphs_of(vertices: int, n: int) -> ProgramInstances:
    pairs = list(itertools.permutations(range(vertices), 2))
    chosen = np.arange(2 ** len(pairs))[:, None] >> np.arange(len(pairs)) & 1
    edges = np.zeros((len(chosen), n, n), dtype=np.int64)
    edges[:, [i for i, _ in pairs], [j for _, j in pairs]] = chosen
    acyclic = ~np.linalg.matrix_power(edges, vertices).any(axis=(1, 2))
    edges = edges[acyclic]
    order = np.zeros((len(edges), n), dtype=np.int32)  # no step depends on the answer
    length = np.full(len(edges), vertices, dtype=np.int32)
    return topological_sort.posed(edges.astype(bool), order, length)


def _concatenate(parts: list[ProgramInstances]) -> ProgramInstances:
    fields: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])
    }
    return ProgramInstances(**fields)


def _pointer_distance(state: ProgramState) -> tuple[int, ...]:
    one, two = state.pointers[0, [sorting.P1, sorting.P2]]
    return (int(two - one),)


def _ranges_below(state: ProgramState) -> tuple[int, ...]:
    top = int(state.pointers[0, quick_sort.TOPLO])
    low, high = state.pad[0, [quick_sort.STACKLO, quick_sort.STACKHI]]
    return tuple(int(at >= 0 and low[at] < high[at]) for at in (top - 2, top - 3))


def _vertex_flags(state: ProgramState) -> tuple[int, ...]:
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

ABSTRACTIONS: dict[tuple[type, str], Abstraction] = {
    (BubbleSort, "order"): Abstraction(5, arrays, _pointer_distance, _ARRAYS),
    (Maximum, "order"): Abstraction(5, arrays, _pointer_distance, _ARRAYS),
    (QuickSort, "order"): Abstraction(16, mixed_arrays, _ranges_below, _ARRAYS),
    (TopologicalSort, "colors"): Abstraction(
        4, graphs, _vertex_flags, "every graph without cycles, any size"
    ),
    (Hanoi, "roles"): Abstraction(6, towers, _disks_below, "towers of any height"),
}
"""By the task's definition and its observation; each task in its fully recursive form."""
