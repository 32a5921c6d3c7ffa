"""Counter-based random words: Philox 2x32 with ten rounds.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
The key is the seed, the counter is (i, step). No state: training resumes exactly, and
threads, devices and the order of work cannot change a number.
"""

from __future__ import annotations

from typing import Any

WORD = 0xFFFFFFFF
MULTIPLIER = 0xD256D193
KEY_STEP = 0x9E3779B9
ROUNDS = 10


def fold(seed: int) -> int:
    """A 32-bit key from a seed of any size."""
    seed = int(seed) & 0xFFFFFFFFFFFFFFFF
    return (seed ^ (seed >> 32)) & WORD


def words(index: Any, seed: int, step: int) -> tuple[Any, Any]:
    """Two 32-bit words for each int64 of ``index`` (an array or a tensor)."""
    left, right, key = index & WORD, index * 0 + (step & WORD), fold(seed)
    for _ in range(ROUNDS):
        product = left * MULTIPLIER  # wraps modulo 2^64, so both halves are still exact
        left, right = ((product >> 32) & WORD) ^ key ^ right, product & WORD
        key = (key + KEY_STEP) & WORD
    return left, right
