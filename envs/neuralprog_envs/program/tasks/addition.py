"""Add two numbers, column by column.

    96 + 125   INP1   .  .  .  9  6      each row has a pointer of its own, which starts
               INP2   .  .  1  2  5      at the rightmost column (dots are blank)
               CARRY  .  .  1  1  .
               OUT    .  .  2  2  1

Length: the digits of the longer number. Input: half of the drawn pairs have equally many digits;
otherwise the shorter number's digits are drawn uniformly. No number starts with 0, unless it is
0. The pad has two columns more than the longer number. A user's input is two whole numbers, at
least 0, such as "96 125".
View: the values at the four pointers, 0..9, and 10 for blank.
ACT(row, what, value): row 1..4; what 1 LEFT, 2 RIGHT, 3 WRITE (CARRY and OUT only); value 1..10
writes the digit 0..9.
Source: Reed and de Freitas 2016, section 4.1; recursive: Cai, Shin and Song, "Making neural
programming architectures generalize via recursion", ICLR 2017. The blank (an eleventh value) is
Cai et al.'s; the papers do not say how ACT's arguments are numbered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.arguments import shown
from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.loops import Loop
from neuralprog_envs.core.task import Floats, Ints, fraction
from neuralprog_envs.program.definition import Recursion, as_read
from neuralprog_envs.program.drawings import digits
from neuralprog_envs.program.library import Library, Look, Program, View, loop, sequence
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.world import Effect, Pointer, Rows, World, left, pointed, right, write

INP1, INP2, CARRY, OUT = range(4)
ROWS = ("INP1", "INP2", "CARRY", "OUT")
BLANK = 10
"""The value of a blank cell."""


class Addition:
    """OUT := INP1 + INP2."""

    variants: tuple[Recursion, ...] = (False, True)
    observations = ("values",)
    shortest = 1
    split_from = 2
    drawing = staticmethod(digits.drawing)
    spell = staticmethod(as_read)

    def world(self, n: int, observation: str) -> World:
        """Return four rows of n + 2 columns: one for the last carry, one that stays blank."""
        N = n + 2
        return World(
            rows=ROWS,
            columns=N,
            pointers=tuple(Pointer(name, row) for row, name in enumerate(ROWS)),
            view=tuple((name, 11) for name in ROWS),
            look=look,
            effects=(*_moves(N), *_writes()),
            symbols={BLANK: "."},
        )

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return ADD and what it calls."""
        carry = ("PTR CARRY LEFT", "WRITE CARRY 1", "PTR CARRY RIGHT")
        programs = (
            sequence("CARRY", 1, *carry, precondition=overflows),
            sequence("LSHIFT", 1, *(f"PTR {name} LEFT" for name in ROWS)),
            sequence("RSHIFT", 1, *(f"PTR {name} RIGHT" for name in ROWS)),
            Program("ADD1", 2, add_column, precondition=unfinished),
            loop("ADD", 3, unfinished, "ADD1", "LSHIFT", recursive=bool(recursive)),
        )
        return Library(programs, world.effects)

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return 14 actions a column, 2 more if it calls itself, n + 1 columns, the return."""
        return 16 * (n + 1) + 1

    def depth(self, n: int, recursive: Recursion) -> int:
        """Return ADD, ADD1, CARRY; recursively ADD n + 2 times."""
        return n + 4 if recursive else 3

    def sample(self, draws: Draws, lengths: Ints, world: World) -> ProgramInstances:
        """Return two numbers each, the longer one with as many digits as the length says."""
        N = world.columns
        other = np.where(
            draws.integer(0, 2) == 0, lengths, draws.integer(np.ones_like(lengths), lengths + 1)
        )
        upper = draws.integer(0, 2) == 0
        return _posed(
            digits_of(draws, np.where(upper, lengths, other), N),
            digits_of(draws, np.where(upper, other, lengths), N),
            lengths,
        )

    def encode(self, values: Any) -> tuple[tuple[str, str], int]:
        """Return the two numbers' digits and the length of the longer."""
        words = values.split() if isinstance(values, str) else [_written(v) for v in values]
        if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
            raise ValueError(f"give two whole numbers, as in '96 125', not {shown(values)}")
        one, other = (word.lstrip("0") or "0" for word in words)
        return (one, other), max(len(one), len(other))

    def pose(self, encoded: tuple[str, str], world: World) -> ProgramInstances:
        """Return the two numbers as a batch of one instance."""
        numbers = np.full((2, world.columns), BLANK, dtype=np.int32)
        for row, number in enumerate(encoded):
            numbers[row, world.columns - len(number) :] = list(map(int, number))
        length = max(map(len, encoded))
        return _posed(numbers[:1], numbers[1:], np.array([length], dtype=np.int32))

    def content(self, instances: ProgramInstances) -> Ints:
        """Return the digits plus 1, units first."""
        return (instances.pad[:, :2, ::-1] + 1) % (BLANK + 1)

    def judge(self, state: ProgramState, instances: ProgramInstances) -> Floats:
        """Return the fraction of OUT's columns that hold the sum's digits or, above, blanks."""
        return fraction(state.pad[:, OUT] == instances.answer, instances.mask)

    def read(self, state: ProgramState) -> str:
        """Return the digits in OUT."""
        return "".join("" if v == BLANK else str(v) for v in state.pad[0, OUT])


def look(state: ProgramState, rows: Rows) -> Sequence[Any]:
    """Return the values at the four pointers."""
    return pointed(state, rows, range(4), slice(4))


def _moves(N: int) -> Iterator[Effect]:
    for row, name in enumerate(ROWS):
        yield Effect(f"PTR {name} LEFT", (row + 1, 1, 0), left(row))
        yield Effect(f"PTR {name} RIGHT", (row + 1, 2, 0), right(row, N - 1))


def _writes() -> Iterator[Effect]:
    for row in (CARRY, OUT):
        for digit in range(10):
            words = f"WRITE {ROWS[row]} {digit}"
            yield Effect(words, (row + 1, 3, digit + 1), write(row, row, digit))


def unfinished(view: View) -> Any:
    """Return whether there is something left to add at the pointers."""
    return (view[INP1] != BLANK) | (view[INP2] != BLANK) | (view[CARRY] != BLANK)


def overflows(view: View) -> Any:
    """Return whether the column's sum has two digits."""
    return total(view) > 9


def total(view: View) -> Any:
    """Return the column's sum; blanks are 0."""
    return sum(view[row] * (view[row] != BLANK) for row in (INP1, INP2, CARRY))


def add_column(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
    """Write the column's digit, and carry."""
    column = total(look())
    yield f"WRITE OUT {column % 10}"
    if column > 9:
        yield "CARRY"


@Loop
def digits_of(draws: Draws, count: Ints, N: int) -> Ints:
    """Return numbers of count[b] digits at the right of N columns, shape (B, N)."""
    place = N - 1 - np.arange(N)
    digits = draws.integers(0, 10, N)
    leading = (place == count[:, None] - 1) & (count[:, None] > 1)
    digits = np.where(leading, draws.integers(1, 10, N), digits)
    return np.where(place < count[:, None], digits, BLANK).astype(np.int32)


@Loop
def sums(one: Ints, other: Ints, lengths: Ints) -> Ints:
    """Return the sums of numbers, all three of shape (B, N), with blanks."""
    B, N = one.shape
    answer = np.full((B, N), BLANK, dtype=np.int32)
    columns = np.ascontiguousarray((one % BLANK + other % BLANK).T)
    carried = np.zeros(B, dtype=np.int32)
    for place in range(N):
        at = N - 1 - place
        carried += columns[at]
        over = carried > 9
        answer[:, at] = np.where((place < lengths) | (carried > 0), carried - 10 * over, BLANK)
        carried = over.astype(np.int32)
    return answer


def _posed(one: Ints, other: Ints, lengths: Ints) -> ProgramInstances:
    """Return two numbers each, shape (B, N) with blanks, as instances with their sums."""
    B, N = one.shape
    pad = np.full((B, 4, N), BLANK, dtype=np.int32)
    pad[:, INP1], pad[:, INP2] = one, other
    return ProgramInstances(
        pad=pad,
        pointers=np.full((B, 4), N - 1, dtype=np.int32),
        given=np.zeros((B, 0), dtype=np.int32),
        answer=sums(one, other, lengths),
        mask=np.ones((B, N), dtype=bool),
        length=lengths,
    )


def _written(value: Any) -> str:
    """Return a number as text, however long, or any other value as text."""
    if isinstance(value, (int, np.integer)) and value >= 0:
        digits = []
        while value >= 10**4000:
            value, low = divmod(value, 10**4000)
            digits.append(f"{low:04000d}")
        return "".join([str(value), *reversed(digits)])
    return str(value)
