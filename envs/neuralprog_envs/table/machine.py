"""The Neural Programmer's machine: a table, a question's numbers, T steps of one operation each.

One action is ``(operation, column, pivot)``; the pivot is which number of the question a
comparison uses. At first every row is selected. An operation selects rows, computes a number or
prints a column's selected cells; the other two outputs are then empty (see ``ops``). The machine
halts after T steps, and the output of the last step is the answer. A column or a pivot beyond those
of the question may be chosen: such a comparison selects nothing, such a print prints nothing.

Source: Neelakantan et al. 2016, section 2; Neelakantan et al. 2017, section 2 (T = 4 in both).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.task import Bools, Episode, Field, Floats, Ints, fields_only
from neuralprog_envs.table.episode import TableEpisode
from neuralprog_envs.table.ops import OPERATIONS, Inputs, Operation
from neuralprog_envs.table.state import LOOKUP, POSED, SCALAR, TableInstances, TableState
from neuralprog_envs.table.vocabulary import Vocabulary

OBSERVATIONS = ("full", "effects")

LARGEST = 1e18
"""Observed numbers are clipped to plus and minus this."""


@dataclass(frozen=True)
class TableMachine:
    """Tables of at most R rows and C columns; see the module's text for the actions.

    Attributes:
        rows: R.
        columns: C.
        operations: Names from ``ops.OPERATIONS``, by the action's number.
        vocabulary: The words of all tokens.
        question_words: Q.
        name_words: Words of a column's name.
        cell_words: W; 0 when all cells are numbers.
        steps: T.
        pivots: N, the most numbers of a question.
        observation_mode: "full", or "effects", which adds what each action would select.

    Raises:
        ValueError: A size is out of its range.
    """

    rows: int
    columns: int
    operations: tuple[str, ...]
    vocabulary: Vocabulary
    question_words: int
    name_words: int = 1
    cell_words: int = 0
    steps: int = 4
    pivots: int = 2
    observation_mode: Literal["full", "effects"] = "full"

    def __post_init__(self) -> None:
        sizes = ("rows", "columns", "question_words", "name_words", "steps", "pivots")
        arguments.set_integers(self, {"cell_words": (0, 10**6), **dict.fromkeys(sizes, (1, 10**6))})
        arguments.choice("observation", self.observation_mode, OBSERVATIONS)
        cells = self.rows * self.columns * max(1, self.cell_words)
        arguments.integer("rows × columns × words of a cell", cells, 1, 2**24)

    __getstate__ = fields_only

    @cached_property
    def ops(self) -> tuple[Operation, ...]:
        """The operations, by the action's number."""
        return tuple(OPERATIONS[name] for name in self.operations)

    @cached_property
    def marked_columns(self) -> int:
        """C if an operation reads ``similar``, ``shared``, ``entries`` or ``spans``, or else 0."""
        marks = {op.mark for op in self.ops} & {"similar", "shared", "entries", "spans"}
        return self.columns if marks else 0

    @property
    def actions(self) -> tuple[int, ...]:
        """The number of operations, of columns and of pivots."""
        return (len(self.operations), self.columns, self.pivots)

    @property
    def action_names(self) -> tuple[str, ...]:
        """What each integer of an action chooses."""
        return ("operation", "column", "pivot")

    @cached_property
    def observation(self) -> Mapping[str, Field]:
        """The arrays of an observation.

        "lengths" are the numbers of question words, question numbers, columns and rows;
        "program" the actions so far, each number plus 1, and 0 for future ones. Cells' words and
        matches are there if cells can hold words; "frequent", "similar", "shared", "entries",
        "spans" and "links" if "like" is among the operations. "effects" are the rows that each
        operation, column and pivot would select or print, counted; 0 where it would compute a
        number.
        """
        R, C, last = self.rows, self.columns, len(self.vocabulary) - 1
        sizes = max(self.question_words, self.pivots, C, R)
        tables = {
            "lengths": Field((4,), 0, sizes),
            "question": Field((self.question_words,), 0, last),
            "pivots": Field((self.pivots,), -LARGEST, LARGEST, np.float64),
            "pivot_positions": Field((self.pivots,), 0, self.question_words),
            "names": Field((C, self.name_words), 0, last),
            "numbers": Field((R, C), -LARGEST, LARGEST, np.float64),
        }
        texts = {
            "valid": Field((R, C), 0, 1, np.int8),
            "words": Field((R, C, self.cell_words), 0, last),
            "matches": Field((R, C), 0, 1, np.int8),
        }
        marks = {
            "frequent": Field((R, C), 0, 1, np.int8),
            "similar": Field((R, C), 0, 1, np.int8),
            "shared": Field((R, C), 0, 1, np.int8),
            "entries": Field((R, C), 0, R),
            "spans": Field((R, C), -LARGEST, LARGEST, np.float64),
            "links": Field((self.question_words, C), 0, 31, np.int8),
        }
        work = {
            "selected": Field((R,), 0, 1, np.int8),
            "printed": Field((R,), 0, 1, np.int8),
            "scalar": Field((1,), -LARGEST, LARGEST, np.float64),
            "program": Field((self.steps, 3), 0, max(self.actions)),
        }
        read = (texts if self.cell_words else {}) | (marks if "like" in self.operations else {})
        effects = {"effects": Field(self.actions, 0, R)}
        return tables | read | work | (effects if self.observation_mode == "effects" else {})

    def initial(self, instances: TableInstances) -> TableState:
        """Return the posed tables with every row selected, and no output."""
        B = len(instances.length)
        posed = {name: getattr(instances, name) for name in POSED}
        return TableState(
            **posed,
            selected=instances.present.copy(),
            before=instances.present.copy(),
            scalars=np.zeros((B, 3)),
            printed=np.zeros((B, self.rows), dtype=bool),
            printed_column=np.zeros(B, dtype=np.int32),
            output=np.zeros(B, dtype=np.int8),
            actions=np.full((B, self.steps, 3), -1, dtype=np.int32),
            steps=np.zeros(B, dtype=np.int32),
        )

    def advance(self, state: TableState, action: NDArray[Any]) -> TableState:
        """Do what ``step`` does, which makes new arrays in any case."""
        return self.step(state, action)

    def step(self, state: TableState, action: NDArray[Any]) -> TableState:
        """Execute one operation on every row; ``action`` is (B, 3), in range."""
        B = len(state.steps)
        selected, printed = np.zeros((2, B, self.rows), dtype=bool)
        scalar, output = np.zeros(B), np.zeros(B, dtype=np.int8)
        operation, column, pivot = np.ascontiguousarray(action.T)
        for number in np.flatnonzero(np.bincount(operation)):
            slots = np.flatnonzero(operation == number)
            chosen = self.ops[number]
            result = _applied(chosen, Inputs(state, slots, column[slots], pivot[slots]))
            if chosen.effect == "scalar":
                scalar[slots], output[slots] = result, SCALAR
            elif chosen.effect == "rows":
                selected[slots] = result
            else:
                printed[slots], output[slots] = result, LOOKUP
        return self._stepped(state, action, (selected, printed, scalar, output))

    def _stepped(
        self, state: TableState, action: NDArray[Any], left: tuple[Bools, Bools, Floats, Any]
    ) -> TableState:
        """Return the state after a step that left a selection, printed rows, number and kind."""
        selected, printed, scalar, output = left
        actions = state.actions.copy()
        place = np.minimum(state.steps, self.steps - 1)
        actions[np.arange(len(place)), place] = action
        return TableState(
            **{name: getattr(state, name) for name in POSED},
            selected=selected,
            before=state.selected,
            scalars=np.column_stack([scalar, state.scalars[:, :2]]),
            printed=printed,
            printed_column=action[:, 1].astype(np.int32),
            output=output,
            actions=actions,
            steps=state.steps + np.int32(1),
        )

    def halted(self, state: TableState) -> Bools:
        """Return which rows have executed T steps."""
        return state.steps >= self.steps

    def observe(
        self, state: TableState, kept: Mapping[str, NDArray[Any]] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return observation arrays, new ones but for those of questions and tables in ``kept``."""
        posed = self._posed(state) if kept is None else kept
        seen = {**posed, **self._outputs(state)}
        return {name: seen[name] for name in self.observation}

    def _posed(self, state: TableState) -> dict[str, NDArray[Any]]:
        """Return what is observed of questions and tables; it stays to the end of an episode."""
        lengths = (state.question_length, state.pivot_count, state.column_count, state.length)
        seen: dict[str, NDArray[Any]] = {
            "lengths": np.stack(lengths, axis=1).astype(np.int32),
            "question": state.question.copy(),
            "pivots": np.clip(state.pivots, -LARGEST, LARGEST),
            "pivot_positions": state.pivot_position.copy(),
            "names": state.names.copy(),
            "numbers": state.numbers.copy(),
        }
        if self.cell_words:
            seen["valid"] = state.valid.astype(np.int8)
            seen["words"] = state.words.copy()
            seen["matches"] = state.matches.astype(np.int8)
        if "like" in self.operations:
            seen["frequent"] = state.frequent.astype(np.int8)
            seen["similar"] = state.similar.astype(np.int8)
            seen["shared"] = state.shared.astype(np.int8)
            seen["entries"] = state.entries.copy()
            seen["spans"] = state.spans.copy()
            seen["links"] = state.links.copy()
        return seen

    def _outputs(self, state: TableState) -> dict[str, NDArray[Any]]:
        """Return what is observed of outputs and actions."""
        seen: dict[str, NDArray[Any]] = {
            "selected": state.selected.astype(np.int8),
            "printed": state.printed.astype(np.int8),
            "scalar": np.clip(state.scalars[:, :1], -LARGEST, LARGEST),
            "program": state.actions + np.int32(1),
        }
        if self.observation_mode == "effects":
            seen["effects"] = self.effects(state)
        return seen

    def effects(self, state: TableState) -> Ints:
        """Return how many rows each action would select or print, (B, O, C, N), int32."""
        B = len(state.steps)
        counts = np.zeros((B, *self.actions), dtype=np.int32)
        every: dict[tuple[int, int], Inputs] = {}
        for number, operation in enumerate(self.ops):
            if operation.effect != "scalar":
                C = self.columns if operation.column else 1
                N = self.pivots if operation.pivot else 1
                if (C, N) not in every:
                    slots, column, pivot = np.indices((B, C, N)).reshape(3, -1)
                    every[C, N] = Inputs(state, slots, column, pivot)
                rows = _applied(operation, every[C, N])
                counts[:, number] = rows.sum(axis=1).reshape(B, C, N)
        return counts

    def action_mask(self, state: TableState, seen: Any = None) -> Bools:
        """Return which operations, columns and pivots exist; the first pivot is always legal."""
        every = np.ones((len(state.steps), len(self.operations)), dtype=bool)
        columns = np.arange(self.columns) < state.column_count[:, None]
        pivots = np.arange(self.pivots) < np.maximum(state.pivot_count, 1)[:, None]
        return np.concatenate([every, columns, pivots], axis=1)

    def begin(self, instances: TableInstances) -> Episode:
        """Start an episode on a batch of one instance."""
        return TableEpisode(self, instances)


def _applied(operation: Operation, inputs: Inputs) -> NDArray[Any]:
    """Return an operation's result: rows that exist, cells of a column that exists, or numbers."""
    result = operation.apply(inputs)
    if operation.effect == "rows":
        return result & inputs.present
    if operation.effect == "print":
        there = inputs.column < inputs.state.column_count[inputs.slots]
        return result & there[:, None]
    return result
