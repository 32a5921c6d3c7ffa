"""Every input of a few numbers, run on the hard machine and judged by the task."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from neuralprog_agents.circuits.proofs.program import TapeProgram
from neuralprog_agents.circuits.tables import run
from neuralprog_agents.evaluation.certificate import Proof

NUMBERS = 7
"""The most numbers that an input has."""
FEWEST_VALUES = 4
_MEMORIES = (0, 3)
"""Cells beyond the least that the inputs need: each input is run in each of these memories."""
_AT_ONCE = 1 << 15

_Inputs = dict[int, list[list[int]]]
"""Tapes by length, without their trailing zeros."""


def prove(program: TapeProgram, numbers: int = NUMBERS) -> Proof:
    """Run a program on every input of at most so many numbers.

    An input of m numbers has values in 0..max(m, 4) - 1; those that the task refuses (a value 0
    where it wants none, a pointer that leads nowhere) are no inputs.
    """
    cases = failing = 0
    for length, tapes in sorted(_inputs(program, numbers).items()):
        for spare in _MEMORIES:
            for first in range(0, len(tapes), _AT_ONCE):
                wrong = _failures(program, length, tapes[first : first + _AT_ONCE], spare)
                cases += len(wrong)
                failing += int(wrong.sum())
    return Proof(
        method="every input up to a size",
        covers=(
            f"{program.task_name}: every input of at most {numbers} numbers, each less than "
            f"{FEWEST_VALUES} or the count of numbers, in the least memory that holds it and in "
            f"one of {_MEMORIES[1]} cells more"
        ),
        cases=cases,
        failing=failing,
        details={"numbers": numbers, "fewest_values": FEWEST_VALUES},
    )


def _inputs(program: TapeProgram, numbers: int) -> _Inputs:
    algorithm, found = program.algorithm, _Inputs()
    for values in _candidates(numbers):
        try:
            tape, length = algorithm.encode(values)
        except ValueError:
            continue
        found.setdefault(length, []).append(tape)
    return found


def _candidates(numbers: int) -> Iterator[list[int]]:
    for m in range(1, numbers + 1):
        yield from map(list, product(range(max(m, FEWEST_VALUES)), repeat=m))


def _failures(program: TapeProgram, length: int, tapes: list[list[int]], spare: int) -> np.ndarray:
    """Return which tapes of one length the program gets wrong, shape (B,)."""
    least = program.algorithm.memory_size(length)
    M = max(least, max(map(len, tapes)), max(map(max, tapes)) + 1) + spare
    task = program.task(length, M)
    cells = np.zeros((len(tapes), M), dtype=np.int32)
    for row, tape in zip(cells, tapes, strict=True):
        row[: len(tape)] = tape
    lengths = np.full(len(tapes), length, dtype=np.int32)
    instances = task.pose(cells, lengths)
    limits = np.full(len(tapes), program.limit(length))
    return task.score(run(task.machine, program.table, instances, limits), instances) < 1
