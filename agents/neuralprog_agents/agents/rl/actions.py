"""Flat actions: the distinct actions of a machine as single integers, and which are legal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools, Machine
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.tape.machine import TapeMachine

Table = NDArray[np.int64]


def distinct_actions(machine: Machine) -> Table:
    """Return the distinct actions, shape (A, K), in ascending order.

    Actions that differ only in an unused integer have the same effect; only the one with 0 there
    is returned. Of a program's calls only those with valid arguments are returned.
    """
    if isinstance(machine, ProgramMachine):
        return np.array(sorted(machine.library.words), dtype=np.int64)
    every = np.indices(machine.actions).reshape(len(machine.actions), -1).T.astype(np.int64)
    return np.unique(_plain(machine, every), axis=0)


def rows_of(machine: Machine, actions: NDArray[np.int64], table: Table) -> NDArray[np.int64]:
    """Return the row of ``distinct_actions`` with the effect of each action, (N, K) to (N,).

    Raises:
        ValueError: An action has no such row.
    """
    rows, asked = (
        np.ravel_multi_index(list(each.T), machine.actions)
        for each in (table, _plain(machine, actions))
    )
    found = np.minimum(np.searchsorted(rows, asked), len(rows) - 1)
    if (rows[found] != asked).any():
        raise ValueError(
            f"not an action of this machine: {actions[rows[found] != asked][0].tolist()}"
        )
    return found


def _plain(machine: Machine, actions: Table) -> Table:
    """Return the actions with every integer that the operation does not use set to 0."""
    if isinstance(machine, TableMachine):
        used = np.array([(True, each.column, each.pivot) for each in machine.ops])
    elif isinstance(machine, TapeMachine) and machine.action == "instruction":
        arities = np.array([module.arity for module in machine.module_list])
        used = np.ones((len(machine.operations), 4), dtype=bool)
        used[:-1, 1:3] = arities[:, None] > np.arange(2)
        used[-1, 1:] = False  # HALT
    else:
        return actions
    return np.where(used[actions[:, 0]], actions, 0)


def legal_actions(masks: Bools, table: Table, choices: tuple[int, ...]) -> Bools:
    """Return the mask of a table's actions, (n, A), given the masks of the integers, (n, ΣK)."""
    first = np.cumsum((0, *choices[:-1]))
    return np.asarray(masks[:, first + table].all(axis=2))
