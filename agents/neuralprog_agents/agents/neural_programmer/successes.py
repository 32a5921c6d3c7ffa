"""The memory of successes: how often each program was right on the questions of one text.

A text is a question's words, with "the i-th column that is named" in the place of a column's
name, and "an entry" in that of a word of the table. Programs are kept in those terms, too, so a
program is right for all tables if it is for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_envs.table import ops
from neuralprog_envs.table.state import TableInstances

_READS_COLUMN = np.array([ops.OPERATIONS[name].column for name in OPERATIONS])
_READS_PIVOT = np.array([ops.OPERATIONS[name].pivot for name in OPERATIONS])
Programs = NDArray[np.int8]
"""Actions (operation, column, pivot), shape (…, T, 3)."""
_SURE = 20
"""A program that was right so often on questions of one text, and never wrong, is taken for right:
the chance that one which is right on half of the tables gets so far is 1 in 500,000."""
_ENTRY = -(2**31)
"""Stands in a text for a word of the table."""
Counts = dict[bytes, list[int]]
"""Hits and misses of a text's programs, by their bytes."""


@dataclass(frozen=True)
class Texts:
    """The texts of B questions.

    Attributes:
        keys: Each text's words, (B, Q), int32; -1 - i for the i-th column that is named, the
            smallest integer for an entry.
        columns: The columns in the order in which they are named, then the others, (B, C).
        ranks: Each column's place in that order, (B, C).
        named: How many columns are named, (B,).
    """

    keys: NDArray[np.int32]
    columns: NDArray[np.int64]
    ranks: NDArray[np.int64]
    named: NDArray[np.int64]

    def on_tables(self, programs: NDArray[Any], owner: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return programs (n, T, 3) with the columns of the tables of their questions, (n,)."""
        return _with_columns(programs, self.columns[owner])

    def on_texts(self, programs: NDArray[np.int64], owner: NDArray[np.int64]) -> Programs:
        """Undo ``on_tables``; columns and pivots that no operation reads become 0."""
        return _with_columns(programs, self.ranks[owner]).astype(np.int8)


def _with_columns(programs: NDArray[Any], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    found = programs.astype(np.int64)
    operation = found[:, :, 0]
    column = np.take_along_axis(columns, found[:, :, 1], axis=1)
    found[:, :, 1] = np.where(_READS_COLUMN[operation], column, 0)
    found[:, :, 2] *= _READS_PIVOT[operation]
    return found


def texts_of(posed: TableInstances) -> Texts:
    """Return the texts of questions."""
    B, Q = posed.question.shape
    C = posed.names.shape[1]
    there = (np.arange(C) < posed.column_count[:, None])[:, None, :, None]
    same = posed.question[:, :, None, None] == posed.names[:, None]
    names = (same & (posed.names[:, None] > 0) & there).any(axis=3)
    is_named = names.any(axis=1)
    place = np.where(is_named, names.argmax(axis=1), Q + np.arange(C))
    columns = np.argsort(place, axis=1, kind="stable")
    ranks = np.argsort(columns, axis=1)
    column = names.argmax(axis=2)
    words = np.where(_is_entry(posed), _ENTRY, posed.question)
    keys = np.where(names.any(axis=2), -1 - ranks[np.arange(B)[:, None], column], words)
    return Texts(keys.astype(np.int32), columns, ranks, is_named.sum(axis=1))


def _is_entry(posed: TableInstances) -> NDArray[np.bool_]:
    """Return which words of the questions are entries of their tables, (B, Q)."""
    pairs = zip(posed.question, posed.words, strict=True)
    return np.stack([(asked > 0) & np.isin(asked, entries) for asked, entries in pairs])


class Successes:
    """The programs that were right at least once, by text.

    Args:
        most: The most programs of a text; the one that is right least often makes room.
        steps: T.
    """

    def __init__(self, most: int, steps: int) -> None:
        self._most, self._steps = most, steps
        self._counts: dict[bytes, Counts] = {}

    def programs(self) -> Programs:
        """Return the programs of all texts, (n, T, 3)."""
        found = b"".join(program for counts in self._counts.values() for program in counts)
        return np.frombuffer(found, dtype=np.int8).reshape(-1, self._steps, 3)

    def draw(self, key: NDArray[np.int32], random: Generator, most: int) -> Programs:
        """Return up to ``most`` programs of a text, those of the highest rates, drawn, first.

        A rate is drawn from Beta(1 + hits, 1 + misses), the posterior of a uniform prior.
        """
        counts = self._counts.get(key.tobytes(), {})
        if not counts:
            return np.zeros((0, self._steps, 3), dtype=np.int8)
        hits, misses = np.array(list(counts.values())).T
        order = np.argsort(-random.beta(1 + hits, 1 + misses), kind="stable")[:most]
        names = list(counts)
        found = b"".join(names[i] for i in order)
        return np.frombuffer(found, dtype=np.int8).reshape(-1, self._steps, 3)

    def sure(self, key: NDArray[np.int32]) -> Programs:
        """Return the programs of a text that are taken for right, (n, T, 3); see ``_SURE``."""
        counts = self._counts.get(key.tobytes(), {})
        found = b"".join(
            name for name, (hits, misses) in counts.items() if hits >= _SURE and not misses
        )
        return np.frombuffer(found, dtype=np.int8).reshape(-1, self._steps, 3)

    def count(self, key: NDArray[np.int32], programs: Programs, right: NDArray[np.bool_]) -> None:
        """Count a text's different programs as hits or misses; new ones begin with a hit."""
        counts = self._counts.get(key.tobytes(), {})
        for program, hit in zip(programs, right.tolist(), strict=True):
            name = program.tobytes()
            if name in counts:
                counts[name][not hit] += 1
            elif hit:
                counts[name] = [1, 0]
        while len(counts) > self._most:
            del counts[min(counts, key=lambda name: _rate(counts[name]))]
        if counts:
            self._counts[key.tobytes()] = counts

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered: texts, programs and counts, a row each."""
        rows = [(k, p, c) for k, counts in self._counts.items() for p, c in counts.items()]
        keys = np.frombuffer(b"".join(key for key, _, _ in rows), dtype=np.int32)
        counts = np.array([count for _, _, count in rows], dtype=np.int64)
        return {
            "texts": torch.tensor(keys.reshape(len(rows), -1) if rows else keys.reshape(0, 0)),
            "programs": torch.tensor(self.programs()),
            "counts": torch.tensor(counts.reshape(-1, 2)),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Load what ``state`` returned."""
        self._counts = {}
        arrays = (state[name].numpy() for name in ("texts", "programs", "counts"))
        for key, program, count in zip(*arrays, strict=True):
            self._counts.setdefault(key.tobytes(), {})[program.tobytes()] = count.tolist()


def _rate(count: list[int]) -> float:
    hits, misses = count
    return (1 + hits) / (2 + hits + misses)
