"""How functions are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

Index = np.uintp
"""Numba counts an index from the end if it can be negative, which takes time."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function at its first call, and keep it on disk if there is a folder for it.

    What is kept is machine code beside the source, as much to be trusted as Python's own cache.
    """
    try:
        return njit(cache=True, error_model="numpy")(function)  # type: ignore[no-any-return]
    except RuntimeError:  # numba found no folder
        return njit(error_model="numpy")(function)  # type: ignore[no-any-return]
