"""A function of numbers: every a and b modulo every M up to a bound, run on the hard machine."""

from __future__ import annotations

import numpy as np

from neuralprog_agents.circuits.proofs.program import TapeProgram
from neuralprog_agents.circuits.tables import run
from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_envs.tape.functions import Function

LARGEST = 64
"""The largest M."""


def provable(program: TapeProgram) -> bool:
    """Return whether the task is a function of numbers."""
    return isinstance(program.algorithm, Function)


def prove(program: TapeProgram, largest: int = LARGEST) -> Proof:
    """Run a ``provable`` program on all pairs of numbers below M, for every M up to ``largest``."""
    shortest = program.algorithm.shortest
    wrong = [failures(program, M) for M in range(shortest, largest + 1)]
    return Proof(
        method="every pair of numbers, modulo every M up to a bound",
        covers=f"{program.task_name}: all a, b < M for every M from {shortest} to {largest}",
        cases=sum(map(len, wrong)),
        failing=int(sum(part.sum() for part in wrong)),
        details={"largest": largest},
    )


def right_and_halting(program: TapeProgram, largest: int) -> bool:
    """Return whether it is right and halts by itself on all pairs modulo every M up to that."""
    sizes = range(program.algorithm.shortest, largest + 1)
    return bool(sizes) and not any(np.any(_run(program, M)) for M in sizes)


def failures(program: TapeProgram, M: int) -> np.ndarray:
    """Return for which a and b modulo M it is wrong, shape (M²,)."""
    return _run(program, M)[0]


def _run(program: TapeProgram, M: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where it is wrong, and where it does not halt by itself, each of shape (M²,)."""
    a, b = np.indices((M, M), dtype=np.int32)
    tape = np.zeros((M * M, M), dtype=np.int32)
    tape[:, 0], tape[:, 1] = a.ravel(), b.ravel()
    task = program.task(M, M)
    instances = task.pose(tape, np.full(M * M, M, dtype=np.int32))
    limits = np.full(M * M, program.limit(M))
    final = run(task.machine, program.table, instances, limits)
    return task.score(final, instances) < 1, ~final.halted
