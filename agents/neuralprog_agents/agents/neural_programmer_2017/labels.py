"""The labels of real questions: the cells and the number that are the right answer.

An answer is a list of texts. Each item is matched with the table's cells. A single number may also
be the result of a count, a sum or a difference.

Source: Neelakantan et al. 2017, section 3 (answer-to-cell matching); here the official rules decide
whether an item matches a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools
from neuralprog_envs.table import official
from neuralprog_envs.table.tables import Table


@dataclass(frozen=True)
class Labels:
    """The label of one question.

    Attributes:
        items: Whether each of K items matches each cell, (K, r, c).
        scalar: The right number; NaN if the answer is not a number.
    """

    items: Bools
    scalar: float


@dataclass(frozen=True)
class Values:
    """The different texts of a table, so that each is compared once.

    Attributes:
        texts: The different texts.
        place: The index of each cell's text, (r, c).
        values: The value of each text by the official rules.
        plain: The normalised form of each text.
    """

    texts: tuple[str, ...]
    place: NDArray[np.int64]
    values: tuple[official.Value, ...]
    plain: tuple[str, ...]

    @classmethod
    def of(cls, table: Table) -> Values:
        """Return the different texts of a table."""
        cells = [cell for row in table.cells for cell in row]
        numbers: Mapping[str, int] = {text: i for i, text in enumerate(dict.fromkeys(cells))}
        place = np.array([numbers[cell] for cell in cells]).reshape(table.rows, len(table.names))
        texts = tuple(numbers)
        return cls(
            texts,
            place,
            tuple(official.value(text) for text in texts),
            tuple(official.normalise(text) for text in texts),
        )

    def matching(self, text: str, canon: str) -> Bools:
        """Return the cells that match an item, (r, c)."""
        wanted, plain = official.value(canon), official.normalise(text)
        same = [
            own == plain or official.same(wanted, value)
            for own, value in zip(self.plain, self.values, strict=True)
        ]
        found: Bools = np.array(same, dtype=bool)[self.place]
        return found


def labels(values: Values, target: Sequence[str], canon: Sequence[str] | None) -> Labels:
    """Return the labels of an answer in a table."""
    forms = [official.lenient(item) for item in target] if canon is None else list(canon)
    items = [values.matching(text, form) for text, form in zip(target, forms, strict=True)]
    number = official.value(forms[0])
    alone = len(forms) == 1 and isinstance(number, float)
    return Labels(np.array(items), float(number) if alone else float("nan"))  # type: ignore[arg-type]
