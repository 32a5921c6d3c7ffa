"""Addressed instances: ``draw(task, seeds, indices)`` is a pure function.

Episode i of an environment that was reset with seed s, row i of the dataset with seed s, and
slot j of a vector environment reset with seed s - j all hold the instance with address (s, i).
Splits are disjoint whatever the seed, because an instance's content decides its split.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuralprog_envs.core import arguments, batch
from neuralprog_envs.core.draws import Bits, Draws, as_words, combine, mix
from neuralprog_envs.core.task import Ints, LengthError, Task

SPLITS: dict[str, tuple[int, int]] = {
    "train": (0, 80),
    "validation": (80, 90),
    "test": (90, 100),
    "all": (0, 100),
}
"""The percentiles of the fingerprint that belong to each split."""

_MAX_ATTEMPTS = 2000
_BUFFER_BYTES = 4_000_000


def check_split(split: str) -> str:
    """Return the split's name; raise ValueError when there is no such split."""
    return arguments.choice("split", split, SPLITS)  # type: ignore[no-any-return]


def check_lengths(task: Task, length: Any, split: str) -> tuple[int, int]:
    """Return the shortest and the longest length; see ``arguments.span`` for its forms.

    Raises:
        LengthError: The range is empty or does not fit the machine.
        ValueError: It is not a length, or the split has held-out instances and the lengths have too
            few to hold any out.
    """
    low, high = arguments.span(length)
    shortest, longest = task.lengths
    if not shortest <= low <= high <= longest:
        asked = f"length {low}" if low == high else f"lengths {low} to {high}"
        raise LengthError(
            f"{asked} is impossible here: lengths go from {shortest} to {longest} "
            f"on a machine of this size (tapes: a larger memory_size allows longer instances)"
        )
    if split in ("validation", "test") and low < task.split_from:
        raise ValueError(
            f"length {low} has too few instances to hold any out for split {split!r}: "
            f"use lengths of at least {task.split_from}, or split='train'"
        )
    return low, high


def draw(
    task: Task,
    seeds: ArrayLike,
    indices: ArrayLike,
    lengths: tuple[int, int] | Ints,
    split: str = "train",
) -> Any:
    """Return the instances at B addresses; raise ValueError if the split has none of some length.

    Args:
        task: The task.
        seeds: One integer, or shape (B,).
        indices: Shape (B,).
        lengths: Shortest and longest, between which each address draws its length uniformly; or an
            array of lengths, shape (B,).
        split: A key of ``SPLITS``.
    """
    index = as_words(indices)
    address = combine(np.broadcast_to(as_words(seeds), index.shape), index)
    if isinstance(lengths, tuple):
        length = Draws(mix(address)).integer(lengths[0], lengths[1] + 1)
    else:
        length = lengths
    instances = task.sample(Draws(address), length)
    rejected = np.flatnonzero(~_belongs(task, instances, length, split))
    for attempt in range(1, _MAX_ATTEMPTS):
        if not rejected.size:
            return instances
        again = combine(address[rejected], as_words(attempt))
        retry = task.sample(Draws(again), length[rejected])
        batch.assign(instances, rejected, retry)
        rejected = rejected[~_belongs(task, retry, length[rejected], split)]
    raise ValueError(
        f"found no instance of split {split!r} at length {length[rejected[0]]}: too few exist"
    )


def _belongs(task: Task, instances: Any, length: Ints, split: str) -> NDArray[np.bool_]:
    low, high = SPLITS[split]
    if (low, high) == (0, 100):
        return np.ones(len(length), dtype=bool)
    percentile = _percentile(task.fingerprint(instances))
    undivided = (length < task.split_from) & (split == "train")
    return ((percentile >= low) & (percentile < high)) | undivided


def _percentile(fingerprint: Bits) -> Bits:
    return mix(fingerprint) % np.uint64(100)


class InstanceStream:
    """The successive instances of n environments, drawn in blocks for speed.

    Slot j yields the addresses (seeds[j], 0), (seeds[j], 1), … whatever the block size. ``lengths``
    are the shortest and the longest; ``index``, shape (n,), says how many instances of each slot
    came before, by default none.
    """

    def __init__(
        self,
        task: Task,
        seeds: ArrayLike,
        lengths: tuple[int, int],
        split: str,
        index: NDArray[np.int64] | None = None,
    ) -> None:
        self._task, self._lengths, self._split = task, lengths, split
        self._seeds = as_words(seeds)
        none = np.zeros(len(self._seeds), dtype=np.int64)
        self._index = none if index is None else index.copy()
        self._first = self._index.copy()
        self._block = 1
        self._buffer = self._draw(np.arange(len(self._seeds)))

    @property
    def position(self) -> tuple[Bits, NDArray[np.int64]]:
        """Each slot's seed and the index of its next instance, shapes (n,) and (n,)."""
        return self._seeds.copy(), self._index.copy()

    def with_lengths(self, lengths: tuple[int, int]) -> InstanceStream:
        """Return the same stream, whose next instances have other lengths."""
        return InstanceStream(self._task, self._seeds, lengths, self._split, self._index)

    def next(self, slots: NDArray[np.intp]) -> Any:
        """Return the next instance of each of the given slots, and move on."""
        used = self._index[slots] - self._first[slots]
        if used.max() >= self._block:
            self._refill()
            used = self._index[slots] - self._first[slots]
        self._index[slots] += 1
        return batch.take(self._buffer, slots * self._block + used)

    def next_at(self, slots: NDArray[np.intp], length: int) -> Any:
        """Return the next instance of each slot, but at the given length."""
        index = self._index[slots]
        self._index[slots] += 1
        return draw(self._task, self._seeds[slots], index, (length, length), self._split)

    def _refill(self) -> None:
        """Draw ahead again for every slot that has used more than half of its block."""
        if self._block == 1:
            self._first[:] = self._index
            self._block = self._choose_block()
            self._buffer = self._draw(np.arange(len(self._seeds)))
            return
        slots = np.flatnonzero(self._index - self._first > self._block // 2)
        self._first[slots] = self._index[slots]
        rows = slots[:, None] * self._block + np.arange(self._block)
        batch.assign(self._buffer, rows.ravel(), self._draw(slots))

    def _choose_block(self) -> int:
        """Return how many instances to draw ahead for each slot, by the bytes of one."""
        weight = len(self._seeds) * batch.row_bytes(self._buffer)
        return int(np.clip(_BUFFER_BYTES // weight, 2, 256))

    def _draw(self, slots: NDArray[np.intp]) -> Any:
        ahead = self._first[slots, None] + np.arange(self._block)
        seeds = np.repeat(self._seeds[slots], self._block)
        return draw(self._task, seeds, ahead.ravel(), self._lengths, self._split)
