"""What the synthetic tasks' files define: a grammar and the columns of its tables."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_envs.core import arguments
from neuralprog_envs.table import questions as q
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.synthetic import Synthetic


@dataclass(frozen=True)
class SyntheticQuestions:
    """A definition of synthetic questions.

    Attributes:
        grammar: What is asked.
        columns: The fewest and the most columns unless others are asked for.
        operations: The operation set.
    """

    grammar: q.Grammar
    columns: tuple[int, int]
    operations: str = "2015"

    def source(
        self,
        *,
        rows: int,
        steps: int,
        operations: tuple[str, ...],
        columns: int | tuple[int, int] | None = None,
        value_range: float = 100.0,
    ) -> Synthetic:
        """Return the questions of the given settings.

        Args:
            rows: The most rows.
            steps: T, at least 4.
            operations: Names of operations, among them all that the experts need.
            columns: The number of columns, or the fewest and the most; the paper trains on 1 to 3,
                5 or 10 and tests on 3, 5 or 10. Arrays are as wide as the most.
            value_range: Values lie within plus and minus this; the paper trains on 100 and
                tests on 200.

        Raises:
            ValueError: A setting is out of its range.
        """
        low, high = arguments.span(self.columns if columns is None else columns, "columns")
        fewest = 2 if self.grammar.text else 1
        most = self._most()
        if not fewest <= low <= high <= most:
            raise ValueError(f"columns must be {fewest} to {most} here, got {low} to {high}")
        if not 0.01 <= arguments.real("value_range", value_range) <= 10**6:
            raise ValueError(
                f"value_range must be 0.01 to 1,000,000, got {arguments.shown(value_range)}"
            )
        if steps < q.STEPS:
            raise ValueError(f"these questions need {q.STEPS} steps, got steps={steps}")
        missing = self.grammar.missing(operations)
        if missing:
            raise ValueError(f"these questions need the operations {sorted(missing)}")
        machine = TableMachine(
            rows=rows,
            columns=high,
            operations=operations,
            vocabulary=self.grammar.vocabulary,
            question_words=self.grammar.width,
            cell_words=1 if self.grammar.text else 0,
            steps=steps,
        )
        return Synthetic(self.grammar, machine, (low, high), float(value_range))

    def _most(self) -> int:
        if self.grammar.text:
            return 2 * len(q.TEXTS) + 1
        return len(q.NAMES) if self.grammar.named else 1
