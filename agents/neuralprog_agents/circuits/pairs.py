"""Input/output pairs as the compiled interpreter wants them: bytes, a pair a lane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits.interpreter import FULL, Problem
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_envs.tape.state import TapeInstances


def problem(
    instances: TapeInstances, memory: NDArray[np.int64], limit: NDArray[np.int64], changed: float
) -> Problem:
    """Return pairs as the compiled interpreter wants them.

    The instances are a multiple of 64 rows, padded to one width. ``memory`` has M of each, at most
    128, and ``limit`` T of each, at most 255, shape (B,); for ``changed`` see ``weights``.
    """
    groups = len(memory) // LANES
    answer = np.where(instances.mask, instances.answer, 0)
    wanted = answer.sum(axis=1)
    differ = wanted[::2] != wanted[1::2]

    def cells(array: NDArray[Any]) -> NDArray[np.uint8]:
        by_cell = array.reshape(groups, LANES, -1).transpose(0, 2, 1)
        return np.ascontiguousarray(by_cell, dtype=np.uint8).reshape(-1)

    return Problem(
        tape=cells(instances.tape),
        answer=cells(answer),
        weight=cells(weights(instances, changed)),
        modulus=memory.astype(np.uint8),
        limit=limit.astype(np.uint8),
        wanted=wanted.astype(np.uint8),
        answers=np.repeat(np.where(differ, 255, 0), 2).astype(np.uint8),
        cells=memory.reshape(groups, LANES).max(axis=1).astype(np.int64),
        steps=limit.reshape(groups, LANES).max(axis=1).astype(np.int64),
        width=instances.tape.shape[1],
    )


def weights(instances: TapeInstances, changed: float) -> NDArray[np.int64]:
    """Return what each scored cell counts: 1, or ``changed`` where the input is not the answer.

    Integers that add up to FULL in each row, shape (B, M): the largest remainders round up.
    """
    changes = instances.mask & (instances.tape != instances.answer)
    share = np.where(changes, changed, 1.0) * instances.mask
    exact = share / share.sum(axis=1, keepdims=True) * FULL
    whole = np.floor(exact).astype(np.int64)
    missing = FULL - whole.sum(axis=1, keepdims=True)
    rank = np.argsort(np.argsort(whole - exact, axis=1, kind="stable"), axis=1)
    return whole + (rank < missing)


def in_lanes(
    instances: TapeInstances, memory: NDArray[np.int64], rows: NDArray[np.int64], alike: bool
) -> NDArray[np.int64]:
    """Return an even number of rows in the order in which the lanes should hold them.

    By length, so that groups of 64 are alike; ``memory`` has M of each pair, shape (B,). If
    ``alike``, neighbours (2k, 2k + 1) are pairs of one length and one M whose inputs have as many
    equal cells as a greedy choice finds: they differ in little but what decides the answer. It is
    for scores with contrast.
    """
    by_length = rows[np.lexsort((memory[rows], instances.length[rows]))]
    if not alike:
        return by_length
    kind = instances.length[by_length] * 1000 + memory[by_length]
    couples, single = list[int](), list[int]()
    for k in np.unique(kind):
        left = by_length[kind == k].tolist()
        while len(left) > 1:
            first = left.pop(0)
            equal = (instances.tape[left] == instances.tape[first]).sum(axis=1)
            couples += [first, left.pop(int(equal.argmax()))]
        single += left
    return np.array([*couples, *single], dtype=np.int64)
