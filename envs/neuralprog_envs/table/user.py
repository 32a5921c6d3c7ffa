"""A user's own table and question for the synthetic tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.arguments import shown
from neuralprog_envs.table import questions as q
from neuralprog_envs.table.cells import most_frequent
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.numbers import number
from neuralprog_envs.table.state import NOTHING, TableInstances
from neuralprog_envs.table.tables import Table, refuse_unknown
from neuralprog_envs.table.tokenizer import words_and_numbers
from neuralprog_envs.table.vocabulary import UNKNOWN


@dataclass(frozen=True)
class UserTable:
    """A user's own table and question, in the words of a grammar.

    Attributes:
        machine: The machine that they are posed on.
        named: Whether columns have names, which are then letters of the grammar.
        table: The table.
        question: The question.
    """

    machine: TableMachine
    named: bool
    table: Table
    question: str

    def posed(self, blank: TableInstances) -> TableInstances:
        """Return them as one instance; ``blank``, any instance of the machine, gives the shapes."""
        machine, table = self.machine, self.table
        table.check_size(machine.rows, machine.columns)
        fresh = {name: np.zeros_like(getattr(blank, name)) for name in _OVERWRITTEN}
        self._write_question(fresh)
        self._write_table(fresh)
        words = fresh["words"][..., 0] if machine.cell_words else np.zeros((), dtype=np.int32)
        entries = np.where(fresh["valid"], fresh["numbers"], -words)
        fresh["frequent"] = most_frequent(entries, fresh["valid"] | (words > 0))
        fresh["texts"] = table.texts(self.question, machine.rows, machine.columns)
        fresh["program"] = np.full_like(blank.program, -1)
        fresh["template"] = np.full(1, -1, dtype=np.int64)
        fresh["length"] = np.array([table.rows], dtype=np.int32)
        fresh["answer_kind"] = np.full(1, NOTHING, dtype=np.int8)
        return TableInstances(**{**vars(blank), **fresh})

    def _write_question(self, fresh: Mapping[str, NDArray[Any]]) -> None:
        machine = self.machine
        asked = self.question.rstrip(" ?.!")
        comma = self.table.decimal_comma
        words, numbers, positions = words_and_numbers(asked, fold=False, comma=comma)
        self._check_columns(words)
        tokens = [self._token(word) for word in words]
        known = f"words here are {', '.join(machine.vocabulary.words[2:22])} ..."
        refuse_unknown((w for w, t in zip(words, tokens, strict=True) if t == UNKNOWN), known)
        if not words:
            raise ValueError(f"the question has no word; {known}")
        if len(tokens) > machine.question_words or len(numbers) > machine.pivots:
            raise ValueError(
                f"the question is too long: at most {machine.question_words} words and "
                f"{machine.pivots} numbers"
            )
        fresh["question"][0, : len(tokens)] = tokens
        fresh["question_length"][0] = len(tokens)
        fresh["pivots"][0, : len(numbers)] = numbers
        fresh["pivot_count"][0] = len(numbers)
        fresh["pivot_position"][0, : len(numbers)] = positions

    def _check_columns(self, words: Sequence[str]) -> None:
        missing = [w for w in words if self.named and w in q.NAMES and w not in self.table.names]
        if missing:
            there = ", ".join(self.table.names)
            raise ValueError(f"the question asks about column {missing[0]}, the table has {there}")

    def _token(self, word: str) -> int:
        known = self.machine.vocabulary.numbers
        return known.get(word, known.get(word.lower(), UNKNOWN))

    def _write_table(self, fresh: Mapping[str, NDArray[Any]]) -> None:
        names, vocabulary = self.table.names, self.machine.vocabulary
        fresh["column_count"][0] = len(names)
        fresh["present"][0, : self.table.rows] = True
        for c, name in enumerate(names):
            if self.named and name not in q.NAMES:
                raise ValueError(f"column name {shown(name)} is unknown: columns are A, B, C ...")
            if self.named and names.index(name) < c:
                raise ValueError(f"two columns have the name {name}")
            fresh["names"][0, c] = vocabulary.encode([name]) if self.named else 0
        for r, c, cell in self._cells():
            value = number(cell, self.table.decimal_comma)
            if value is not None:
                fresh["numbers"][0, r, c], fresh["valid"][0, r, c] = value, True
            elif not self.machine.cell_words:
                raise ValueError(f"row {r + 1}, column {names[c]}: {shown(cell)} is not a number")
            else:
                token = self._token(cell)
                fresh["words"][0, r, c] = token
                fresh["matches"][0, r, c] = token > UNKNOWN and token in fresh["question"][0]

    def _cells(self) -> Iterator[tuple[int, int, str]]:
        for r, row in enumerate(self.table.cells):
            for c, cell in enumerate(row):
                yield r, c, cell


_OVERWRITTEN = (
    "question", "question_length", "pivots", "pivot_count", "pivot_position", "names",
    "column_count", "numbers", "valid", "words", "matches", "frequent", "present", "answer_rows",
    "answer_scalar", "answer_column", "key",
)  # fmt: skip
