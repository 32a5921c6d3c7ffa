"""A question on a real table as the arrays of a table machine, and its program as actions.

What is longer than the machine's arrays is cut at its end: words of a question, of a column's name
or of a cell, and numbers of a question.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Ints
from neuralprog_envs.table import official
from neuralprog_envs.table.features import (
    ParsedQuestion,
    ParsedTable,
    cell_matches,
    links,
    name_matches,
    shared_cells,
    similar_cells,
)
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.state import NOTHING, STRINGS, TableInstances
from neuralprog_envs.table.tables import Table

_ALIASES = {"select": "match", "argmax": "max", "argmin": "min", "mfe": "frequent"}
_STEP = re.compile(r"\s*(\w+)\s*(?:\[(.*?)(?:,\s*#(\d+))?\])?\s*")

Arrays = dict[str, NDArray[Any]]
"""Some of the arrays of ``TableInstances`` for one question, by name."""


def pose(
    machine: TableMachine,
    table: ParsedTable,
    text: str,
    *,
    target: Sequence[str] | None = None,
    canon: Sequence[str] | None = None,
    program: str | None = None,
) -> TableInstances:
    """Return a question on a table as a batch of one instance.

    Args:
        machine: The machine that it is posed on.
        table: The table.
        text: The question.
        target: The items of the right answer; None if it is unknown.
        canon: The canonical forms of these items, where the release has them.
        program: A program that answers the question, see ``actions_of``; None if none is known.

    Raises:
        ValueError: The table does not fit the machine, or the program is malformed.
    """
    table.table.check_size(machine.rows, machine.columns)
    key = hashlib.blake2b(f"{text}\0{table.key}".encode(), digest_size=8).digest()
    question = table.asked(text)
    return TableInstances(
        **_question(machine, question),
        **_table(machine, table),
        **_matches(machine, question, table),
        **_answer(machine, official.join(target, canon) if target else None),
        texts=table.table.texts(text, machine.rows, machine.columns),
        program=actions_of(program, table.table, machine),
        template=np.full(1, -1, dtype=np.int64),
        key=np.frombuffer(key, dtype=np.uint64).copy(),
    )


def _question(machine: TableMachine, question: ParsedQuestion) -> Arrays:
    """Return the words and the numbers of a question."""
    Q, N = machine.question_words, machine.pivots
    words, numbers, places = question.parts
    positions = [min(place, Q - 1) for place in places]
    return {
        "question": _padded(machine.vocabulary.encode(words[:Q]), (Q,)),
        "question_length": np.array([min(len(words), Q)], dtype=np.int32),
        "pivots": _padded(numbers[:N], (N,), np.float64),
        "pivot_count": np.array([min(len(numbers), N)], dtype=np.int32),
        "pivot_position": _padded(positions[:N], (N,)),
    }


def _table(machine: TableMachine, table: ParsedTable) -> Arrays:
    """Return the words and the numbers of a table, and its size."""
    R, C, W = machine.rows, machine.columns, machine.cell_words
    (r, c), encode = table.shape, machine.vocabulary.encode
    names = [_fitted(encode(name), machine.name_words) for name in table.names]
    words = [_fitted(encode(cell), W) for row in table.words for cell in row]
    values, valid = table.values
    return {
        "names": _padded(names, (C, machine.name_words)),
        "column_count": np.array([c], dtype=np.int32),
        "numbers": _padded(values, (R, C), np.float64),
        "valid": _padded(valid, (R, C), np.bool_),
        "words": _padded(np.reshape(words, (r, c, W)), (R, C, W)),
        "frequent": _padded(table.frequent, (R, C), np.bool_),
        "entries": _padded(table.entries, (R, C)),
        "spans": _padded(table.spans, (R, C), np.float64),
        "present": (np.arange(R) < r)[None],
        "length": np.array([r], dtype=np.int32),
    }


def _matches(machine: TableMachine, question: ParsedQuestion, table: ParsedTable) -> Arrays:
    """Return which cells, columns and words of the question belong together."""
    R, C, Q = machine.rows, machine.columns, machine.question_words
    matches, similar = cell_matches(question, table), similar_cells(question, table)
    return {
        "matches": _padded(matches, (R, C), np.bool_),
        "similar": _padded(similar, (R, C), np.bool_),
        "shared": _padded(shared_cells(question, table), (R, C), np.bool_),
        "links": _padded(links(question, table, matches, similar)[:Q], (Q, C), np.int8),
        "name_matches": _padded(name_matches(question, table), (C,), np.bool_),
    }


def _answer(machine: TableMachine, text: str | None) -> Arrays:
    """Return the right answer, strings joined by ``official.join``, or None if it is unknown."""
    return {
        "answer_kind": np.full(1, NOTHING if text is None else STRINGS, dtype=np.int8),
        "answer_scalar": np.zeros(1),
        "answer_rows": np.zeros((1, machine.rows), dtype=bool),
        "answer_column": np.zeros(1, dtype=np.int32),
        "answer_text": np.array([text], dtype=object),
    }


def _padded(values: Any, shape: tuple[int, ...], dtype: type[np.generic] = np.int32) -> Any:
    """Return values, padded by zeros to a shape, with a leading axis of one."""
    padded = np.zeros((1, *shape), dtype=dtype)
    array = np.asarray(values, dtype=dtype)
    if array.size:
        place: tuple[Any, ...] = (0, *(slice(n) for n in array.shape))
        padded[place] = array
    return padded


def _fitted(tokens: list[int], size: int) -> list[int]:
    """Return tokens, cut or padded by zeros to a size."""
    return (tokens + [0] * size)[:size]


def actions_of(program: str | None, table: Table, machine: TableMachine) -> Ints:
    """Return a program, as ``geq[Total, #2] -> print[Nation]``, as actions, (1, T, 3).

    Resets come in front. ``#2`` is the question's second number; the first one needs no mark.
    Without a program all are -1. Raise ValueError if the program is malformed, too long, or not of
    this machine.
    """
    if program is None:
        return np.full((1, machine.steps, 3), -1, dtype=np.int32)
    steps = [_action(step, table, machine) for step in program.split("->")]
    if len(steps) > machine.steps:
        raise ValueError(f"the program {program!r} has more than {machine.steps} steps")
    reset = (machine.operations.index("reset"), 0, 0)
    padded = [reset] * (machine.steps - len(steps)) + steps
    return np.array([padded], dtype=np.int32)


def _action(step: str, table: Table, machine: TableMachine) -> tuple[int, int, int]:
    found = _STEP.fullmatch(step)
    if found is None:
        raise ValueError(f"malformed step {step!r}: operation, operation[column] or [column, #2]")
    name, column, pivot = found.groups()
    name = _ALIASES.get(name, name)
    names = [" ".join(other.split()) for other in table.names]
    if name not in machine.operations or (column is not None and column not in names):
        raise ValueError(f"step {step!r}: there is no such operation or column here")
    if not 1 <= int(pivot or 1) <= machine.pivots:
        raise ValueError(f"step {step!r}: a question here has numbers #1 to #{machine.pivots}")
    place = names.index(column) if column is not None else 0
    return machine.operations.index(name), place, int(pivot or 1) - 1
