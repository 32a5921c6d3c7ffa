"""A table task: a source of questions on a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments, batch
from neuralprog_envs.core.draws import Bits, Draws
from neuralprog_envs.core.events import Act
from neuralprog_envs.core.task import Floats, Ints, fields_only
from neuralprog_envs.table import answer
from neuralprog_envs.table.machine import OBSERVATIONS, TableMachine
from neuralprog_envs.table.ops import operation_set
from neuralprog_envs.table.state import TableInstances, TableState
from neuralprog_envs.table.vocabulary import Vocabulary


class Source(Protocol):
    """A source of tables and questions."""

    @property
    def machine(self) -> TableMachine:
        """The machine that they are posed on."""

    @property
    def lengths(self) -> tuple[int, int]:
        """The fewest and the most rows."""

    def sample(self, draws: Draws, lengths: Ints) -> TableInstances:
        """Return one question for each address; ``lengths`` are rows, shape (B,)."""

    def pose_input(self, values: Any) -> TableInstances:
        """Return a user's own table and question; raise ValueError if they are malformed."""


class Definition(Protocol):
    """What a file of ``table/tasks`` holds."""

    @property
    def operations(self) -> str:
        """The operation set, a key of ``ops.SETS``, unless another is asked for."""

    def source(
        self, *, rows: int, steps: int, operations: tuple[str, ...], **settings: Any
    ) -> Source:
        """Return the questions of the given settings."""


@dataclass(frozen=True)
class TableTask:
    """Questions of a source, to be answered on its machine; see ``core.task.Task``."""

    source: Source
    observation: Literal["full", "effects"] = "full"

    __getstate__ = fields_only

    @cached_property
    def machine(self) -> TableMachine:
        """The machine."""
        return replace(self.source.machine, observation_mode=self.observation)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of all tokens."""
        return self.machine.vocabulary

    @property
    def lengths(self) -> tuple[int, int]:
        """The fewest and the most rows."""
        return self.source.lengths

    @property
    def split_from(self) -> int:
        """Questions on tables of every size are divided into splits."""
        return 1

    def sample(self, draws: Draws, lengths: Ints) -> TableInstances:
        """Return one instance for each address."""
        return self.source.sample(draws, lengths)

    def pose_input(self, values: Any) -> TableInstances:
        """Return a user's own table and question; see the source's method of this name."""
        return self.source.pose_input(values)

    def fingerprint(self, instances: TableInstances) -> Bits:
        """Return a hash of each question and its table, shape (B,)."""
        return instances.key

    def score(self, state: TableState, instances: TableInstances) -> Floats:
        """Return how much of each answer is right, shape (B,). See ``answer.score``."""
        return answer.score(self.vocabulary, state, instances)

    def answer(self, state: TableState, row: int = 0) -> list[str]:
        """Return the answer that one row of a state holds, as the predictions file has it."""
        return answer.held(self.vocabulary, batch.take(state, slice(row, row + 1)))

    def answers(
        self, state: TableState, instances: TableInstances
    ) -> tuple[list[str], list[str] | None]:
        """Return the answer that a state of one row holds, and the right one where it is known."""
        return self.answer(state), answer.expected(self.vocabulary, instances)

    def horizon(self, lengths: Ints) -> NDArray[np.int64]:
        """Return T: the machine halts by itself."""
        return np.full(len(lengths), self.machine.steps, dtype=np.int64)

    def expert(self, instances: TableInstances) -> Iterator[Act]:
        """Yield the question's program, T actions with resets; raise ValueError if it has none."""
        for action in instances.program[0].tolist():
            if action[0] < 0:
                raise ValueError("there is no expert's program for this question")
            yield Act(tuple(action))


def build(
    definition: Definition,
    *,
    length: int | tuple[int, int],
    steps: int = 4,
    operations: str | Sequence[str] | None = None,
    observation: Any = "full",
    **settings: Any,
) -> TableTask:
    """Return the task of the given settings: the family's keyword arguments.

    Args:
        definition: What is asked.
        length: The rows, or the range of rows, that the machine must hold.
        steps: T.
        operations: A set of ``ops.SETS``, or names out of ``ops.OPERATIONS``; by default the
            definition's.
        observation: "full", or "effects": with what each action would select, see
            ``TableMachine.observation``.
        **settings: The definition's own: see ``SyntheticQuestions.source`` (columns, value_range)
            and ``WikiTableQuestions.source`` (data, questions, ...).

    Raises:
        ValueError: A setting is out of its range.
        TypeError: There is no such setting.
    """
    rows = arguments.span(length)[1]
    if rows < 1:
        raise ValueError(f"length {rows} is impossible: a table has at least 1 row")
    steps = arguments.integer("steps", steps, 1, 1000)
    chosen = operation_set(definition.operations if operations is None else operations)
    source = definition.source(rows=rows, steps=steps, operations=chosen, **settings)
    return TableTask(source, arguments.choice("observation", observation, OBSERVATIONS))
