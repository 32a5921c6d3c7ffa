"""Tapes as vectors of bits: what the machine sees step by step, and what it should answer.

A tape of L cells (trailing zeros trimmed: they are all that a longer memory adds) is seen so:

    step       0 … L-1       L            L+1, …
    bits       the cells     0            0
    channels   0 0           1 0 (end)    0 1 (answer now)

From step L+1 on the scored cells are answered, then the mark that ends the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import UnreadableError
from neuralprog_envs.core.task import Bools, Ints
from neuralprog_envs.tape.state import TapeInstances

Floats = NDArray[np.float32]

END, ANSWER = 0, 1
"""The channels after the bits of what is seen."""
CHANNELS = 2

MARKS = 1
"""After the bits of what is answered: whether the answer is over."""


def cells_of(tape: Ints) -> NDArray[np.int64]:
    """Return L of each tape, shape (B,): at least 1, up to the last cell that is not 0."""
    filled = (tape != 0) * np.arange(1, tape.shape[1] + 1)
    return np.maximum(filled.max(axis=1), 1)


def seen(tape: Ints, steps: int, bits: int) -> Floats:
    """Return what is seen of tapes, (B, M), in shape (``steps``, B, bits + 2).

    There are at least as many steps as the longest tape has cells.

    Raises:
        UnreadableError: A value has more bits than ``bits``.
    """
    if tape.max() >= 1 << bits:
        raise UnreadableError(f"value {tape.max()} can't be read in {bits} bits")
    L, time = cells_of(tape), np.arange(steps)[:, None]
    found = np.zeros((steps, len(tape), bits + CHANNELS), dtype=np.float32)
    most = min(steps, tape.shape[1])
    found[:most, :, :bits] = _bits(tape[:, :most].T, bits)
    found[:, :, bits + END] = time == L
    found[:, :, bits + ANSWER] = time > L
    return found


def wanted(instances: TapeInstances, bits: int) -> tuple[Floats, Bools]:
    """Return what should be answered, shape (T, B, bits + 1), and when, shape (T, B).

    T is just long enough for the longest tape with its answer.
    """
    L, count = cells_of(instances.tape), instances.mask.sum(axis=1)
    over = L + 1 + count
    time = np.arange(over.max() + 1)[:, None]
    found = np.zeros((len(time), len(L), bits + MARKS), dtype=np.float32)
    row, cell = np.nonzero(instances.mask)
    order = instances.mask.cumsum(axis=1)[row, cell]
    found[L[row] + order, row, :bits] = _bits(instances.answer[row, cell], bits)
    found[over, np.arange(len(L)), bits] = 1.0
    return found, (time > L) & (time <= over)


def answers_in(found: Bools, L: NDArray[np.int64]) -> list[list[int]]:
    """Return the answers in the found bits, shape (T, B, bits + 1): up to the mark, or to the end.

    ``L`` has each tape's cells, shape (B,).
    """
    values = found[:, :, :-MARKS] @ (1 << np.arange(found.shape[2] - MARKS, dtype=np.int64))
    rows = zip(values.T.tolist(), found[:, :, -1].T.tolist(), L.tolist(), strict=True)
    return [_until(row[cells + 1 :], over[cells + 1 :]) for row, over, cells in rows]


def _until(values: Sequence[int], over: list[bool]) -> list[int]:
    return list(values[: over.index(True)] if True in over else values)


def _bits(values: NDArray[np.integer], bits: int) -> NDArray[np.integer]:
    return (values[..., None] >> np.arange(bits)) & 1
