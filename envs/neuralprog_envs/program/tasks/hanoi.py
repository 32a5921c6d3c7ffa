"""Move a tower of disks to another peg, one at a time, never a larger one onto a smaller.

    n = 3    PEG0    3  2  1        after    PEG0                S, A, T: the pegs that are
             PEG1                            PEG1                source, auxiliary, target
             PEG2                            PEG2    3  2  1     N = 3: how many disks to move

Input: n disks of different sizes, drawn from 1..4n, on the source peg, the largest at the
bottom; which peg is source, auxiliary and target is drawn. A user's input is the number of disks.
View: whether a disk can move from S to A, A to T, S to T; whether N = 1; whether the N smallest
disks are on T.
ACT(1, 1, 0) SWAP_S_A and ACT(1, 2, 0) SWAP_A_T exchange the roles of two pegs; ACT(2, 0, 0)
MOVE_DISK moves the top disk from S to T, if that is legal. A call of HANOI by itself makes N one
less until it returns.
Source: Pierrot et al., "Learning compositional neural programs with recursive tree search and
planning" (AlphaNPI), NeurIPS 2019; the values of the sizes, which are only compared, are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.arguments import shown
from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Floats, Ints, fraction
from neuralprog_envs.program.definition import Recursion, as_read
from neuralprog_envs.program.drawings import pegs
from neuralprog_envs.program.library import Library, Look, Program, View
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.world import Apply, Effect, Pointer, Rows, World

S, A, T, N, HEIGHT = range(5)
"""Pointers: three roles, each a peg; the disks to move; then the three pegs' heights."""

ONE = 3
"""The component of the view that says that N = 1."""


class Hanoi:
    """The target peg := the tower."""

    variants: tuple[Recursion, ...] = (True,)
    observations = ("roles",)
    shortest = 1
    split_from = 3
    drawing = staticmethod(pegs.drawing)
    spell = staticmethod(as_read)

    def world(self, n: int, observation: str) -> World:
        """Return three pegs of n places."""
        roles = [Pointer(name, None) for name in ("S", "A", "T", "N")]
        heights = [Pointer(f"height {peg}", peg) for peg in range(3)]
        view = (("S->A", 2), ("A->T", 2), ("S->T", 2), ("N=1", 2), ("SOLVED", 2))
        return World(
            rows=("PEG0", "PEG1", "PEG2"),
            columns=n + 1,
            pointers=(*roles, *heights),
            view=view,
            look=look,
            effects=(
                Effect("SWAP_S_A", (1, 1, 0), exchange(S, A)),
                Effect("SWAP_A_T", (1, 2, 0), exchange(A, T)),
                Effect("MOVE_DISK", (2, 0, 0), move_disk),
            ),
            symbols={0: "."},
            given_columns=n + 1,
        )

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return HANOI, which calls itself for one disk less."""
        hanoi = Program("HANOI", 1, solve, (), several, recursive=True, enter=fewer, leave=more)
        return Library((hanoi,), world.effects)

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return T(1) = 2, T(n) = 8 + 2 T(n - 1)."""
        return 10 * 2 ** (np.minimum(n, 58) - 1) - 8

    def depth(self, n: int, recursive: Recursion) -> int:
        """Return n calls of HANOI."""
        return n

    def sample(self, draws: Draws, lengths: Ints, world: World) -> ProgramInstances:
        """Return towers of different sizes on a drawn peg."""
        n = world.columns - 1
        roles = draws.ranks(3, 3)
        sizes = draws.subset(lengths, 4 * lengths, 4 * n)[:, :n] + 1
        inside = np.arange(n) < lengths[:, None]
        return _posed(np.where(inside, sizes, np.int32(0)), roles, lengths)

    def encode(self, values: Any) -> tuple[int, int]:
        """Return the number of disks, twice."""
        words = values.split() if isinstance(values, str) else np.ravel(values).tolist()
        if len(words) != 1 or not str(words[0]).isdecimal() or int(words[0]) < 1:
            raise ValueError(
                f"give the number of disks, at least 1, as in '3', not {shown(values)}"
            )
        return int(words[0]), int(words[0])

    def pose(self, encoded: int, world: World) -> ProgramInstances:
        """Return disks of sizes 1, 2, … on peg 0, to be moved to peg 2."""
        sizes = np.zeros((1, world.columns - 1), dtype=np.int32)
        sizes[0, :encoded] = np.arange(1, encoded + 1)
        roles = np.arange(3, dtype=np.int32)[None]
        return _posed(sizes, roles, np.array([encoded], dtype=np.int32))

    def content(self, instances: ProgramInstances) -> Ints:
        """Return the roles and the sizes."""
        parts = instances.pointers[:, :3], instances.given[:, 1:]
        return np.concatenate(parts, axis=1)[:, None]

    def judge(self, state: ProgramState, instances: ProgramInstances) -> Floats:
        """Return the fraction of the disks that are on what was the target at the start."""
        pegs = state.pad[np.arange(len(state.pad)), instances.given[:, 0]]
        return fraction(pegs[:, :-1] == instances.answer, instances.mask)

    def read(self, state: ProgramState) -> str:
        """Return the pegs, each from its bottom."""
        pegs = [" ".join(str(v) for v in peg if v) or "-" for peg in state.pad[0]]
        return " | ".join(pegs)


def _posed(sizes: Ints, roles: Ints, lengths: Ints) -> ProgramInstances:
    """Return towers: sizes ascending, 0 past the last, shape (B, n); roles, shape (B, 3)."""
    B, n = sizes.shape
    rows, inside = np.arange(B), np.arange(n) < lengths[:, None]
    below = np.where(inside, lengths[:, None] - 1 - np.arange(n), np.arange(n))
    tower = np.take_along_axis(sizes, below, axis=1)
    pad = np.zeros((B, 3, n + 1), dtype=np.int32)
    pad[rows, roles[:, S], :n] = tower
    pointers = np.zeros((B, 7), dtype=np.int32)
    pointers[:, :3], pointers[:, N] = roles, lengths
    pointers[rows, HEIGHT + roles[:, S]] = lengths
    given = np.concatenate([roles[:, T:], sizes], axis=1).astype(np.int32)
    return ProgramInstances(pad, pointers, given, tower, inside, lengths)


def look(state: ProgramState, rows: Rows) -> list[Any]:
    """Return which moves are possible, whether N = 1, whether N disks are on T."""
    s, a, t = (_top(state, rows, role) for role in (S, A, T))
    n, peg = state.pointers[rows, N], state.pointers[rows, T]
    height = state.pointers[rows, HEIGHT + peg]
    nth = state.pad[rows, peg, height - n] * (height >= n)
    solved = (nth > 0) & (nth <= state.given[rows, n])
    return [_fits(s, a), _fits(a, t), _fits(s, t), n == 1, solved]


def _top(state: ProgramState, rows: Rows, role: int) -> Any:
    """Return the size of the uppermost disk of a role's peg, 0 if there is none."""
    peg = state.pointers[rows, role]
    return state.pad[rows, peg, state.pointers[rows, HEIGHT + peg] - 1]


def _fits(disk: Any, onto: Any) -> Any:
    return (disk > 0) & ((onto == 0) | (disk < onto))


def exchange(one: int, other: int) -> Apply:
    """Return the effect: two pegs exchange their roles."""

    def apply(state: ProgramState, rows: Rows) -> None:
        pointers = state.pointers
        first, second = pointers[rows, one], pointers[rows, other]
        pointers[rows, one], pointers[rows, other] = second, first

    return apply


def move_disk(state: ProgramState, rows: Rows) -> None:
    """Move the top disk from S to T, if that is legal."""
    pad, pointers = state.pad, state.pointers
    source, target = pointers[rows, S], pointers[rows, T]
    disk = _top(state, rows, S)
    may = _fits(disk, _top(state, rows, T))
    height = pointers[rows, HEIGHT + target]
    pad[rows, target, height] += may * disk
    pad[rows, source, pointers[rows, HEIGHT + source] - 1] -= may * disk
    pointers[rows, HEIGHT + target] += may
    pointers[rows, HEIGHT + source] -= may


def fewer(state: ProgramState, rows: Rows) -> None:
    """Make N one less."""
    state.pointers[rows, N] -= 1


def more(state: ProgramState, rows: Rows) -> None:
    """Make N one more."""
    state.pointers[rows, N] += 1


def several(view: View) -> Any:
    """Return whether there is more than one disk to move."""
    return view[ONE] == 0


def solve(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Move all but the largest disk away, then it, then the others onto it."""
    if look()[ONE]:
        yield "MOVE_DISK"
        return
    yield "SWAP_A_T"
    yield "HANOI"
    yield "SWAP_A_T"
    yield "MOVE_DISK"
    yield "SWAP_S_A"
    yield "HANOI"
    yield "SWAP_S_A"
