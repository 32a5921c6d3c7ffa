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
    arrays = [getattr(batch, name) for name in _names(kind)]  # type: ignore[arg-type]
    if isinstance(rows, slice):
        return kind(*[array[rows] for array in arrays])
    return kind(*[array.take(rows, axis=0) for array in arrays])  # 4 to 8 times as fast as [rows]


def concatenate(parts: Sequence[Batch]) -> Batch:
    """Return the rows of several batches, one after another, as a new batch."""
    kind = type(parts[0])
    names = _names(kind)  # type: ignore[arg-type]
    return kind(*[np.concatenate([getattr(part, name) for part in parts]) for name in names])


def copy(batch: Batch) -> Batch:
    """Return a batch of new arrays with the same content."""
    kind = type(batch)
    return kind(*[getattr(batch, name).copy() for name in _names(kind)])  # type: ignore[arg-type]


def blank(batch: Batch, rows: int) -> Batch:
    """Return a batch of so many rows, whose content is arbitrary, of the same arrays."""
    kind = type(batch)
    arrays = [getattr(batch, name) for name in _names(kind)]  # type: ignore[arg-type]
    return kind(*[np.empty((rows, *array.shape[1:]), array.dtype) for array in arrays])


def assign(batch: Any, rows: Rows | slice, values: Any, done: Any = None) -> None:
    """Write ``values`` (one row each) into the given rows of every array, in place.

    An array that the batch shares with the batch ``done`` has its values already.
    """
    for name in _names(type(batch)):  # type: ignore[arg-type]
        target, source = getattr(batch, name), getattr(values, name)
        if target is getattr(done, name, None):
            continue
        if _as_elements(target, source):
            _whole_rows(target)[rows] = _whole_rows(source)
        else:
            target[rows] = source


def _as_elements(target: NDArray[Any], source: NDArray[Any]) -> bool:
    """Whether the rows of two arrays can be assigned as single elements."""
    alike = target.dtype == source.dtype and not target.dtype.hasobject
    return alike and target.ndim > 1 and target.flags.c_contiguous and source.nbytes > 0


def _whole_rows(array: NDArray[Any]) -> NDArray[Any]:
    """Return each row as one element: NumPy assigns those 2 to 4 times as fast."""
    rows = np.ascontiguousarray(array).reshape(len(array), -1)
    return rows.view(np.dtype((np.void, rows.strides[0])))[:, 0]


def numbers(batch: Any) -> dict[str, NDArray[Any]]:
    """Return copies of all arrays but those of texts, by name."""
    arrays = {name: getattr(batch, name) for name in _names(type(batch))}  # type: ignore[arg-type]
    return {name: array.copy() for name, array in arrays.items() if array.dtype.kind in "biuf"}


def row_bytes(batch: Any) -> int:
    """Return how many bytes one row of a batch takes."""
    arrays = [getattr(batch, name) for name in _names(type(batch))]  # type: ignore[arg-type]
    return sum(array.nbytes // len(array) for array in arrays)
