"""Addressed instances: ``draw(task, seeds, indices)`` is a pure function.

Episode i of an environment that was reset with seed s, row i of the dataset with seed s, and
slot j of a vector environment reset with seed s - j all hold the instance with address (s, i).
Splits are disjoint whatever the seed, because an instance's content decides its split.
"""

from __future__ import annotations

from math import prod
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
_BUFFER_BYTES = 8_000_000
"""About so many bytes of instances are drawn ahead for all slots together."""
_AT_ONCE = 2_500_000
"""So many bytes of observations are drawn at once: what outgrows the cache takes twice as long."""


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
    into: tuple[Any, NDArray[np.intp]] | None = None,
) -> Any:
    """Return the instances at B addresses; raise ValueError if the split has none of some length.

    Args:
        task: The task.
        seeds: One integer, or shape (B,).
        indices: Shape (B,).
        lengths: Shortest and longest, between which each address draws its length uniformly; or an
            array of lengths, shape (B,).
        split: A key of ``SPLITS``.
        into: A batch to write them into, which is then returned, and their B rows there.
    """
    index = as_words(indices)
    address = combine(np.broadcast_to(as_words(seeds), index.shape), index)
    if isinstance(lengths, tuple):
        length = Draws(mix(address)).integer(lengths[0], lengths[1] + 1)
    else:
        length = lengths
    instances, rows = into or (None, np.arange(len(address)))
    left, most = np.arange(len(address)), _at_once(task)
    for attempt in range(_MAX_ATTEMPTS):
        keys = combine(address[left], as_words(attempt)) if attempt else address
        rejected = []
        for start in range(0, max(len(left), 1), most):
            part = left[start : start + most]
            fresh = task.sample(Draws(keys[start : start + most]), length[part])
            instances = _written(instances, rows, part, fresh)
            rejected.append(part[~_belongs(task, fresh, length[part], split)])
        left = np.concatenate(rejected)
        if not left.size:
            return instances
    raise ValueError(
        f"found no instance of split {split!r} at length {length[left[0]]}: too few exist"
    )


def _at_once(task: Task) -> int:
    """Return how many instances to draw at once."""
    fields = task.machine.observation.values()
    row = sum(prod(field.shape) * np.dtype(field.dtype).itemsize for field in fields)
    return int(np.clip(_AT_ONCE // row, 64, 4096))


def _written(instances: Any, rows: NDArray[np.intp], part: NDArray[np.intp], fresh: Any) -> Any:
    """Return the instances, at first None, with fresh ones in a part of their rows."""
    if instances is None and len(part) == len(rows):
        return fresh
    if instances is None:
        instances = batch.blank(fresh, len(rows))
    places = rows[part]
    consecutive = len(places) > 0 and (np.diff(places) == 1).all()
    batch.assign(instances, slice(places[0], places[-1] + 1) if consecutive else places, fresh)
    return instances


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
    came before, by default none. The first instances are drawn alone: many a stream ends there.
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
        self._block = 1

    @property
    def position(self) -> tuple[Bits, NDArray[np.int64]]:
        """Each slot's seed and the index of its next instance, shapes (n,) and (n,)."""
        return self._seeds.copy(), self._index.copy()

    def with_lengths(self, lengths: tuple[int, int]) -> InstanceStream:
        """Return the same stream, whose next instances have other lengths."""
        return InstanceStream(self._task, self._seeds, lengths, self._split, self._index)

    def next(self, slots: NDArray[np.intp]) -> Any:
        """Return the next instance of each of the given slots, and move on."""
        if self._block == 1:
            return self._next_alone(slots)
        return batch.take(*self.claim(slots))

    def claim(self, slots: NDArray[np.intp]) -> tuple[Any, NDArray[np.intp]]:
        """Do what ``next`` does; return a batch and the rows of it that are the instances.

        The batch is written over later.
        """
        if self._block == 1:
            return self._next_alone(slots), np.arange(len(slots))
        index = self._index[slots]
        if (index >= self._drawn[slots]).any():
            self._refill()
        self._index[slots] += 1
        return self._buffer, self._row(slots, index)

    def _next_alone(self, slots: NDArray[np.intp]) -> Any:
        """Draw the next instances and no others; then choose how many to draw ahead."""
        fresh = draw(self._task, self._seeds[slots], self._index[slots], self._lengths, self._split)
        self._index[slots] += 1
        weight = len(self._seeds) * batch.row_bytes(fresh)
        self._block = int(np.clip(_BUFFER_BYTES // weight, 1, 256))
        self._buffer = batch.blank(fresh, len(self._seeds) * self._block)
        self._drawn = self._index.copy()
        return fresh

    def next_at(self, slots: NDArray[np.intp], length: int) -> Any:
        """Return the next instance of each slot, but at the given length."""
        index = self._index[slots]
        self._index[slots] += 1
        return draw(self._task, self._seeds[slots], index, (length, length), self._split)

    def _refill(self) -> None:
        """Draw as many instances ahead for every slot as its block has room for."""
        done = np.maximum(self._drawn, self._index)  # ``next_at`` may have passed some
        room = self._index + self._block - done
        slots = np.repeat(np.arange(len(room)), room)
        index = np.arange(len(slots)) + np.repeat(done - (np.cumsum(room) - room), room)
        into = self._buffer, self._row(slots, index)
        draw(self._task, self._seeds[slots], index, self._lengths, self._split, into)
        self._drawn = self._index + self._block

    def _row(self, slots: NDArray[np.intp], index: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return where the buffer has a slot's instance: each slot's block is a ring."""
        return slots * self._block + index % self._block
