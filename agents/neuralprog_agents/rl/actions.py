"""Whole actions as single numbers: which there are, and which are legal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools, Machine
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.ops import HALT, MODULES

Table = NDArray[np.int64]


def distinct_actions(machine: Machine) -> Table:
    """Return every action once, shape (A, K), in ascending order.

    Of actions that do the same, because an integer in them is not used, the one with 0 there is
    kept; and of a program's calls only those with arguments that the callee knows.
    """
    if isinstance(machine, ProgramMachine):
        return np.array(sorted(machine.library.words), dtype=np.int64)
    every = np.indices(machine.actions).reshape(len(machine.actions), -1).T.astype(np.int64)
    if isinstance(machine, TapeMachine) and machine.action == "instruction":
        return every[_without_idle_numbers(every)]
    return every


def _without_idle_numbers(instructions: Table) -> Bools:
    """Return which instructions have 0 wherever their operation reads or writes no register."""
    operation, a, b, destination = (instructions[:, k] for k in range(4))
    halts = operation == HALT
    arity = np.array([*(module.arity for module in MODULES), 0])[operation]
    idle = np.where(arity < 1, a, 0) + np.where(arity < 2, b, 0) + np.where(halts, destination, 0)
    return np.asarray(idle == 0)


def legal_actions(masks: Bools, table: Table, choices: tuple[int, ...]) -> Bools:
    """Return which actions of a table are legal, (n, A), of masks of each integer, (n, ΣK)."""
    first = np.cumsum((0, *choices[:-1]))
    return np.asarray(masks[:, first + table].all(axis=2))
