"""What each program of a library must achieve: the only thing that AlphaNPI is told.

A specification is a function on pads: what a call leaves, given what it finds. It is a complete
postcondition (a call is right if it leaves exactly that), and search uses it as the model of a
call. AlphaNPI's own postconditions are predicates, some of them weaker; with ours BUBBLESORT has
to count its passes too, since an array that happens to be sorted would otherwise reward a return
at once, which nothing in view can tell from an unsorted one.

A program may call itself on a smaller problem only, as its ``size`` says: what AlphaNPI's
preconditions are there for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from neuralprog_envs.core.task import Ints
from neuralprog_envs.program.tasks import hanoi
from neuralprog_envs.program.tasks.sorting import P1, P2, P3
from neuralprog_envs.program.world import ProgramState


@dataclass(frozen=True)
class Specification:
    """One program's.

    Attributes:
        ready: The precondition: whether the program may be called in a state of one row.
        pose: Turns a state of one row, as the task poses it, into one in which the program may
            be called, in place.
        achieve: The postcondition: does what a call must do, to a state of one row, in place.
        size: How large the problem is; a self-call needs a smaller one. None: no self-calls.
    """

    ready: Callable[[ProgramState], bool]
    pose: Callable[[ProgramState, Generator], None]
    achieve: Callable[[ProgramState], None]
    size: Callable[[ProgramState], int] | None = None


def _last(state: ProgramState) -> int:
    return int(state.length[0]) - 1


def _array(state: ProgramState) -> Ints:
    return state.pad[0, 0]


def _is_abreast(state: ProgramState) -> bool:
    """Whether pointer 2 is where pointer 1 is, or one to the right."""
    return bool(state.pointers[0, P2] - state.pointers[0, P1] in (0, 1))


def _is_pair(state: ProgramState) -> bool:
    """Whether pointer 2 is one to the right of pointer 1, or both are at the end."""
    return bool(state.pointers[0, P2] == min(state.pointers[0, P1] + 1, _last(state)))


def _is_start(state: ProgramState) -> bool:
    """Whether pointers 1 and 2 are at the start."""
    return not state.pointers[0, [P1, P2]].any()


def _is_passed(state: ProgramState) -> bool:
    """Whether pointers 1 and 2 are at the start and the last items, one a pass, are in place."""
    n, done = int(state.length[0]), int(state.pointers[0, P3])
    items = _array(state)[:n]
    return _is_start(state) and np.array_equal(items[n - done :], np.sort(items)[n - done :])


def _anywhere(state: ProgramState, rng: Generator) -> None:
    n = int(state.length[0])
    state.pointers[0] = rng.integers(n), rng.integers(n), rng.integers(n + 1)


def _abreast(state: ProgramState, rng: Generator) -> None:
    """Pose pointers 1 and 2 on one item or on neighbours."""
    _anywhere(state, rng)
    state.pointers[0, P2] = min(state.pointers[0, P1] + rng.integers(2), _last(state))


def _neighbours(state: ProgramState, rng: Generator) -> None:
    """Pose pointer 2 one to the right of pointer 1, or both at the end."""
    _anywhere(state, rng)
    state.pointers[0, P2] = min(state.pointers[0, P1] + 1, _last(state))


def _start(state: ProgramState, rng: Generator) -> None:
    """Pose pointers 1 and 2 at the start."""
    _anywhere(state, rng)
    state.pointers[0, [P1, P2]] = 0


def _passes(state: ProgramState, rng: Generator) -> None:
    """Pose an array after some passes, pointers 1 and 2 at the start.

    The smallest item was the last one, so that it takes all passes but one: most other arrays are
    sorted earlier, and then it would pay to count passes without making them.
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


def _disks(state: ProgramState) -> int:
    return int(state.pointers[0, hanoi.N])


def _pegs(state: ProgramState, rng: Generator) -> None:
    """Pose N of the disks, the smallest, on the source; the others anywhere, and any roles."""
    n = int(state.length[0])
    sizes = [int(v) for v in state.given[0, 1 : n + 1]]
    move = int(rng.integers(1, n + 1))
    roles = rng.permutation(3)
    state.pad[0], state.pointers[0, hanoi.HEIGHT :] = 0, 0
    for disk in reversed(sizes):
        peg = roles[0] if disk in sizes[:move] else rng.integers(3)
        height = state.pointers[0, hanoi.HEIGHT + peg]
        state.pad[0, peg, height] = disk
        state.pointers[0, hanoi.HEIGHT + peg] += 1
    state.pointers[0, :3], state.pointers[0, hanoi.N] = roles, move


def _tower(state: ProgramState) -> Ints:
    """Return the N topmost disks of the source peg, fewer if it has fewer."""
    source, n = state.pointers[0, hanoi.S], state.pointers[0, hanoi.N]
    height = state.pointers[0, hanoi.HEIGHT + source]
    return state.pad[0, source, max(height - n, 0) : height]


def _movable(state: ProgramState) -> bool:
    """Whether the N smallest disks are a tower on the source peg."""
    n = int(state.pointers[0, hanoi.N])
    return bool(n >= 1 and np.array_equal(_tower(state)[::-1], state.given[0, 1 : n + 1]))


def _move_tower(state: ProgramState) -> None:
    source, target = state.pointers[0, [hanoi.S, hanoi.T]]
    tower, n = _tower(state).copy(), int(state.pointers[0, hanoi.N])
    _tower(state)[:] = 0
    height = state.pointers[0, hanoi.HEIGHT + target]
    state.pad[0, target, height : height + n] = tower
    state.pointers[0, hanoi.HEIGHT + source] -= n
    state.pointers[0, hanoi.HEIGHT + target] += n


_SORTING = {
    "COMPSWAP": Specification(_is_abreast, _abreast, _compare_and_swap),
    "RSHIFT": Specification(_is_abreast, _abreast, _shift_right),
    "RESET": Specification(_is_abreast, _abreast, _reset),
    "BUBBLE": Specification(_is_start, _start, _sweep_on),
    "BUBBLESORT": Specification(_is_passed, _passes, _sort, size=_passes_to_go),
}

SPECIFICATIONS: Mapping[tuple[str, bool], Mapping[str, Specification]] = MappingProxyType(
    {
        ("NPIBubbleSort", True): {
            **_SORTING,
            "LSHIFT": Specification(_is_abreast, _abreast, _to_start, size=_distance_from_start),
            "BSTEP": Specification(_is_pair, _neighbours, _sweep_on, size=_distance_to_end),
        },
        ("NPIBubbleSort", False): {
            **_SORTING,
            "LSHIFT": Specification(_is_abreast, _abreast, _shift_left),
            "BSTEP": Specification(_is_pair, _neighbours, _step_on),
        },
        ("NPIHanoi", True): {
            "HANOI": Specification(_movable, _pegs, _move_tower, size=_disks),
        },
    }
)
"""By environment (its id without the version), whether programs call themselves, and program."""


def specifications(env_id: str, recursive: bool) -> Mapping[str, Specification]:
    """Return the specifications of an environment's programs, by name.

    Raises:
        ValueError: It has none.
    """
    name = env_id.partition("-v")[0]
    if (name, recursive) not in SPECIFICATIONS:
        known = ", ".join(f"{env} (recursive={value})" for env, value in SPECIFICATIONS)
        raise ValueError(
            f"{env_id} (recursive={recursive}): its programs have no specifications; {known} have"
        )
    return SPECIFICATIONS[name, recursive]
