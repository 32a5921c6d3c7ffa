"""Frozen dataclasses of arrays with a leading batch axis: take rows, assign rows.

States and instances of every family have this form, so the interfaces can move rows between them
without knowing what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Batch = TypeVar("Batch")
Rows = NDArray[np.intp]


@lru_cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def take(batch: Batch, rows: Rows | slice) -> Batch:
    """Return the chosen rows of every array, as a new batch."""
    kind = type(batch)
    return kind(*[getattr(batch, name)[rows] for name in _names(kind)])  # type: ignore[arg-type]


def concatenate(parts: Sequence[Batch]) -> Batch:
    """Return the rows of several batches, one after another, as a new batch."""
    kind = type(parts[0])
    names = _names(kind)  # type: ignore[arg-type]
    return kind(*[np.concatenate([getattr(part, name) for part in parts]) for name in names])


def copy(batch: Batch) -> Batch:
    """Return a batch of new arrays with the same content."""
    kind = type(batch)
    return kind(*[getattr(batch, name).copy() for name in _names(kind)])  # type: ignore[arg-type]


def assign(batch: Any, rows: Rows, values: Any) -> None:
    """Write ``values`` (one row each) into the given rows of every array, in place."""
    for name in _names(type(batch)):  # type: ignore[arg-type]
        getattr(batch, name)[rows] = getattr(values, name)


def numbers(batch: Any) -> dict[str, NDArray[Any]]:
    """Return copies of all arrays but those of texts, by name."""
    arrays = {name: getattr(batch, name) for name in _names(type(batch))}  # type: ignore[arg-type]
    return {name: array.copy() for name, array in arrays.items() if array.dtype.kind in "biuf"}


def row_bytes(batch: Any) -> int:
    """Return how many bytes one row of a batch takes."""
    arrays = [getattr(batch, name) for name in _names(type(batch))]  # type: ignore[arg-type]
    return sum(array.nbytes // len(array) for array in arrays)
