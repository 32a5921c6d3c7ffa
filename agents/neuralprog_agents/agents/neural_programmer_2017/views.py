"""What the networks see of questions and tables, made from observations of the environment.

B questions, Q words, N numbers, C columns, W words of a column's name, O operations, F traits.
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

TRAITS = 12
"""F."""
_MARKS = {"match": "matches", "like": "similar", "frequent": "frequent"}


@dataclass(frozen=True)
class Views:
    """B questions.

    Attributes:
        words: Tokens, (B, Q).
        length: Words of each question, (B,).
        links: What each word stands in, see ``TableInstances.links``, (B, Q, C).
        names: Tokens of the columns' names, (B, C, W).
        traits: What a column is like, see ``traits_of``, (B, C, F), float32.
        able: Which operations can do something in which columns, (B, O, C); one that reads no
            column stands in the first.
        pivot_position: The word to the left of each number, (B, N).
        pivot_count: (B,).
    """

    words: Ints
    length: Ints
    links: NDArray[np.int8]
    names: Ints
    traits: NDArray[np.float32]
    able: Bools
    pivot_position: Ints
    pivot_count: Ints

    def take(self, row: int) -> Views:
        """Return one question, without padding."""
        Q, C = int(self.length[row]), int(self.able[row].any(axis=0).sum())
        one = {f.name: getattr(self, f.name)[row : row + 1] for f in fields(Views)}
        cut = {"words": (Q,), "links": (Q, C), "names": (C,), "traits": (C,)}
        for name, sizes in cut.items():
            one[name] = one[name][(slice(None), *(slice(n) for n in sizes))]
        return Views(**{**one, "able": one["able"][:, :, :C]})


def joined(views: Sequence[Views]) -> Views:
    """Return questions one after another, padded to the longest and the widest."""
    arrays = {}
    for name in (field.name for field in fields(Views)):
        parts = [getattr(view, name) for view in views]
        shape = tuple(max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True))
        whole = np.zeros((sum(map(len, parts)), *shape), dtype=parts[0].dtype)
        row = 0
        for part in parts:
            place = (slice(row, row + len(part)), *(slice(n) for n in part.shape[1:]))
            whole[place] = part
            row += len(part)
        arrays[name] = whole
    return Views(**arrays)


def views_of(observation: Observation, operations: Sequence[str]) -> Views:
    """Return what an observation of ``NPWikiTableQuestions`` shows.

    Args:
        observation: Arrays with a leading axis B; "like" must be among the operations.
        operations: Their names, by number.
    """
    lengths = observation["lengths"]
    return Views(
        words=observation["question"],
        length=lengths[:, 0],
        links=observation["links"],
        names=observation["names"],
        traits=traits_of(observation),
        able=able_of(observation, operations),
        pivot_position=observation["pivot_positions"],
        pivot_count=lengths[:, 1],
    )


def there_of(observation: Observation) -> Bools:
    """Return which cells are there, (B, R, C)."""
    lengths, (_, R, C) = observation["lengths"], observation["numbers"].shape
    rows = np.arange(R) < lengths[:, 3, None]
    columns = np.arange(C) < lengths[:, 2, None]
    there: Bools = rows[:, :, None] & columns[:, None, :]
    return there


def able_of(observation: Observation, operations: Sequence[str]) -> Bools:
    """Return which operations can do something in which columns, (B, O, C)."""
    there: Bools = np.asarray(there_of(observation).any(axis=1))
    number = (observation["valid"] > 0).any(axis=1)
    pivots = (observation["lengths"][:, 1] > 0)[:, None]
    B, C = there.shape
    able = np.zeros((B, len(operations), C), dtype=np.bool_)
    for o, name in enumerate(operations):
        if not OPERATIONS[name].column:
            able[:, o, 0] = True
        elif name in _MARKS:
            able[:, o] = (observation[_MARKS[name]] > 0).any(axis=1)
        elif name == "print":
            able[:, o] = there
        else:
            able[:, o] = number & (pivots | (not OPERATIONS[name].pivot))
    return able


def traits_of(observation: Observation) -> NDArray[np.float32]:
    """Return what each column is like, (B, C, F).

    Whether the question mentions a cell, one cell only, shares words with a cell, names the
    column; the share of cells with numbers, whether all have one, all differ, look like years,
    like dates, rise; whether it is the first column, and the constant 1.
    """
    there = there_of(observation)
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
    traits = [
        matches > 0,
        matches == 1,
        (observation["similar"] > 0).any(axis=1),
        (observation["links"] & 1).any(axis=1),
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
