"""The specification of the program of the Towers of Hanoi."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.random import Generator

from neuralprog_agents.specifications.specification import Specification, TaskSpecification, copy
from neuralprog_envs.core.task import Ints
from neuralprog_envs.program.state import ProgramState
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.program.tasks import hanoi


def every_state(task: ProgramTask, n: int) -> Iterator[ProgramState]:
    """Yield every placement of n disks for every N and all roles, with the N smallest on S."""
    posed = task.machine.initial(task.pose_input(n))
    for roles, move in itertools.product(itertools.permutations(range(3)), range(1, n + 1)):
        for others in itertools.product(range(3), repeat=n - move):
            state = copy(posed)
            _place(state, roles, [*[roles[0]] * move, *others])
            state.pointers[0, hanoi.N] = move
            yield state


def _place(state: ProgramState, roles: Sequence[int], pegs: Sequence[int]) -> None:
    """Place the disks, from the smallest on, on the given pegs."""
    state.pad[0], state.pointers[0, hanoi.HEIGHT :] = 0, 0
    state.pointers[0, :3] = roles
    sizes = state.given[0, 1 : len(pegs) + 1]
    for disk, peg in zip(sizes[::-1], reversed(pegs), strict=True):
        state.pad[0, peg, state.pointers[0, hanoi.HEIGHT + peg]] = disk
        state.pointers[0, hanoi.HEIGHT + peg] += 1


def _disks(state: ProgramState) -> int:
    return int(state.pointers[0, hanoi.N])


def _pegs(state: ProgramState, rng: Generator) -> None:
    """Draw N and the roles; place the N smallest disks on S and the others anywhere."""
    n = int(state.length[0])
    move = int(rng.integers(1, n + 1))
    roles = rng.permutation(3).tolist()
    others = [int(rng.integers(3)) for _ in range(n - move)]
    _place(state, roles, [*[roles[0]] * move, *reversed(others)])
    state.pointers[0, hanoi.N] = move


def _tower(state: ProgramState) -> Ints:
    """Return the N topmost disks of S, or all of them if there are fewer."""
    source, n = state.pointers[0, hanoi.S], state.pointers[0, hanoi.N]
    height = state.pointers[0, hanoi.HEIGHT + source]
    return state.pad[0, source, max(height - n, 0) : height]


def _movable(state: ProgramState) -> bool:
    """Return whether the N smallest disks are the top of S."""
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


HANOI = TaskSpecification(
    {"HANOI": Specification(_movable, _pegs, _move_tower, size=_disks)},
    every_state,
    "every placing of up to {} disks, all roles of the pegs",
)
