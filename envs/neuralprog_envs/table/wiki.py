"""Questions of a WikiTableQuestions release on the table machine."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import batch
from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.table import official, wikitables
from neuralprog_envs.table.features import (
    ReadQuestion,
    ReadTable,
    cell_matches,
    links,
    name_matches,
    similar_cells,
)
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.state import NOTHING, STRINGS, TableInstances
from neuralprog_envs.table.tables import Table, read_input, refuse_unknown
from neuralprog_envs.table.vocabulary import Vocabulary
from neuralprog_envs.table.wikitables import Question

_KEPT = 256
"""Posed questions that are remembered."""

_ALIASES = {"select": "match", "argmax": "max", "argmin": "min", "mfe": "frequent"}
_STEP = re.compile(r"\s*(\w+)\s*(?:\[(.*?)(?:,\s*#(\d+))?\])?\s*")


@dataclass(frozen=True)
class Library:
    """A release's questions and tables; a table is read when it is first needed.

    Attributes:
        root: The release's folder.
        questions: Its questions, in the file's order.
        programs: Programs by the questions' ids, as ``match[Nation] -> print[Gold]``.
    """

    root: Path
    questions: tuple[Question, ...]
    programs: Mapping[str, str]
    _tables: dict[str, ReadTable] = field(default_factory=dict, repr=False, compare=False)

    def table(self, context: str) -> ReadTable:
        """Return a table of the release."""
        if context not in self._tables:
            self._tables[context] = ReadTable(wikitables.read_table(self.root, context))
        return self._tables[context]

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Rows and columns of each question's table, (questions, 2)."""
        shapes = [self.table(question.context).shape for question in self.questions]
        return np.array(shapes, dtype=np.int64).reshape(-1, 2)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The place of each question by its id."""
        return {question.id: number for number, question in enumerate(self.questions)}

    def vocabulary(self, cutoff: int) -> Vocabulary:
        """Return the words that occur ``cutoff`` times or more, the most frequent ones first."""
        counts: Counter[str] = Counter()
        for question in self.questions:
            counts.update(ReadQuestion(question.utterance).parts[0])
        for context in {question.context: None for question in self.questions}:
            table = self.table(context)
            for words in (*table.names, *(cell for row in table.words for cell in row)):
                counts.update(words)
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        return Vocabulary.of(word for word in ordered if counts[word] >= cutoff)


@dataclass(frozen=True)
class WikiSource:
    """A release's questions, padded for one machine; ``questions`` and ``posed`` serve agents.

    An episode of length n poses a question on a table with n rows, or, where there is none, with
    the next best number of rows. So each number of rows is as likely as another, and not each
    question: to go through all questions use ``posed``.
    """

    library: Library
    machine: TableMachine
    _posed: dict[int, TableInstances] = field(default_factory=dict, repr=False, compare=False)

    @property
    def lengths(self) -> tuple[int, int]:
        """The fewest rows of a question's table, and the most that the machine holds."""
        return int(self.library.sizes[self.fitting[0], 0]), self.machine.rows

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, those included whose tables do not fit the machine."""
        return self.library.questions

    @cached_property
    def fitting(self) -> NDArray[np.int64]:
        """The places, in ``questions``, of those whose tables fit, by the tables' rows."""
        rows, columns = self.library.sizes.T
        fit = (rows >= 1) & (rows <= self.machine.rows) & (columns <= self.machine.columns)
        numbers = np.flatnonzero(fit)
        if not numbers.size:
            raise ValueError(
                f"no question has a table of at most {self.machine.rows} rows and "
                f"{self.machine.columns} columns: raise length or columns"
            )
        return numbers[np.argsort(rows[numbers], kind="stable")]

    def fitted(self, numbers: Sequence[int]) -> WikiSource:
        """Return the same questions on a machine that is just large enough for some of them."""
        rows, columns = np.maximum(self.library.sizes[list(numbers)].max(axis=0), 1).tolist()
        return WikiSource(self.library, replace(self.machine, rows=rows, columns=columns))

    def sample(self, draws: Draws, lengths: Ints) -> TableInstances:
        """Return one question for each address."""
        rows = self.library.sizes[self.fitting, 0]
        there = np.unique(rows)
        wanted = np.asarray(lengths)[:, None]
        nearest = there[np.abs(there - wanted).argmin(axis=1)]
        first = np.searchsorted(rows, nearest)
        after = np.searchsorted(rows, nearest, side="right")
        return self.posed(self.fitting[first + draws.integer(0, after - first)])

    def posed(self, numbers: Iterable[int]) -> TableInstances:
        """Return questions, by their places in ``questions``, as instances, in that order.

        Raises:
            ValueError: The table of one does not fit the machine.
        """
        unique, places = np.unique(np.fromiter(numbers, dtype=np.int64), return_inverse=True)
        parts = [self._one(number) for number in unique.tolist()]
        return batch.take(batch.concatenate(parts), places)

    def _one(self, number: int) -> TableInstances:
        if number not in self._posed:
            if len(self._posed) >= _KEPT:
                self._posed.clear()
            question = self.library.questions[number]
            table = self.library.table(question.context)
            self._posed[number] = pose(
                self.machine,
                table,
                question.utterance,
                target=question.target,
                canon=question.canon,
                program=self.library.programs.get(question.id),
            )
        return self._posed[number]

    def pose_input(self, values: Any) -> TableInstances:
        """Return a user's own table and question, or a question of the release, as one instance.

        Args:
            values: {"table": a CSV file, or rows of which the first is the header, "question": a
                text, and, if it is known, "answer": the right items}; or the id of a question.

        Raises:
            ValueError: There is no such id; or the table is malformed or too large, or the
                question is empty or has a word that is neither known nor in the table.
        """
        if isinstance(values, str):
            if values not in self.library.numbers:
                raise ValueError(f"there is no question {values!r} in these data")
            return self.posed([self.library.numbers[values]])
        given, question = read_input(values)
        table, known = ReadTable(given), self.machine.vocabulary.numbers
        unknown = [word for word in table.not_in(ReadQuestion(question)) if word not in known]
        refuse_unknown(unknown, "they stand neither in the table nor in the vocabulary")
        return pose(self.machine, table, question, target=values.get("answer"))


def pose(
    machine: TableMachine,
    table: ReadTable,
    text: str,
    *,
    target: Sequence[str] | None = None,
    canon: Sequence[str] | None = None,
    program: str | None = None,
) -> TableInstances:
    """Return a question on a table as a batch of one instance.

    Words and numbers beyond the machine's are left out, those at the end.

    Raises:
        ValueError: The table does not fit the machine, or the program is malformed.
    """
    table.table.check_size(machine.rows, machine.columns)
    question = ReadQuestion(text)
    words, numbers, places = question.parts
    words, kept = words[: machine.question_words], min(len(numbers), machine.pivots)
    encode, (r, c) = machine.vocabulary.encode, table.shape
    R, C, Q = machine.rows, machine.columns, machine.question_words
    matches, similar = cell_matches(question, table), similar_cells(question, table)
    cells = [token for row in table.words for cell in row for token in _fit(encode(cell), machine)]
    names = [_fill(encode(name), machine.name_words) for name in table.names]
    values, valid = table.values
    key = hashlib.blake2b(f"{text}\0{table.key}".encode(), digest_size=8).digest()
    left = [min(place, machine.question_words - 1) for place in places]
    return TableInstances(
        question=_grid(encode(words), (machine.question_words,)),
        question_length=np.array([len(words)], dtype=np.int32),
        pivots=_grid(numbers[:kept], (machine.pivots,), np.float64),
        pivot_count=np.array([kept], dtype=np.int32),
        pivot_position=_grid(left[:kept], (machine.pivots,)),
        names=_grid(names, (C, machine.name_words)),
        column_count=np.array([c], dtype=np.int32),
        numbers=_grid(values, (R, C), np.float64),
        valid=_grid(valid, (R, C), np.bool_),
        words=_grid(np.reshape(cells, (r, c, machine.cell_words)), (R, C, machine.cell_words)),
        matches=_grid(matches, (R, C), np.bool_),
        frequent=_grid(table.frequent, (R, C), np.bool_),
        similar=_grid(similar, (R, C), np.bool_),
        links=_grid(links(question, table, matches, similar)[:Q], (Q, C), np.int8),
        name_matches=_grid(name_matches(question, table), (C,), np.bool_),
        texts=table.table.texts(text, R, C),
        present=(np.arange(R) < r)[None],
        answer_kind=np.full(1, STRINGS if target else NOTHING, dtype=np.int8),
        answer_scalar=np.zeros(1),
        answer_rows=np.zeros((1, R), dtype=bool),
        answer_column=np.zeros(1, dtype=np.int32),
        answer_text=np.array([official.join(target, canon) if target else None], dtype=object),
        program=actions_of(program, table.table, machine),
        template=np.full(1, -1, dtype=np.int64),
        key=np.frombuffer(key, dtype=np.uint64).copy(),
        length=np.array([r], dtype=np.int32),
    )


def _grid(values: Any, shape: tuple[int, ...], dtype: type[np.generic] = np.int32) -> Any:
    """Return values, padded by zeros to a shape, with a leading axis of one."""
    grid = np.zeros((1, *shape), dtype=dtype)
    array = np.asarray(values, dtype=dtype)
    if array.size:
        place: tuple[Any, ...] = (0, *(slice(n) for n in array.shape))
        grid[place] = array
    return grid


def _fill(tokens: list[int], size: int) -> list[int]:
    return (tokens + [0] * size)[:size]


def _fit(tokens: list[int], machine: TableMachine) -> list[int]:
    return _fill(tokens, machine.cell_words)


def actions_of(program: str | None, table: Table, machine: TableMachine) -> Ints:
    """Return a program, as ``geq[Total, #2] -> print[Nation]``, as actions, (1, T, 3).

    Resets come in front; #2 is the question's second number, and the first one needs no mark.
    Without a program all are -1.

    Raises:
        ValueError: The program is malformed, too long, or not of this machine.
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
    place = names.index(column) if column is not None else 0
    return machine.operations.index(name), place, int(pivot or 1) - 1
