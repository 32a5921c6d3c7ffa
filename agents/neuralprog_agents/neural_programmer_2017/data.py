"""Questions of a release as the networks see them, with the programs that answer them rightly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.neural_programmer_2017.labels import Values, labels
from neuralprog_agents.neural_programmer_2017.programs import Explorer
from neuralprog_agents.neural_programmer_2017.views import Views, views_of
from neuralprog_envs.core import batch
from neuralprog_envs.table import wikitables
from neuralprog_envs.table.features import ReadQuestion, ReadTable
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.ops import SETS
from neuralprog_envs.table.records import TableInstances
from neuralprog_envs.table.vocabulary import Vocabulary
from neuralprog_envs.table.wiki import pose
from neuralprog_envs.table.wikitables import Question

QUESTION_WORDS, NAME_WORDS, PIVOTS = 62, 4, 2


@dataclass(frozen=True)
class Release:
    """The tables of a release's folder, read when they are first needed."""

    root: Path
    _tables: dict[str, ReadTable] = field(default_factory=dict, repr=False)
    _values: dict[str, Values] = field(default_factory=dict, repr=False)

    def table(self, context: str) -> ReadTable:
        """Return a table."""
        if context not in self._tables:
            self._tables[context] = ReadTable(wikitables.read_table(self.root, context))
        return self._tables[context]

    def values(self, context: str) -> Values:
        """Return the different texts of a table."""
        if context not in self._values:
            self._values[context] = Values.of(self.table(context).table)
        return self._values[context]


@dataclass(frozen=True)
class Example:
    """A question to learn from.

    Attributes:
        view: What the networks see, a batch of one.
        programs: Right programs, (n, T, 3), int8; -1 after a program's end.
    """

    view: Views
    programs: NDArray[np.int8]


def machine_of(vocabulary: Vocabulary, operations: Sequence[str], steps: int) -> TableMachine:
    """Return a machine for tables of one cell, to be made as large as a table."""
    return TableMachine(
        rows=1,
        columns=1,
        operations=tuple(operations),
        vocabulary=vocabulary,
        question_words=QUESTION_WORDS,
        name_words=NAME_WORDS,
        cell_words=1,
        steps=steps,
        pivots=PIVOTS,
    )


def vocabulary_of(release: Release, questions: Iterable[Question], cutoff: int) -> Vocabulary:
    """Return the words that occur often enough in questions and in columns' names."""
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for question in questions:
        counts.update(ReadQuestion(question.utterance).parts[0])
        if question.context not in seen:
            seen.add(question.context)
            counts.update(word for name in release.table(question.context).names for word in name)
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return Vocabulary.of(word for word in ordered if counts[word] >= cutoff)


def posed(
    release: Release, machine: TableMachine, questions: Sequence[Question]
) -> tuple[TableMachine, TableInstances]:
    """Return a machine that is just large enough for some questions, and the questions on it."""
    tables = [release.table(question.context) for question in questions]
    rows, columns = (max(1, *(table.shape[axis] for table in tables), 1) for axis in (0, 1))
    fitting = replace(machine, rows=rows, columns=columns)
    parts = [
        pose(fitting, table, question.utterance, target=question.target, canon=question.canon)
        for question, table in zip(questions, tables, strict=True)
    ]
    return fitting, batch.concatenate(parts)


def examples(
    release: Release,
    machine: TableMachine,
    questions: Sequence[Question],
    on: Callable[[int], None] = lambda done: None,
) -> Iterator[Example]:
    """Yield what is to be learned from each question that has a right program.

    Args:
        release: Where the tables are.
        machine: See ``machine_of``.
        questions: All questions.
        on: Told how many questions are done.
    """
    for done, question in enumerate(questions):
        on(done)
        if not release.table(question.context).shape[0]:
            continue
        fitting, instance = posed(release, machine, [question])
        right = labels(release.values(question.context), question.target, question.canon)
        found = Explorer(fitting, instance).search(right)
        if found:
            observation = fitting.observe(fitting.initial(instance))
            yield Example(
                views_of(observation, machine.operations).take(0), _padded(found, machine.steps)
            )


def _padded(programs: Sequence[NDArray[np.int64]], steps: int) -> NDArray[np.int8]:
    padded = np.full((len(programs), steps, 3), -1, dtype=np.int8)
    for row, program in enumerate(programs):
        padded[row, : len(program)] = program
    return padded


def operations_of(name: str) -> tuple[str, ...]:
    """Return the operations of a set.

    Raises:
        ValueError: There is no such set, or it lacks "like", which the networks count on.
    """
    if "like" not in SETS.get(name, ()):
        raise ValueError(f"operations: a set with 'like' ('wiki' or 'all'), got {name!r}")
    return SETS[name]
