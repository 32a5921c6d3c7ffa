"""The input features of questions and tables, made from observations of the environment.

B questions, Q words, N numbers, C columns, W words of a column's name, O operations, F features of
a column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools, Ints
from neuralprog_envs.table.ops import OPERATIONS

Observation = Mapping[str, NDArray[Any]]

COLUMN_FEATURES = 15
"""F, the number of features of a column."""


@dataclass(frozen=True)
class Features:
    """The features of B questions and their tables.

    Attributes:
        words: Tokens, (B, Q).
        length: The number of words of each question, (B,).
        links: The links of each word to columns, see ``TableInstances.links``, (B, Q, C).
        names: Tokens of the columns' names, (B, C, W).
        traits: The features of columns, see ``column_features_of``, (B, C, F), float32.
        able: Whether an operation can have an effect on a column, (B, O, C); an operation that
            reads no column has its flag in the first.
        pivot_position: The index of the word left of each number, (B, N).
        pivot_count: The number of numbers in each question, (B,).
    """

    words: Ints
    length: Ints
    links: NDArray[np.int8]
    names: Ints
    traits: NDArray[np.float32]
    able: Bools
    pivot_position: Ints
    pivot_count: Ints

    def take(self, row: int) -> Features:
        """Return the features of one question, without padding."""
        Q, C = int(self.length[row]), int(self.able[row].any(axis=0).sum())
        one = {f.name: getattr(self, f.name)[row : row + 1] for f in fields(Features)}
        cut = {"words": (Q,), "links": (Q, C), "names": (C,), "traits": (C,)}
        for name, sizes in cut.items():
            one[name] = one[name][(slice(None), *(slice(n) for n in sizes))]
        return Features(**{**one, "able": one["able"][:, :, :C]})


def joined(batches: Sequence[Features]) -> Features:
    """Concatenate features, padded to the longest question and the widest table."""
    arrays = {}
    for name in (field.name for field in fields(Features)):
        parts = [getattr(batch, name) for batch in batches]
        shape = tuple(max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True))
        whole = np.zeros((sum(map(len, parts)), *shape), dtype=parts[0].dtype)
        row = 0
        for part in parts:
            place = (slice(row, row + len(part)), *(slice(n) for n in part.shape[1:]))
            whole[place] = part
            row += len(part)
        arrays[name] = whole
    return Features(**arrays)


def features_of(observation: Observation, operations: Sequence[str]) -> Features:
    """Return the features of an observation of ``NPWikiTableQuestions``.

    Args:
        observation: Arrays with a leading axis B; "like" must be among the operations.
        operations: The names of the operations, by number.
    """
    lengths = observation["lengths"]
    return Features(
        words=observation["question"],
        length=lengths[:, 0],
        links=observation["links"],
        names=observation["names"],
        traits=column_features_of(observation),
        able=usable_operations(observation, operations),
        pivot_position=observation["pivot_positions"],
        pivot_count=lengths[:, 1],
    )


def cell_mask(observation: Observation) -> Bools:
    """Return a mask of the cells that are not padding, (B, R, C)."""
    lengths, (_, R, C) = observation["lengths"], observation["numbers"].shape
    rows = np.arange(R) < lengths[:, 3, None]
    columns = np.arange(C) < lengths[:, 2, None]
    there: Bools = rows[:, :, None] & columns[:, None, :]
    return there


def usable_operations(observation: Observation, operations: Sequence[str]) -> Bools:
    """Return whether an operation can have an effect on a column, (B, O, C)."""
    there: Bools = np.asarray(cell_mask(observation).any(axis=1))
    pivots = (observation["lengths"][:, 1] > 0)[:, None]
    B, C = there.shape
    able = np.zeros((B, len(operations), C), dtype=np.bool_)
    for o, operation in enumerate(OPERATIONS[name] for name in operations):
        if not operation.column:
            able[:, o, 0] = True
            continue
        marked = (observation[operation.mark] != 0).any(axis=1) if operation.mark else there
        able[:, o] = marked & (pivots | (not operation.pivot))
    return able


def column_features_of(observation: Observation) -> NDArray[np.float32]:
    """Return the features of each column, (B, C, F).

    They are: whether the question mentions a cell; mentions exactly one; shares words with a cell;
    names the column; the share of the name that it has; whether it has the name's or a cell's
    number; whether cells have two numbers; the share of cells with numbers; whether all cells
    have numbers; whether these all differ; the share that look like years; like dates; whether
    the numbers ascend; whether the column is the first; and the constant 1.
    """
    there = cell_mask(observation)
    rows = np.maximum(there.sum(axis=1), 1)
    valid = (observation["valid"] > 0) & there
    numbers, share = observation["numbers"], valid.sum(axis=1) / rows
    matches = observation["matches"].sum(axis=1)
    years = valid & (numbers >= 1800) & (numbers <= 2100)
    dates = valid & (numbers >= 1e7)
    steps = np.diff(np.where(valid, numbers, 0.0), axis=1)
    rising = ((steps >= 0) | ~valid[:, 1:]).all(axis=1)
    ordered = np.sort(np.where(valid, numbers, np.inf), axis=1)
    equal = (np.diff(np.where(np.isinf(ordered), -1.0, ordered), axis=1) == 0).any(axis=1)
    first = np.broadcast_to(np.arange(there.shape[2]) == 0, share.shape)
    named = (observation["links"] & 1).sum(axis=1)
    traits = [
        matches > 0,
        matches == 1,
        (observation["similar"] > 0).any(axis=1),
        (observation["links"] & 1).any(axis=1),
        np.minimum(named / np.maximum((observation["names"] > 0).sum(axis=2), 1), 1.0),
        (observation["links"] & 8).any(axis=1),
        (observation["spans"] != 0).any(axis=1),
        share,
        share == 1.0,
        (share == 1.0) & ~equal,
        years.sum(axis=1) / rows,
        dates.sum(axis=1) / rows,
        rising & (share > 0.9),
        first,
        np.ones_like(share),
    ]
    return np.stack(traits, axis=2).astype(np.float32) * np.asarray(there.any(axis=1))[:, :, None]
