"""The operations of a table machine as text: ``greater column 2 number 1``, ``count``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_envs.core.language import Instruction, unknown
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.ops import Operation

_ACTION = re.compile(r"(\w+)(?: column (\d{1,9}))?(?: number (\d{1,9}))?")

MEANINGS = {
    "sum": "the sum of the column's numbers in the selected rows",
    "count": "the number of selected rows",
    "difference": "the number of three steps ago minus that of the last step",
    "greater": "select the rows whose number in the column is greater than the question's",
    "lesser": "select the rows whose number in the column is less than the question's",
    "geq": "select the rows whose number in the column is at least the question's",
    "leq": "select the rows whose number in the column is at most the question's",
    "and": "select the rows that were selected in this step and in the one before",
    "or": "select the rows that were selected in this step or in the one before",
    "print": "print the column's cells in the selected rows",
    "reset": "select all rows",
    "match": "select the rows whose cell in the column is named in the question",
    "prev": "select the row before each selected one",
    "next": "select the row after each selected one",
    "first": "of the selected rows, select the first",
    "last": "of the selected rows, select the last",
    "like": "select the rows whose cell shares the most words with the question",
    "frequent": "select the rows with the most frequent cell of the column",
    "max": "of the selected rows, select the one with the greatest number in the column",
    "min": "of the selected rows, select the one with the least number in the column",
    "gap": "the greatest minus the least of the column's numbers in the selected rows",
    "unlike": "select the rows whose cell shares no word with the question",
    "mode": "of the selected rows, select those with the most frequent cell of the column",
    "longest": "of the selected rows, select the one whose cell spans most, as 8 in 1950–1958",
    "same": "select the other rows with the selected row's cell in the column",
    "more": "select the rows with a greater number in the column than the selected row",
    "fewer": "select the rows with a smaller number in the column than the selected row",
    "above": "select the rows above the selected one",
    "below": "select the rows below the selected one",
    "average": "the mean of the column's numbers in the selected rows",
    "distinct": "the number of different cells of the column in the selected rows",
    "span": "the second number of the selected row's cell less its first, as 8 in 1950–1958",
}


@dataclass(frozen=True)
class TableLanguage:
    """The actions of a table machine; see ``neuralprog_envs.core.language.Language``."""

    machine: TableMachine

    @property
    def manual(self) -> str:
        """What the machine does, and every operation with its meaning."""
        steps = self.machine.steps
        return "\n".join(
            [
                "A program of operations answers the question: each selects rows, computes a "
                "number or prints cells. All rows are selected",
                f"at first, and none is after a number or a print. After {steps} steps the output "
                "of the last one is the answer;",
                "a shorter program begins with reset, as often as needed. Type one operation a "
                "step; columns count from 1, from left",
                "to right, and numbers of the question from 1 (number 1 may be left out):",
                *(f"  {each.form:30} {each.meaning}" for each in self.instructions),
            ]
        )

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """The operations with what they select, compute or print."""
        ops = enumerate(self.machine.ops)
        return tuple(Instruction(n, _form(each), MEANINGS[each.name]) for n, each in ops)

    def write(self, action: Any) -> str:
        """Return an operation with what it reads."""
        operation, column, pivot = (int(number) for number in np.ravel(action))
        chosen = self.machine.ops[operation]
        words = [chosen.name]
        words += [f"column {column + 1}"] if chosen.column else []
        words += [f"number {pivot + 1}"] if chosen.pivot else []
        return " ".join(words)

    def read(self, text: str) -> tuple[int, ...]:
        """Return the action of an operation; what it does not read is 0."""
        name, _, rest = " ".join(text.split()).partition(" ")
        if name not in self.machine.operations:
            raise unknown("operation", name, self.machine.operations)
        operation = self.machine.operations.index(name)
        chosen, found = self.machine.ops[operation], _ACTION.fullmatch(f"{name} {rest}".strip())
        column, pivot = (found[2], found[3]) if found else (None, None)
        right = found and chosen.column == (column is not None)
        if not right or (pivot is not None and not chosen.pivot):
            raise ValueError(f"{name} is typed as {_form(chosen)}, with a column's number for C")
        place = _place("column", column, self.machine.columns)
        return (operation, place, _place("number", pivot, self.machine.pivots))


def _form(operation: Operation) -> str:
    column = " column C" if operation.column else ""
    return f"{operation.name}{column}{' number N' if operation.pivot else ''}"


def _place(kind: str, word: str | None, count: int) -> int:
    """Return a number from 1 as the index from 0; one that is left out is the first."""
    place = int(word or 1) - 1
    if not 0 <= place < count:
        raise ValueError(f"there is no {kind} {word}: they are 1 to {count}")
    return place
