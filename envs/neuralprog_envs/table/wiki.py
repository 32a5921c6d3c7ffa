"""Questions of a WikiTableQuestions release on the table machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments, batch
from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.table import wikitables
from neuralprog_envs.table.features import ParsedQuestion, ParsedTable
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.pose import pose
from neuralprog_envs.table.state import TableInstances
from neuralprog_envs.table.tables import read_input, refuse_unknown
from neuralprog_envs.table.vocabulary import Vocabulary
from neuralprog_envs.table.wikitables import Question

_CACHED = 256
"""The most posed questions in the cache."""


@dataclass(frozen=True)
class Release:
    """A release's questions and tables; a table is read when it is first needed.

    Attributes:
        root: The release's folder.
        questions: Its questions, in the file's order.
        programs: Programs by the questions' ids, as ``match[Nation] -> print[Gold]``.
    """

    root: Path
    questions: tuple[Question, ...]
    programs: Mapping[str, str]
    _tables: dict[str, ParsedTable] = field(default_factory=dict, repr=False, compare=False)

    def table(self, context: str) -> ParsedTable:
        """Return a table of the release."""
        if context not in self._tables:
            self._tables[context] = ParsedTable(wikitables.read_table(self.root, context))
        return self._tables[context]

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Rows and columns of each question's table, (questions, 2)."""
        shapes = [self.table(question.context).shape for question in self.questions]
        return np.array(shapes, dtype=np.int64).reshape(-1, 2)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The index of each question by its id."""
        return {question.id: number for number, question in enumerate(self.questions)}

    def vocabulary(self, cutoff: int) -> Vocabulary:
        """Return the words that occur ``cutoff`` times or more, the most frequent ones first."""
        counts: Counter[str] = Counter()
        for question in self.questions:
            counts.update(ParsedQuestion(question.utterance).parts[0])
        for context in {question.context: None for question in self.questions}:
            table = self.table(context)
            for words in (*table.names, *(cell for row in table.words for cell in row)):
                counts.update(words)
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        return Vocabulary.of(word for word in ordered if counts[word] >= cutoff)


@dataclass(frozen=True)
class WikiSource:
    """A release's questions, padded for one machine; ``questions`` and ``posed`` serve agents.

    An episode of length n poses a question on a table with n rows or, if there is none, with the
    nearest number of rows. So all numbers of rows are equally likely, but not all questions:
    ``posed`` goes through these.
    """

    release: Release
    machine: TableMachine
    _posed: dict[int, TableInstances] = field(default_factory=dict, repr=False, compare=False)

    @property
    def lengths(self) -> tuple[int, int]:
        """The fewest rows of a question's table, and the most that the machine holds."""
        return int(self.release.sizes[self.fitting[0], 0]), self.machine.rows

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, those included whose tables do not fit the machine."""
        return self.release.questions

    @cached_property
    def fitting(self) -> NDArray[np.int64]:
        """The indices in ``questions`` of those whose tables fit, sorted by the tables' rows."""
        rows, columns = self.release.sizes.T
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
        rows, columns = np.maximum(self.release.sizes[list(numbers)].max(axis=0), 1).tolist()
        return WikiSource(self.release, replace(self.machine, rows=rows, columns=columns))

    def sample(self, draws: Draws, lengths: Ints) -> TableInstances:
        """Return one question for each address."""
        rows = self.release.sizes[self.fitting, 0]
        there = np.unique(rows)
        wanted = np.asarray(lengths)[:, None]
        nearest = there[np.abs(there - wanted).argmin(axis=1)]
        first = np.searchsorted(rows, nearest)
        after = np.searchsorted(rows, nearest, side="right")
        return self.posed(self.fitting[first + draws.integer(0, after - first)])

    def posed(self, numbers: Iterable[int]) -> TableInstances:
        """Return questions, by their indices in ``questions``, as instances, in that order.

        Raise ValueError if a table does not fit the machine.
        """
        unique, places = np.unique(np.fromiter(numbers, dtype=np.int64), return_inverse=True)
        parts = [self._one(number) for number in unique.tolist()]
        return batch.take(batch.concatenate(parts), places)

    def _one(self, number: int) -> TableInstances:
        if number not in self._posed:
            if len(self._posed) >= _CACHED:
                self._posed.clear()
            question = self.release.questions[number]
            table = self.release.table(question.context)
            self._posed[number] = pose(
                self.machine,
                table,
                question.utterance,
                target=question.target,
                canon=question.canon,
                program=self.release.programs.get(question.id),
            )
        return self._posed[number]

    def pose_input(self, values: Any) -> TableInstances:
        """Return a user's own table and question, or a question of the release, as one instance.

        The input is {"table": a CSV file, or rows of which the first is the header, "question": a
        text, and, if it is known, "answer": the right items}; or the id of a question. Raise
        ValueError if there is no such id; or the table is malformed or too large, or the question
        is empty or has a word that is neither known nor in the table.
        """
        if isinstance(values, str):
            if values not in self.release.numbers:
                raise ValueError(f"there is no question {arguments.shown(values)} in these data")
            return self.posed([self.release.numbers[values]])
        given, question = read_input(values)
        table, known = ParsedTable(given), self.machine.vocabulary.numbers
        unknown = [word for word in table.not_in(table.asked(question)) if word not in known]
        refuse_unknown(unknown, "they are neither in the table nor in the vocabulary")
        target = values.get("answer")
        items = None if target is None else arguments.words("the answer", target)
        return pose(self.machine, table, question, target=items)
