"""Synthetic tables and questions: drawn for a whole batch at once, answered without the machine.

Each question's kind is drawn uniformly, then its wording, then its columns: so the share of the
test templates that occur in 50,000 training questions agrees with the paper's table.
Values and pivots are multiples of 0.01. The pivots of "greater n1 A and lesser n2 A" (the same
column twice) are ordered so that some value can lie between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Bools, Floats, Ints
from neuralprog_envs.table import questions as q
from neuralprog_envs.table.cells import content_hash, most_frequent, packed, template_numbers
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.state import LOOKUP, SCALAR, TableInstances
from neuralprog_envs.table.tables import read_input
from neuralprog_envs.table.user import UserTable

_CENT = 100.0


@dataclass(frozen=True)
class Drawn:
    """The choices behind B questions; see ``Grammar`` for patterns and slots.

    Attributes:
        pattern: Shape (B,).
        columns: The column of each slot, (B, 3).
        entries: The text entry, by its place in ``TEXTS``' lists, of each condition, (B, 2).
        pivots: The number of each condition, (B, 2); 0 where it has none.
    """

    pattern: NDArray[np.int64]
    columns: Ints
    entries: Ints
    pivots: Floats


@dataclass(frozen=True)
class Synthetic:
    """Questions of one grammar on tables of random numbers (and, in text columns, words).

    Attributes:
        grammar: What is asked.
        machine: The machine that holds the table.
        columns: The fewest and the most columns; each question draws its own number of them.
        value_range: Values and pivots lie within plus and minus this.
    """

    grammar: q.Grammar
    machine: TableMachine
    columns: tuple[int, int]
    value_range: float

    @property
    def lengths(self) -> tuple[int, int]:
        """The fewest and the most rows."""
        return 1, self.machine.rows

    @cached_property
    def programs(self) -> Ints:
        """The expert's program of each kind, by slot, (kinds, 4, 3)."""
        return self.grammar.programs(self.machine.operations)

    def sample(self, draws: Draws, lengths: Ints) -> TableInstances:
        """Return one question on a table of ``lengths[b]`` rows for each address."""
        R, C = self.machine.rows, self.machine.columns
        count = draws.integer(self.columns[0], self.columns[1] + 1)
        present = np.arange(R) < lengths[:, None]
        text = count // 2 if self.grammar.text else count * 0
        there = np.tile(np.arange(C) < count[:, None], (1, R))
        cells = (np.repeat(present, C, axis=1) & there).reshape(-1, R, C)
        hundredths = self._hundredths(draws, R * C).reshape(-1, R, C)
        entries, valid = self._entries(hundredths, cells, text)
        numbers = hundredths * valid / _CENT
        drawn = self._ask(draws, count, text, lengths, entries)
        return self._posed(drawn, (numbers, valid, entries, present), count, lengths)

    def _entries(self, drawn: Ints, cells: Bools, text: Ints) -> tuple[Ints, Bools]:
        """Return the text cells' entries, -1 in other cells, and which cells hold numbers.

        The number that was drawn for a text cell, and is not used there, decides its entry.
        """
        if not self.grammar.text:
            return np.broadcast_to(np.int32(-1), cells.shape), cells
        entries, valid = np.full(cells.shape, -1, dtype=np.int32), cells.copy()
        first = slice(None), slice(None), slice(cells.shape[2] // 2)
        words = cells[first] & (np.arange(cells.shape[2] // 2) < text[:, None])[:, None]
        remainder = drawn[first].view(np.uint32) % np.uint32(len(q.TEXTS[0]))
        np.copyto(entries[first], remainder.astype(np.int32), where=words)
        valid[first] &= ~words
        return entries, valid

    def _hundredths(self, draws: Draws, columns: int) -> Ints:
        """Return uniform integers within plus and minus 100 · value_range, (B, columns).

        Two come from each word of random bits, for speed. The remainder favours the smaller ones
        by (200 · value_range) / 2**32 at most: one in 200,000 at the usual range.
        """
        limit = round(self.value_range * _CENT)
        words = draws.bits(-(-columns // 2)).astype("<u8", copy=False)
        halves = words.view("<u4")[:, :columns] % np.uint32(2 * limit + 1)
        return halves.astype(np.int32) - np.int32(limit)

    def _ask(self, draws: Draws, count: Ints, text: Ints, lengths: Ints, entries: Ints) -> Drawn:
        """Draw kind, wording, columns, pivots and entries."""
        kinds, rows = self.grammar.kinds, np.arange(len(count))
        double = sum(kind.conditions == (q.MATCH, q.MATCH) for kind in kinds)
        kind = draws.integer(0, len(kinds) - np.where(text < 2, double, 0))
        first, after = self.grammar.first[kind], self.grammar.first[kind + 1]
        pattern = first + draws.integer(0, after - first)
        conditions = self.grammar.conditions[kind]
        columns = draws.integers(text[:, None], count[:, None], 3)
        pivots = self._hundredths(draws, 2) / _CENT
        if self.grammar.text:
            columns = _text_columns(draws, conditions, columns, text)
            row = draws.integers(0, lengths[:, None], 2)
            entry = entries[rows[:, None], row, columns[:, :2]]
        else:
            entry = np.full((len(count), 2), -1, dtype=np.int32)
        numeric = (conditions == q.GREATER) | (conditions == q.LESSER)
        pivots = np.where(numeric, self._ordered(kind, columns, pivots), 0.0)
        return Drawn(pattern, columns, np.where(conditions == q.MATCH, entry, -1), pivots)

    def _ordered(self, kind: NDArray[Any], columns: Ints, pivots: Floats) -> Floats:
        """Return the pivots so that an "and" on one column can be fulfilled."""
        conditions = self.grammar.conditions[kind]
        same = (columns[:, 0] == columns[:, 1]) & (conditions > 0).all(axis=1)
        same &= ~self.grammar.either[kind]
        rising = np.sort(pivots, axis=1)
        fitting = np.where((conditions[:, 0] == q.GREATER)[:, None], rising, rising[:, ::-1])
        return np.where(same[:, None], fitting, pivots)

    def _posed(
        self, drawn: Drawn, table: tuple[Floats, Bools, Ints, Bools], count: Ints, lengths: Ints
    ) -> TableInstances:
        numbers, valid, entries, present = table
        kind = self.grammar.kind[drawn.pattern]
        selected = self._fulfilled(kind, drawn, numbers, entries) & present
        question = self._tokens(drawn)
        pivots, pivot_count = packed(drawn.pivots, self.grammar.conditions[kind] % q.MATCH > 0)
        words = self._words(entries)
        key = content_hash(question, pivots, numbers, words, lengths)
        B, C = len(lengths), self.machine.columns
        marks = (B, self.machine.rows, self.machine.marked_columns)
        return TableInstances(
            question=question,
            question_length=self.grammar.length[drawn.pattern],
            pivots=pivots,
            pivot_count=pivot_count,
            pivot_position=self.grammar.positions[drawn.pattern],
            names=self._names(count),
            column_count=count,
            numbers=numbers,
            valid=valid,
            words=words,
            matches=self._matches(drawn, entries),
            frequent=self._frequent(numbers, valid, entries),
            similar=np.zeros(marks, dtype=bool),
            shared=np.zeros(marks, dtype=bool),
            entries=np.zeros(marks, dtype=np.int32),
            spans=np.zeros(marks),
            links=np.zeros((B, question.shape[1], marks[2]), dtype=np.int8),
            name_matches=np.zeros((B, C), dtype=bool),
            texts=np.empty((B, 0), dtype=object),
            present=present,
            **self._answer(kind, drawn, numbers, selected),
            answer_text=np.full(B, None, dtype=object),
            program=self._program(kind, drawn),
            template=template_numbers(drawn.pattern, drawn.columns, self.grammar.slots[kind]),
            key=key,
            length=np.asarray(lengths, dtype=np.int32),
        )

    def _fulfilled(self, kind: NDArray[Any], drawn: Drawn, numbers: Floats, entries: Ints) -> Bools:
        """Return the rows that the conditions ask for, (B, R); padding rows may be among them."""
        rows = np.arange(len(kind))
        found = []
        for place in range(2):
            condition = self.grammar.conditions[kind, place][:, None]
            column, pivot = drawn.columns[:, place], drawn.pivots[:, place, None]
            values = numbers[rows, :, column]
            met = (condition == q.NONE) | ((condition == q.GREATER) & (values > pivot))
            met |= (condition == q.LESSER) & (values < pivot)
            if self.grammar.text:
                same = entries[rows, :, column] == drawn.entries[:, place, None]
                met |= (condition == q.MATCH) & same
            found.append(met)
        either = self.grammar.either[kind][:, None]
        joined: Bools = np.where(either, found[0] | found[1], found[0] & found[1])
        return joined

    def _answer(
        self, kind: NDArray[Any], drawn: Drawn, numbers: Floats, selected: Bools
    ) -> dict[str, Any]:
        rows, finish = np.arange(len(kind)), self.grammar.finish[kind]
        slot = np.maximum(self.grammar.slots[kind] - 1, 0)
        column = np.where(finish == q.COUNT, 0, drawn.columns[rows, slot]).astype(np.int32)
        total = np.where(selected, numbers[rows, :, column], 0.0).sum(axis=1)
        count = selected.sum(axis=1).astype(np.float64)
        choices = [total, count, total * 0, total - count, count - total]
        printed = finish == q.PRINT
        return {
            "answer_kind": np.where(printed, LOOKUP, SCALAR).astype(np.int8),
            "answer_scalar": np.choose(finish, choices),
            "answer_rows": selected & printed[:, None],
            "answer_column": column,
        }

    def _tokens(self, drawn: Drawn) -> Ints:
        """Return the questions' words, (B, Q)."""
        codes = self.grammar.codes[drawn.pattern]
        names = self._letters[drawn.columns]
        texts = self._entry_tokens[drawn.columns[:, :2], np.maximum(drawn.entries, 0)]
        for slot in range(3):
            codes = np.where(codes == -1 - slot, names[:, slot, None], codes)
        for slot in range(2):
            codes = np.where(codes == -11 - slot, texts[:, slot, None], codes)
        return codes.astype(np.int32)

    @cached_property
    def _letters(self) -> Ints:
        return np.array(self.grammar.vocabulary.encode(q.NAMES), dtype=np.int32)

    @cached_property
    def _entry_tokens(self) -> Ints:
        """The token of each text column's entries, (columns, entries); unknown in other columns."""
        encode = self.grammar.vocabulary.encode
        rows = [encode(q.TEXTS[min(c, len(q.TEXTS) - 1)]) for c in range(self.machine.columns)]
        return np.array(rows, dtype=np.int32)

    def _words(self, entries: Ints) -> Ints:
        """Return the cells' tokens, (B, R, C, W); a column's entries have consecutive tokens."""
        B, R, C = entries.shape
        words = np.zeros((B, R, C, self.machine.cell_words), dtype=np.int32)
        if self.machine.cell_words:
            half = C // 2
            bases, drawn = self._entry_tokens[:half, 0], entries[:, :, :half]
            np.copyto(words[:, :, :half, 0], drawn + bases, where=drawn >= 0)
        return words

    def _names(self, count: Ints) -> Ints:
        there = np.arange(self.machine.columns) < count[:, None]
        named = there & self.grammar.named
        return np.where(named, self._letters[: self.machine.columns], 0).astype(np.int32)[..., None]

    def _matches(self, drawn: Drawn, entries: Ints) -> Bools:
        """Return which cells hold an entry that the question mentions, (B, R, C)."""
        matches = np.zeros(entries.shape, dtype=bool)
        rows = np.arange(len(entries))
        for place in range(2) if self.grammar.text else ():
            column, asked = drawn.columns[:, place], drawn.entries[:, place, None]
            matches[rows, :, column] |= (entries[rows, :, column] == asked) & (asked >= 0)
        return matches

    def _frequent(self, numbers: Floats, valid: Bools, entries: Ints) -> Bools:
        if "frequent" not in self.machine.operations:
            return np.zeros(valid.shape, dtype=bool)
        return most_frequent(np.where(valid, numbers, entries), valid | (entries >= 0))

    def _program(self, kind: NDArray[Any], drawn: Drawn) -> Ints:
        """Return the experts' actions, (B, T, 3), resets in front of those of the grammar."""
        program = self.programs[kind]
        slots = program[:, :, 1]
        chosen = np.take_along_axis(drawn.columns, np.maximum(slots, 0), axis=1)
        columns = np.where(slots < 0, 0, chosen)
        acts = np.stack([program[:, :, 0], columns, program[:, :, 2]], axis=2).astype(np.int32)
        reset = (self.machine.operations.index("reset"), 0, 0)
        pad = np.full((len(kind), self.machine.steps - q.STEPS, 3), reset, dtype=np.int32)
        return np.concatenate([pad, acts], axis=1)

    def pose_input(self, values: Any) -> TableInstances:
        """Return a user's table and question as one instance; its right answer is not known.

        The input is {"table": a CSV file, or rows of which the first is the header, "question": a
        question in the words of the grammar}. Raise ValueError if the table is malformed or too
        large, a column's name is unknown, a cell is no number, or the question has no known word.
        """
        table, question = read_input(values)
        blank = self.sample(Draws(np.zeros(1, dtype=np.uint64)), np.ones(1, dtype=np.int32))
        return UserTable(self.machine, self.grammar.named, table, question).posed(blank)


def _text_columns(draws: Draws, conditions: Ints, columns: Ints, text: Ints) -> Ints:
    """Return the slots' columns with text columns in the slots of conditions on text.

    Two such conditions get two different columns.
    """
    one = draws.integer(0, text)
    other = (one + 1 + draws.integer(0, np.maximum(text - 1, 1))) % text
    double = (conditions == q.MATCH).all(axis=1)
    chosen = np.stack([one, np.where(double, other, one)], axis=1)
    mixed = np.where(conditions == q.MATCH, chosen, columns[:, :2])
    return np.concatenate([mixed, columns[:, 2:]], axis=1).astype(np.int32)
