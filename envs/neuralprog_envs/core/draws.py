"""Random draws that are a pure function of an address, for a whole batch of addresses.

NumPy's generators cost about 18 µs to set up, far too much for one per episode, and a shared
generator would make an instance depend on earlier draws. So draws come from a counter:
bit pattern = mix(key + counter · γ), with the finaliser and the odd constant γ of SplitMix64
(Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
Row b of every array depends on key b and on the order of calls, and on nothing else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuralprog_envs.core.loops import Loop

Bits = NDArray[np.uint64]
Ints = NDArray[np.int32]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_HALF = np.uint64(32)
_WORD = 2**64


def mix(bits: Bits) -> Bits:
    """Scramble 64-bit patterns of any shape (SplitMix64's finaliser); a bijection."""
    for shift, multiplier in zip(_SHIFTS, _MULTIPLIERS, strict=False):
        shifted = bits >> shift
        shifted ^= bits  # in place: a third of the time
        shifted *= multiplier
        bits = shifted
    shifted = bits >> _SHIFTS[2]
    shifted ^= bits
    return shifted


def as_words(values: ArrayLike) -> Bits:
    """Return integers of any size (a seed may have more than 64 bits) modulo 2**64."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        return values.ravel().astype(np.uint64)
    exact: list[Any] = np.asarray(values, dtype=object).ravel().tolist()
    return np.array([int(value) % _WORD for value in exact], dtype=np.uint64)


def combine(*words: Bits) -> Bits:
    """Hash several words, elementwise, into one; the order matters."""
    total = mix(words[0] + _GAMMA)
    for word in words[1:]:
        total = mix(total * _MULTIPLIERS[1] + word + _GAMMA)
    return total


def key_of(*words: int) -> int:
    """Return 64 bits, 0..2**64-1, that depend on every word and on their order."""
    return int(combine(*map(as_words, words))[0])


def scrambled(key: Bits, first: int, columns: int) -> Bits:
    """Return mix(key[b] + i · γ), shape (B, columns), for i from ``first`` on."""
    counters = np.arange(first, first + columns, dtype=np.uint64)
    counters *= _GAMMA
    return mix(key[:, None] + counters)


@Loop
def uniform(key: Bits, first: int, columns: int, low: ArrayLike, high: ArrayLike) -> Ints:
    """Return ``scrambled`` bits scaled to integers in low..high-1, shape (B, columns)."""
    bits = scrambled(key, first, columns)
    bits >>= _HALF
    bits *= (np.asarray(high) - np.asarray(low)).astype(np.uint64)
    bits >>= _HALF
    return np.asarray(low, dtype=np.int32) + bits.astype(np.int32)


def _upright(values: ArrayLike) -> ArrayLike:
    """Return (B,) values as (B, 1), and a number as it is."""
    return np.reshape(values, (-1, 1)) if np.ndim(values) else values


class Draws:
    """A source of random integers for B addresses; ``key``, (B,), has one uint64 for each."""

    def __init__(self, key: Bits) -> None:
        self.key = key
        self._counter = 1

    def __len__(self) -> int:
        return len(self.key)

    def bits(self, columns: int) -> Bits:
        """Return fresh uniform 64-bit patterns, shape (B, columns)."""
        return scrambled(self.key, self.pass_over(columns), columns)

    def pass_over(self, columns: int) -> int:
        """Return the counter of the first of so many columns, which are then drawn."""
        first = self._counter
        self._counter += columns
        return first

    def integers(self, low: ArrayLike, high: ArrayLike, columns: int) -> Ints:
        """Return uniform integers in low..high-1, shape (B, columns), dtype int32.

        Args:
            low: Smallest value; a number or an array that broadcasts to (B, columns).
            high: One more than the largest value, likewise; at most 2**31.
            columns: Values for each address.
        """
        return uniform(self.key, self.pass_over(columns), columns, low, high)

    def integer(self, low: ArrayLike, high: ArrayLike) -> Ints:
        """Return one uniform integer in low..high-1 for each address, shape (B,)."""
        return self.integers(_upright(low), _upright(high), 1)[:, 0]

    def ranks(self, counts: ArrayLike, columns: int) -> Ints:
        """Return a random permutation of 0..counts[b]-1 in the first counts[b] columns.

        The other columns, in order, hold counts[b]..columns-1.

        Args:
            counts: How many columns take part in each row, a number or shape (B,).
            columns: Width of the result, shape (B, columns); not to be computed from the batch.
        """
        keys = self.bits(columns) >> np.uint64(1)
        position = np.arange(columns, dtype=np.uint64)
        outside = position >= np.asarray(counts, dtype=np.uint64).reshape(-1, 1)
        keys = np.where(outside, (np.uint64(1) << np.uint64(63)) + position, keys)
        return np.argsort(keys, axis=1, kind="stable").astype(np.int32)

    def subset(self, counts: NDArray[Any], totals: ArrayLike, columns: int) -> Ints:
        """Return counts[b] distinct numbers out of 0..totals[b]-1, ascending.

        Args:
            counts: How many to choose in each row, shape (B,).
            totals: Size of the range to choose from, a number or shape (B,); at least counts.
            columns: Width of the result, at least max(totals), and not to be computed from the
                batch: a row must not depend on its neighbours. The columns from counts[b] on
                hold values of ``columns`` or more.
        """
        unused = np.arange(columns) >= counts[:, None]
        chosen = np.where(unused, columns, self.ranks(totals, columns))
        return np.sort(chosen, axis=1).astype(np.int32)
