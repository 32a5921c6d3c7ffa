"""Array helpers for tables: hashes of their content, their most frequent entries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Bits, combine, mix
from neuralprog_envs.core.task import Bools, Floats, Ints

WIDEST = 64
"""Columns of the widest table; hashes number cells by it and so do not depend on the machine."""


def content_hash(
    question: Ints, pivots: Floats, numbers: Floats, words: Ints, lengths: Ints
) -> Bits:
    """Return a hash of the content, (B,), the same on machines of all sizes."""
    R, C = numbers.shape[1:]
    place = (np.arange(R)[:, None] * WIDEST + np.arange(C)).astype(np.uint64)
    cells = numbers.view(np.uint64).reshape(len(numbers), -1) @ mix(place + np.uint64(1)).ravel()
    parts = [cells, np.asarray(lengths, dtype=np.uint64)]
    parts += [pivots[:, i].view(np.uint64) for i in range(pivots.shape[1])]
    parts += [tokens.astype(np.uint64) for tokens in question.T]
    if words.shape[3]:
        parts.append(words[..., 0].reshape(len(words), -1).astype(np.uint64) @ mix(place).ravel())
    return combine(*parts)


def most_frequent(entries: NDArray[Any], there: Bools) -> Bools:
    """Return which cells hold their column's most frequent entry, if it occurs more than once.

    Equal entries have equal numbers; only cells that are ``there`` count; all arrays are (B, R, C).
    Of equally frequent entries it is the one that comes first in the column.
    """
    counts = np.zeros(entries.shape, dtype=np.int32)
    for row in range(entries.shape[1]):
        here = slice(row, row + 1)
        counts += (entries == entries[:, here]) & there & there[:, here]
    best = counts.argmax(axis=1)
    chosen = np.take_along_axis(entries, best[:, None], axis=1)
    return (counts.max(axis=1, keepdims=True) > 1) & there & (entries == chosen)


def packed(pivots: Floats, there: Bools) -> tuple[Floats, Ints]:
    """Return the pivots that exist, without gaps, (B, 2), and their number, (B,)."""
    swapped = ~there[:, 0] & there[:, 1]
    moved = np.where(swapped[:, None], pivots[:, ::-1], pivots)
    return moved, there.sum(axis=1).astype(np.int32)


def template_numbers(pattern: NDArray[np.int64], columns: Ints, slots: Ints) -> NDArray[np.int64]:
    """Return a number for each template, (B,), by its pattern, (B,), and columns, (B, 3)."""
    used = np.where(np.arange(3) < slots[:, None], columns, 0).astype(np.int64)
    return pattern * WIDEST**3 + used @ np.array([WIDEST**2, WIDEST, 1])
