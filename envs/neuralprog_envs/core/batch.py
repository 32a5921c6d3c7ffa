"""Frozen dataclasses of arrays with a leading batch axis: take rows, put rows.

States and instances of every family are such records, so the faces can move rows between
them without knowing what they hold.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Batch = TypeVar("Batch")
Rows = NDArray[np.intp]


def size(batch: Any) -> int:
    """Return the number of rows B of a batch."""
    return len(getattr(batch, fields(batch)[0].name))


def take(batch: Batch, rows: Rows | slice) -> Batch:
    """Return the chosen rows of every array, as a new batch."""
    names = [field.name for field in fields(batch)]  # type: ignore[arg-type]
    return replace(batch, **{name: getattr(batch, name)[rows] for name in names})  # type: ignore[type-var]


def put(batch: Any, rows: Rows, values: Any) -> None:
    """Write ``values`` (one row each) into the given rows of every array, in place."""
    for field in fields(batch):
        getattr(batch, field.name)[rows] = getattr(values, field.name)
