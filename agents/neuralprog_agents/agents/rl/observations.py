"""The arrays of an observation that a network sees; several of integers are packed into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


def shown_space(space: spaces.Space[Any], fields: Sequence[str]) -> spaces.Space[Any]:
    """Return the space of the selected arrays of an observation.

    Raises:
        ValueError: An array is unknown.
    """
    if not fields:
        return space
    if not isinstance(space, spaces.Dict):
        raise ValueError("fields: this observation is a single array; leave fields empty")
    for name in fields:
        if name not in space.spaces:
            known = ", ".join(space.spaces)
            raise ValueError(f"fields: the observation has no {name!r}; it has {known}")
    if len(fields) == 1:
        return space[fields[0]]
    return spaces.Dict({name: space[name] for name in fields})


def chosen(observation: Any, fields: Sequence[str]) -> Any:
    """Return the selected arrays of an observation."""
    if len(fields) == 1:
        return observation[fields[0]]
    return {name: observation[name] for name in fields} if fields else observation


def packs(space: spaces.Space[Any]) -> bool:
    """Return whether a space is a dictionary of boxes of integers."""
    parts = space.spaces.values() if isinstance(space, spaces.Dict) else ()
    return bool(parts) and all(part.dtype is not None and part.dtype.kind in "iu" for part in parts)


def packed_space(space: spaces.Dict) -> spaces.Box:
    """Return the box of all arrays side by side, int32."""
    low, high = (
        np.concatenate([np.ravel(getattr(part, end)) for part in space.spaces.values()])
        for end in ("low", "high")
    )
    return spaces.Box(low.astype(np.int32), high.astype(np.int32), dtype=np.int32)


def packed(observation: dict[str, NDArray[Any]], names: Sequence[str]) -> NDArray[np.int32]:
    """Return all arrays side by side, in the order of the space: (n, …) each to (n, F)."""
    parts = [observation[name] for name in names]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1, dtype=np.int32)
