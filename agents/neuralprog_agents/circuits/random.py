"""Random numbers of the compiled search: SplitMix64 on a counter.

Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
A stream is an array of two words, key and counter; word number i of a key never changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.training.compiled import inlined

Stream = NDArray[np.uint64]
"""Key and counter, shape (2,)."""

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_S32, _S11, _ONE = np.uint64(32), np.uint64(11), np.uint64(1)


@inlined
def word(stream: Stream) -> np.uint64:
    """Return the next 64 bits."""
    stream[1] += _ONE
    x = stream[0] + stream[1] * _GAMMA
    x = (x ^ (x >> _S30)) * _FIRST
    x = (x ^ (x >> _S27)) * _SECOND
    return x ^ (x >> _S31)


@inlined
def below(stream: Stream, n: int) -> int:
    """Return a uniform integer from 0 to n - 1; n is small."""
    return np.int64(((word(stream) >> _S32) * np.uint64(n)) >> _S32)  # type: ignore[return-value]


@inlined
def fraction(stream: Stream) -> float:
    """Return a uniform number, at least 0 and below 1."""
    return np.float64(np.int64(word(stream) >> _S11)) * 2.0**-53
