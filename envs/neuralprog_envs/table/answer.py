"""How a table answer is read and judged: what a machine holds, what is right, and the score."""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core import batch
from neuralprog_envs.core.task import Bools, Floats
from neuralprog_envs.table import official
from neuralprog_envs.table.state import (
    LOOKUP,
    SCALAR,
    STRINGS,
    PosedTables,
    TableInstances,
    TableState,
)
from neuralprog_envs.table.text import number_text, question_and_table
from neuralprog_envs.table.vocabulary import Vocabulary


def held(vocabulary: Vocabulary, state: TableState) -> list[str]:
    """Return the answer that a state of one row holds: a number, printed cells, or nothing."""
    if state.output[0] == SCALAR:
        return [number_text(state.scalars[0, 0])]
    if state.output[0] != LOOKUP:
        return []
    return _cells(vocabulary, state, state.printed[0], int(state.printed_column[0]))


def expected(vocabulary: Vocabulary, instances: TableInstances) -> list[str] | None:
    """Return the right answer of a batch of one question; None where it is unknown."""
    kind = instances.answer_kind[0]
    if kind == SCALAR:
        return [number_text(instances.answer_scalar[0])]
    if kind == LOOKUP:
        column = int(instances.answer_column[0])
        return _cells(vocabulary, instances, instances.answer_rows[0], column)
    return official.parse(instances.answer_text[0])[0] if kind == STRINGS else None


def _cells(vocabulary: Vocabulary, posed: PosedTables, rows: Bools, column: int) -> list[str]:
    """Return the texts of a column's cells in the given rows, shape (R,), from the top."""
    _, table = question_and_table(vocabulary, posed)
    return [table.cells[row][column] for row in np.flatnonzero(rows)]


def score(vocabulary: Vocabulary, state: TableState, instances: TableInstances) -> Floats:
    """Return how much of each answer is right, shape (B,).

    A number is right or wrong. Printed cells earn |right and printed| / |right or printed|.
    Strings earn 1 when they are right by the official rules.
    """
    kind = instances.answer_kind
    scores = np.where(kind == LOOKUP, _overlap(state, instances), 0.0)
    numbers = np.flatnonzero((kind == SCALAR) & (state.output == SCALAR))
    if numbers.size:  # few answers are numbers, and comparing one takes twice as long as the rest
        computed, right = state.scalars[numbers, 0], instances.answer_scalar[numbers]
        scores[numbers] = np.isclose(computed, right, rtol=1e-9, atol=1e-6, equal_nan=True)
    for row in np.flatnonzero((kind == STRINGS) & (state.output > 0)).tolist():
        answer = held(vocabulary, batch.take(state, slice(row, row + 1)))
        scores[row] = official.correct(answer, *official.parse(instances.answer_text[row]))
    return scores


def _overlap(state: TableState, instances: TableInstances) -> Floats:
    """Return how well the printed cells fit the right ones, shape (B,); nothing fits nothing."""
    same: Bools = state.printed_column == instances.answer_column
    both = (state.printed & instances.answer_rows & same[:, None]).sum(axis=1)
    some = state.printed.sum(axis=1) + instances.answer_rows.sum(axis=1) - both
    overlap = np.where(some == 0, 1.0, both / np.maximum(some, 1))
    return np.where(state.output == LOOKUP, overlap, 0.0)
