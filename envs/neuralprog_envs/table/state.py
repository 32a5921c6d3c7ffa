"""The arrays of the table family: posed questions, and machines at work."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools, Floats, Ints

Texts = NDArray[np.object_]
Bits = NDArray[np.uint64]

NOTHING, SCALAR, LOOKUP, STRINGS = 0, 1, 2, 3
"""Kinds of answers: none, a number, cells of a column, strings to be judged officially."""


@dataclass(frozen=True)
class PosedTables:
    """B questions and tables, without answers; they never change.

    There are R rows, C columns, Q question words, N pivots, W words a cell, and T steps.

    Attributes:
        question: Tokens, without the numbers, (B, Q), int32.
        question_length: Words of each question, (B,), int32.
        pivots: The question's numbers, (B, N), float64.
        pivot_count: How many there are, (B,), int32.
        pivot_position: The index in ``question`` of the word to the left of each number, (B, N).
        names: Tokens of the columns' names, (B, C, words of a name), int32.
        column_count: Columns of each table, (B,), int32.
        numbers: The cells' numbers, 0 in cells without one, (B, R, C), float64.
        valid: Which cells have a number, (B, R, C), bool.
        words: Tokens of the cells, (B, R, C, W), int32; W = 0 when all cells are numbers.
        matches: Which cells the question mentions, (B, R, C), bool.
        frequent: Which cells hold their column's most frequent entry, if it occurs more than
            once, (B, R, C), bool.
        similar: Which cells share the most words with the question, in their column, (B, R, C),
            bool.
        shared: Which cells share a content word with the question, (B, R, C), bool.
        entries: The number of each cell's entry: equal in equal cells of a column, 0 in empty
            cells, (B, R, C), int32.
        spans: The second number of a cell less its first, as 8 in 1950–1958; 0 in others,
            (B, R, C), float64.
        links: Where each word of the question occurs, by column, (B, Q, C), int8: 1 for the
            column's name, 2 for an entry that the question mentions, 4 for one that shares words
            with it, 8 where the name or such an entry has the number to the word's right, 16 where
            a word of the name begins with the same five letters, and sums of these. Synthetic
            questions have none of these four, of no columns unless an operation reads them.
        name_matches: Which columns' names the question mentions, (B, C), bool.
        texts: The question, the columns' names, the cells row by row, (B, 1 + C + R·C), str; or
            (B, 0) if the tokens are the whole text.
        present: Which rows exist, (B, R), bool.
        length: The tables' rows, (B,), int32.
    """

    question: Ints
    question_length: Ints
    pivots: Floats
    pivot_count: Ints
    pivot_position: Ints
    names: Ints
    column_count: Ints
    numbers: Floats
    valid: Bools
    words: Ints
    matches: Bools
    frequent: Bools
    similar: Bools
    shared: Bools
    entries: Ints
    spans: Floats
    links: NDArray[np.int8]
    name_matches: Bools
    texts: Texts
    present: Bools
    length: Ints


POSED = tuple(field.name for field in fields(PosedTables))
"""The arrays that a state shares with its instances."""


@dataclass(frozen=True)
class TableInstances(PosedTables):
    """B posed questions with their answers.

    Attributes:
        answer_kind: NOTHING (unknown), SCALAR, LOOKUP or STRINGS, (B,), int8.
        answer_scalar: The right number, (B,), float64.
        answer_rows: The rows of the right cells, (B, R), bool.
        answer_column: Their column, (B,), int32.
        answer_text: The right strings, joined by ``official.join``, (B,), str.
        program: The expert's actions, (B, T, 3), int32; all -1 where there is none.
        template: The number of the question's template, (B,), int64; -1 for none.
        key: A hash of the content, (B,), uint64.
    """

    answer_kind: NDArray[np.int8]
    answer_scalar: Floats
    answer_rows: Bools
    answer_column: Ints
    answer_text: Texts
    program: Ints
    template: NDArray[np.int64]
    key: Bits


@dataclass(frozen=True)
class TableState(PosedTables):
    """B machines at work: the posed tables, which they share with their instances, and outputs.

    Attributes:
        selected: The row selection, (B, R), bool.
        before: The row selection one step earlier, (B, R), bool.
        scalars: The number of the last step, of the one before it, and so on, (B, 3), float64.
        printed: The printed rows of ``printed_column``, (B, R), bool.
        printed_column: The column of the last step's print, (B,), int32.
        output: The kind of the last step's output: NOTHING (rows), SCALAR or LOOKUP, (B,), int8.
        actions: The actions so far, -1 for those to come, (B, T, 3), int32.
        steps: Steps executed, (B,), int32.
    """

    selected: Bools
    before: Bools
    scalars: Floats
    printed: Bools
    printed_column: Ints
    output: NDArray[np.int8]
    actions: Ints
    steps: Ints
