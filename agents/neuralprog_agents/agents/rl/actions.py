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
    return np.unique(_plain(machine, every), axis=0)


def rows_of(machine: Machine, actions: NDArray[np.int64], table: Table) -> NDArray[np.int64]:
    """Return which row of ``distinct_actions`` each action is, or does the same as: (N, K) to (N,).

    Raises:
        ValueError: An action is none of them.
    """
    rows, asked = (
        np.ravel_multi_index(list(each.T), machine.actions)
        for each in (table, _plain(machine, actions))
    )
    found = np.minimum(np.searchsorted(rows, asked), len(rows) - 1)
    if (rows[found] != asked).any():
        raise ValueError(f"no action of this machine: {actions[rows[found] != asked][0].tolist()}")
    return found


def _plain(machine: Machine, actions: Table) -> Table:
    """Return actions that do the same, with 0 for each integer of an instruction that is idle."""
    if not isinstance(machine, TapeMachine) or machine.action != "instruction":
        return actions
    operation = actions[:, 0]
    arity = np.array([*(module.arity for module in MODULES), 0])[operation]
    used = np.stack([operation >= 0, arity > 0, arity > 1, operation != HALT], axis=1)
    return np.where(used, actions, 0)


def legal_actions(masks: Bools, table: Table, choices: tuple[int, ...]) -> Bools:
    """Return which actions of a table are legal, (n, A), of masks of each integer, (n, ΣK)."""
    first = np.cumsum((0, *choices[:-1]))
    return np.asarray(masks[:, first + table].all(axis=2))
