"""The specifications of the programs of bubble sort and maximum."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from neuralprog_agents.specifications.specification import Specification, TaskSpecification, copy
from neuralprog_envs.core.task import Ints
from neuralprog_envs.program.state import ProgramState
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.program.tasks.sorting import P1, P2, P3


def every_state(task: ProgramTask, n: int) -> Iterator[ProgramState]:
    """Yield every order of n items with all places of the pointers; pointer 2 is 0 or 1 ahead."""
    for items in itertools.product(range(n), repeat=n):
        if set(items) == set(range(len(set(items)))):
            posed = task.machine.initial(task.pose_input(list(items)))
            for one, apart, three in itertools.product(range(n), range(2), range(n + 1)):
                if one + apart < n:
                    state = copy(posed)
                    state.pointers[0] = one, one + apart, three
                    yield state


def _last(state: ProgramState) -> int:
    return int(state.length[0]) - 1


def _array(state: ProgramState) -> Ints:
    return state.pad[0, 0]


def _is_abreast(state: ProgramState) -> bool:
    """Return whether pointer 2 is at pointer 1, or one to its right."""
    return bool(state.pointers[0, P2] - state.pointers[0, P1] in (0, 1))


def _is_pair(state: ProgramState) -> bool:
    """Return whether pointer 2 is one to the right of pointer 1, or both are at the end."""
    return bool(state.pointers[0, P2] == min(state.pointers[0, P1] + 1, _last(state)))


def _is_start(state: ProgramState) -> bool:
    """Return whether pointers 1 and 2 are at the start."""
    return not state.pointers[0, [P1, P2]].any()


def _is_passed(state: ProgramState) -> bool:
    """Return whether pointers 1 and 2 are at the start and each pass has placed one last item."""
    n, done = int(state.length[0]), int(state.pointers[0, P3])
    items = _array(state)[:n]
    return _is_start(state) and np.array_equal(items[n - done :], np.sort(items)[n - done :])


def _anywhere(state: ProgramState, rng: Generator) -> None:
    n = int(state.length[0])
    state.pointers[0] = rng.integers(n), rng.integers(n), rng.integers(n + 1)


def _abreast(state: ProgramState, rng: Generator) -> None:
    """Place pointers 1 and 2 on one item or on neighbours."""
    _anywhere(state, rng)
    state.pointers[0, P2] = min(state.pointers[0, P1] + rng.integers(2), _last(state))


def _neighbours(state: ProgramState, rng: Generator) -> None:
    """Place pointer 2 one to the right of pointer 1, or both at the end."""
    _anywhere(state, rng)
    state.pointers[0, P2] = min(state.pointers[0, P1] + 1, _last(state))


def _start(state: ProgramState, rng: Generator) -> None:
    """Place pointers 1 and 2 at the start."""
    _anywhere(state, rng)
    state.pointers[0, [P1, P2]] = 0


def _passes(state: ProgramState, rng: Generator) -> None:
    """Make some passes over the array, with pointers 1 and 2 at the start.

    The smallest item is put last first, so that sorting takes all passes but one. Most other
    arrays are sorted earlier; a program could then count passes without making them.
    """
    _start(state, rng)
    array, n = _array(state), int(state.length[0])
    smallest = int(array[:n].argmin())
    array[[smallest, n - 1]] = array[[n - 1, smallest]]
    for _ in range(state.pointers[0, P3]):
        _sweep_from(state, 0)


def _compare_and_swap(state: ProgramState) -> None:
    places = np.sort(state.pointers[0, [P1, P2]])
    _array(state)[places] = np.sort(_array(state)[places])


def _shift_right(state: ProgramState) -> None:
    state.pointers[0, [P1, P2]] = np.minimum(state.pointers[0, [P1, P2]] + 1, _last(state))


def _shift_left(state: ProgramState) -> None:
    state.pointers[0, [P1, P2]] = np.maximum(state.pointers[0, [P1, P2]] - 1, 0)


def _to_start(state: ProgramState) -> None:
    state.pointers[0, [P1, P2]] = 0


def _sweep_from(state: ProgramState, first: int) -> None:
    array = _array(state)
    for i in range(first, _last(state)):
        array[i : i + 2] = np.sort(array[i : i + 2])


def _sweep_on(state: ProgramState) -> None:
    _sweep_from(state, int(state.pointers[0, P1]))
    state.pointers[0, [P1, P2]] = _last(state)


def _step_on(state: ProgramState) -> None:
    _compare_and_swap(state)
    _shift_right(state)


def _reset(state: ProgramState) -> None:
    _to_start(state)
    state.pointers[0, P3] = min(state.pointers[0, P3] + 1, int(state.length[0]))


def _sort(state: ProgramState) -> None:
    n = int(state.length[0])
    if state.pointers[0, P3] < n:
        _array(state)[:n] = np.sort(_array(state)[:n])
    state.pointers[0] = 0, 0, n


def _distance_from_start(state: ProgramState) -> int:
    return int(state.pointers[0, [P1, P2]].max())


def _distance_to_end(state: ProgramState) -> int:
    return _last(state) - int(state.pointers[0, P1])


def _passes_to_go(state: ProgramState) -> int:
    return int(state.length[0] - state.pointers[0, P3])


def _jump(state: ProgramState) -> None:
    state.pointers[0, [P1, P2]] = _last(state)


def _find_largest(state: ProgramState) -> None:
    _sort(state)
    _jump(state)


_SWEEPS = {
    "COMPSWAP": Specification(_is_abreast, _abreast, _compare_and_swap),
    "RSHIFT": Specification(_is_abreast, _abreast, _shift_right),
    "RESET": Specification(_is_abreast, _abreast, _reset),
    "BUBBLE": Specification(_is_start, _start, _sweep_on),
    "BUBBLESORT": Specification(_is_passed, _passes, _sort, size=_passes_to_go),
}
_RECURSIVE = {
    **_SWEEPS,
    "LSHIFT": Specification(_is_abreast, _abreast, _to_start, size=_distance_from_start),
    "BSTEP": Specification(_is_pair, _neighbours, _sweep_on, size=_distance_to_end),
}
_LOOPS = {
    **_SWEEPS,
    "LSHIFT": Specification(_is_abreast, _abreast, _shift_left),
    "BSTEP": Specification(_is_pair, _neighbours, _step_on),
}
_LARGEST = {
    **_RECURSIVE,
    "RJMP": Specification(_is_abreast, _abreast, _jump, size=_distance_to_end),
    "MAX": Specification(_is_passed, _passes, _find_largest),
}

_COVERS = "every order of up to {} items, equal ones included, and all places of the pointers"

BUBBLESORT = TaskSpecification(_RECURSIVE, every_state, _COVERS, "order")
BUBBLESORT_LOOPS = TaskSpecification(_LOOPS, every_state, _COVERS, "order")
MAXIMUM = TaskSpecification(_LARGEST, every_state, _COVERS, "order")
