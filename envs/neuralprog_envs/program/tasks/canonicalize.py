"""Turn the camera around a car until it reaches the pose that the pad holds.

    start    azimuth 45 elevation 45        the camera moves in steps of 15 degrees
    target   azimuth  0 elevation 15        length 5: three steps LEFT, two steps DOWN

Length: the steps between the start and the target, 1 to 8. Input: one of 1,000 cars and a start
with azimuth -75..75 and elevation 0..60; the target is azimuth 0, elevation 15. A user's input is
the number of a car and the start in degrees, such as "17 45 45", up to 8 steps away.
View: the target's azimuth and elevation, in steps; "image" is what the camera sees. The pose
itself is hidden; only experts see it.
ACT(1..4, 0, 0): LEFT, RIGHT (one step less, one more of azimuth), UP, DOWN (elevation 0..75).
A car's number alone decides its split: the cars of "validation" and "test" are never seen in
"train".
Source: Reed and de Freitas 2016, section 4.3. Their cars are CAD models; ours are procedural.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.arguments import integers, shown
from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Floats, Ints, LengthError
from neuralprog_envs.program.definition import Recursion, as_read
from neuralprog_envs.program.drawings import camera
from neuralprog_envs.program.library import Library, Look, Program, View, loop, sequence
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.tasks.cars import CARS, STEP, picture
from neuralprog_envs.program.world import Apply, Effect, Pointer, Rows, World, left, right

AZIMUTH, ELEVATION, CAR = range(3)
"""Pointers; the first two are also the rows of the pad, which hold the target."""

BINS = 360 // STEP
TARGET = (0, 1)
HIGHEST = 5
"""The greatest elevation, in steps."""

TO_AZIMUTH, TO_ELEVATION, _, AT_AZIMUTH, AT_ELEVATION = range(5)
"""What an expert sees: the target, the car, the pose."""


def _starts() -> dict[int, list[tuple[int, int]]]:
    """Return the starts by their distance from the target."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for azimuth in range(-5, 6):
        for elevation in range(5):
            starts.setdefault(_distance(azimuth, elevation), []).append((azimuth, elevation))
    return starts


def _distance(azimuth: int, elevation: int) -> int:
    """Return the steps between a pose and the target."""
    turn = (azimuth - TARGET[0]) % BINS
    return min(turn, BINS - turn) + abs(elevation - TARGET[1])


_STARTS = _starts()


class Canonicalize:
    """The camera := the target pose."""

    variants: tuple[Recursion, ...] = (False,)
    observations = ("image",)
    shortest = 1
    split_from = 1
    drawing = staticmethod(camera.drawing)
    spell = staticmethod(as_read)

    def world(self, n: int, observation: str) -> World:
        """Return two cells that hold the target, and the camera; raise LengthError if n > 8."""
        if n > max(_STARTS):
            raise LengthError(f"length {n}: no start is more than {max(_STARTS)} steps away")
        return World(
            rows=("AZIMUTH", "ELEVATION"),
            columns=1,
            pointers=(
                Pointer("azimuth", None),
                Pointer("elevation", None),
                Pointer("car", None),
            ),
            view=(("AZIMUTH", BINS), ("ELEVATION", BINS)),
            look=look,
            effects=(
                Effect("LEFT", (1, 0, 0), _turn(-1)),
                Effect("RIGHT", (2, 0, 0), _turn(1)),
                Effect("UP", (3, 0, 0), right(ELEVATION, HIGHEST)),
                Effect("DOWN", (4, 0, 0), left(ELEVATION)),
            ),
            symbols={},
            hidden=look_behind,
            picture=picture,
        )

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return GOTO and what it calls."""
        programs = (
            loop("LGOTO", 1, is_elsewhere_sideways, "LEFT"),
            loop("RGOTO", 1, is_elsewhere_sideways, "RIGHT"),
            loop("UGOTO", 1, is_above_or_below, "UP"),
            loop("DGOTO", 1, is_above_or_below, "DOWN"),
            Program("HGOTO", 2, go_sideways),
            Program("VGOTO", 2, go_up_or_down),
            sequence("GOTO", 3, "HGOTO", "VGOTO"),
        )
        return Library(programs, world.effects)

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the camera's steps, four calls with their returns, the return."""
        return n + 9

    def depth(self, n: int, recursive: Recursion) -> int:
        """Return GOTO, HGOTO, LGOTO."""
        return 3

    def sample(self, draws: Draws, lengths: Ints, world: World) -> ProgramInstances:
        """Return cars and starts at the given distances."""
        counts = np.array([len(_STARTS[d]) for d in range(max(_STARTS) + 1)])
        cars, chosen = draws.integer(0, CARS), draws.integer(0, counts[lengths])
        starts = [_STARTS[d][i] for d, i in zip(lengths.tolist(), chosen.tolist(), strict=True)]
        return _posed(cars, np.array(starts, dtype=np.int32).reshape(-1, 2), lengths)

    def encode(self, values: Any) -> tuple[tuple[int, int, int], int]:
        """Return the car, its azimuth and elevation in steps, and how far that is."""
        try:
            if isinstance(values, str):
                values = [int(word) for word in values.replace(",", " ").split()]
            car, azimuth, elevation = integers("a car and its pose", values)
        except ValueError:
            form = "give a car and its pose, as in '17 45 45'"
            raise ValueError(f"{form}, not {shown(values)}") from None
        if not 0 <= car < CARS:
            raise ValueError(f"there are cars 0 to {CARS - 1}, not {car}")
        if azimuth % STEP or elevation % STEP or not 0 <= elevation <= HIGHEST * STEP:
            raise ValueError(
                f"azimuth and elevation are multiples of {STEP} degrees, "
                f"elevation 0 to {HIGHEST * STEP}, not {azimuth} and {elevation}"
            )
        pose = azimuth // STEP, elevation // STEP
        if _distance(*pose) < 1:
            raise ValueError("the camera is at the target already")
        return (car, *pose), _distance(*pose)

    def pose(self, encoded: tuple[int, int, int], world: World) -> ProgramInstances:
        """Return a car and a start as a batch of one instance."""
        numbers = np.array([encoded], dtype=np.int32)
        length = np.array([_distance(encoded[1], encoded[2])], dtype=np.int32)
        return _posed(numbers[:, 0], numbers[:, 1:], length)

    def content(self, instances: ProgramInstances) -> Ints:
        """Return the car alone, so that the splits have no car in common."""
        return instances.pointers[:, None, CAR:] + 1

    def judge(self, state: ProgramState, instances: ProgramInstances) -> Floats:
        """Return which of azimuth and elevation are the target's, as a fraction."""
        return (state.pointers[:, :2] == instances.answer).mean(axis=1)

    def read(self, state: ProgramState) -> str:
        """Return the camera's pose in degrees."""
        azimuth, elevation = (int(v) * STEP for v in state.pointers[0, :2])
        return f"azimuth {azimuth} elevation {elevation}"


def _posed(cars: Ints, starts: Ints, lengths: Ints) -> ProgramInstances:
    """Return cars, shape (B,), and starts, shape (B, 2), in steps, as instances."""
    B = len(cars)
    pad = np.zeros((B, 2, 1), dtype=np.int32)
    pad[:, AZIMUTH], pad[:, ELEVATION] = TARGET
    pointers = np.stack([starts[:, 0] % BINS, starts[:, 1], cars], axis=1).astype(np.int32)
    return ProgramInstances(
        pad=pad,
        pointers=pointers,
        given=np.zeros((B, 0), dtype=np.int32),
        answer=pad[:, :, 0].copy(),
        mask=np.ones((B, 2), dtype=bool),
        length=lengths,
    )


def look(state: ProgramState, rows: Rows) -> list[Any]:
    """Return the target."""
    return [state.pad[rows, row, 0] for row in (AZIMUTH, ELEVATION)]


def look_behind(state: ProgramState, rows: Rows) -> list[Any]:
    """Return the car and the camera's pose, from which the picture is drawn."""
    return [state.pointers[rows, p] for p in (CAR, AZIMUTH, ELEVATION)]


def _turn(step: int) -> Apply:
    def apply(state: ProgramState, rows: Rows) -> None:
        state.pointers[rows, AZIMUTH] = (state.pointers[rows, AZIMUTH] + step) % BINS

    return apply


def is_elsewhere_sideways(view: View) -> Any:
    """Return whether the azimuth is not the target's."""
    return view[AT_AZIMUTH] != view[TO_AZIMUTH]


def is_above_or_below(view: View) -> Any:
    """Return whether the elevation is not the target's."""
    return view[AT_ELEVATION] != view[TO_ELEVATION]


def go_sideways(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Go the shorter way to the target's azimuth."""
    seen = look()
    turn = (seen[AT_AZIMUTH] - seen[TO_AZIMUTH]) % BINS
    if turn:
        yield "LGOTO" if turn <= BINS // 2 else "RGOTO"


def go_up_or_down(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Go to the target's elevation."""
    seen = look()
    if is_above_or_below(seen):
        yield "UGOTO" if seen[AT_ELEVATION] < seen[TO_ELEVATION] else "DGOTO"
