"""Instances and answers as texts: the input and output of sequence models.

tape       the cells up to the last one that is not 0           6 3 1 4 1 5
program    the rows of its content, which the splits hash       6 9 | 5 2 1
table      the question, then each column with its name         how many … # gold : 1 , 4
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import batch
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.table.task import TableTask
from neuralprog_envs.table.text import question_and_table
from neuralprog_envs.tape.task import TapeTask

ITEM, ROW = " ", " | "
"""The separators of items, and of rows or the texts of an answer."""


def input_texts(task: Any, instances: Any) -> list[str]:
    """Return each of n instances as a text."""
    if isinstance(task, TapeTask):
        return [ITEM.join(map(str, _trimmed(row).tolist())) for row in instances.tape]
    if isinstance(task, ProgramTask):
        return [
            ROW.join(ITEM.join(map(str, r)) for r in rows) for rows in contents(task, instances)
        ]
    rows = (batch.take(instances, slice(i, i + 1)) for i in range(len(instances.length)))
    return [_table(task, row) for row in rows]


def contents(task: ProgramTask, instances: Any) -> list[list[list[int]]]:
    """Return the rows of each instance's content, at least as long as the instance.

    Columns beyond that are left out if they hold 0 alone.
    """
    found = []
    for content, length in zip(
        task.definition.content(instances), instances.length.tolist(), strict=True
    ):
        filled = np.flatnonzero(content.any(axis=0))
        columns = max(length, int(filled[-1]) + 1 if filled.size else 0)
        found.append(content[:, :columns].tolist())
    return found


def _trimmed(row: NDArray[np.int32]) -> NDArray[np.int32]:
    return row[: int(np.flatnonzero(row)[-1]) + 1] if row.any() else row[:1]


def _table(task: TableTask, instance: Any) -> str:
    """Return a question and its table, column by column."""
    question, table = question_and_table(task.vocabulary, instance)
    columns = zip(table.names, zip(*table.cells, strict=True), strict=True)
    texts = ROW.join(f"{name} : {' , '.join(cells)}" for name, cells in columns)
    return f"{question} # {texts}"


def answer_text(task: Any, answer: Sequence[Any]) -> str:
    """Return an answer, as ``Task.answers`` lists it, as a text."""
    return (ITEM if isinstance(task, TapeTask) else ROW).join(map(str, answer))


def parse_answer(task: Any, text: str) -> list[Any]:
    """Undo ``answer_text``; return [] if the text of a tape's answer is not a list of numbers."""
    if not isinstance(task, TapeTask):
        return text.split(ROW)
    try:
        return [int(word) for word in text.split(ITEM)]
    except ValueError:
        return []
