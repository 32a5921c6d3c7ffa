"""The tensors of the Neural Programmer: questions, tables, choices, memory, answers.

B examples, Q question words, N numbers of a question, R rows, C columns, O operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_envs.table.state import SCALAR, TableInstances


@dataclass(frozen=True)
class Questions:
    """Questions and the names of their tables' columns: the input of the networks.

    Attributes:
        words: Tokens, (B, Q), int64.
        length: The number of words of each question, (B,).
        pivot_position: The index in ``words`` of the word left of each number, (B, N).
        pivot_count: The number of numbers in each question, (B,).
        names: Tokens of the columns' names, padded with 0, (B, C, words of a name).
        column_count: The number of columns of each table, (B,).
    """

    words: Tensor
    length: Tensor
    pivot_position: Tensor
    pivot_count: Tensor
    names: Tensor
    column_count: Tensor


@dataclass(frozen=True)
class Tables:
    """The tables that the operations work on, all of one floating type, 0 at padding.

    Attributes:
        cells: What the operations read of each cell, (B, C, K, R), where K = 2 + 2 N: its number (0
            in cells without one); 1 if the question mentions it; 1[number > the question's n-th
            number] for each n; 1[number < the n-th number] for each n.
        present: 1 at rows, 0 at padding, (B, R).
        columns: 1 at columns, 0 at padding, (B, C).
    """

    cells: Tensor
    present: Tensor
    columns: Tensor


@dataclass(frozen=True)
class Choice:
    """The weights of one step; each row is a distribution, one-hot if the choice is hard.

    Attributes:
        operation: α_op, (B, O).
        column: α_col, (B, C).
        greater: β_greater over the question's numbers, (B, N).
        lesser: β_lesser, (B, N).
    """

    operation: Tensor
    column: Tensor
    greater: Tensor
    lesser: Tensor


@dataclass(frozen=True)
class Memory:
    """The memory of the machine after a step.

    Attributes:
        selected: row_select of the last step, (B, R).
        before: row_select of the step before it, (B, R).
        scalars: scalar_answer of the last three steps, the last one first, each (B,).
        lookup: lookup_answer of the last step, (B, R, C).
    """

    selected: Tensor
    before: Tensor
    scalars: tuple[Tensor, Tensor, Tensor]
    lookup: Tensor


@dataclass(frozen=True)
class Answers:
    """The right answers, each a number or printed cells.

    Attributes:
        is_scalar: 1 where the answer is a number, (B,).
        scalar: The number, (B,).
        cells: The right cells, (B, R, C).
    """

    is_scalar: Tensor
    scalar: Tensor
    cells: Tensor


def questions_of(instances: TableInstances) -> Questions:
    """Return the questions of instances."""
    return Questions(
        words=_tokens(instances.question),
        length=_tokens(instances.question_length),
        pivot_position=_tokens(instances.pivot_position),
        pivot_count=_tokens(instances.pivot_count),
        names=_tokens(instances.names),
        column_count=_tokens(instances.column_count),
    )


def questions_seen(observation: Mapping[str, NDArray[Any]]) -> Questions:
    """Return the questions of an observation of the environment."""
    lengths = _tokens(observation["lengths"])
    return Questions(
        words=_tokens(observation["question"]),
        length=lengths[:, 0],
        pivot_position=_tokens(observation["pivot_positions"]),
        pivot_count=lengths[:, 1],
        names=_tokens(observation["names"]),
        column_count=lengths[:, 2],
    )


def tables_of(instances: TableInstances, dtype: torch.dtype = torch.float32) -> Tables:
    """Return the tables of instances; comparisons are made in float64 first."""
    numbers, valid, matches = (
        torch.from_numpy(cells).transpose(1, 2).contiguous()[:, :, None]
        for cells in (instances.numbers, instances.valid, instances.matches)
    )
    pivots = torch.from_numpy(instances.pivots)
    known = torch.arange(pivots.shape[1]) < _tokens(instances.pivot_count)[:, None]
    pivots, comparable = pivots[:, None, :, None], valid & known[:, None, :, None]
    above, below = (numbers > pivots) & comparable, (numbers < pivots) & comparable
    columns = torch.arange(numbers.shape[1]) < _tokens(instances.column_count)[:, None]
    return Tables(
        cells=torch.cat([c.to(dtype) for c in (numbers * valid, matches, above, below)], dim=2),
        present=torch.from_numpy(instances.present).to(dtype),
        columns=columns.to(dtype),
    )


def answers_of(instances: TableInstances, dtype: torch.dtype = torch.float32) -> Answers:
    """Return the right answers of instances."""
    column = _tokens(instances.answer_column)
    chosen = torch.nn.functional.one_hot(column, instances.numbers.shape[2])
    rows = torch.from_numpy(instances.answer_rows)
    return Answers(
        is_scalar=torch.from_numpy(instances.answer_kind == SCALAR).to(dtype),
        scalar=torch.from_numpy(instances.answer_scalar).to(dtype),
        cells=(rows[:, :, None] * chosen[:, None]).to(dtype),
    )


def _tokens(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(array).long()
