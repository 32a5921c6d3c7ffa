"""Array helpers for the tasks: spans of cells, and reading cells at computed addresses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuralprog_envs.core.task import Bools, Ints


def span(M: int, start: ArrayLike, count: ArrayLike) -> Bools:
    """Return which of M cells lie in start..start+count-1, shape (B, M)."""
    cell = np.arange(M)
    start, count = np.reshape(start, (-1, 1)), np.reshape(count, (-1, 1))
    return (cell >= start) & (cell < start + count)


def read(tape: Ints, addresses: NDArray) -> Ints:
    """Return ``tape[b, addresses[b, j]]``, shape of ``addresses``; outside the tape, the edge."""
    return np.take_along_axis(tape, np.clip(addresses, 0, tape.shape[1] - 1), axis=1)


def shifted(tape: Ints, by: ArrayLike) -> Ints:
    """Return the tape moved right: cell j holds what cell j - by held, shape (B, M)."""
    return read(tape, np.arange(tape.shape[1]) - np.reshape(by, (-1, 1)))


def check_values(values: list[int], least: int = 1) -> None:
    """Raise ValueError when a value of an array is too small for the format, or none is given."""
    if not values:
        raise ValueError("the input is empty: give at least one number")
    if min(values) < least:
        raise ValueError(f"value {min(values)} is too small: values here are at least {least}")
