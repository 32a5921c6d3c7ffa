"""Which cells and numbers are the right answer: the labels of real questions.

An answer is a list of texts. Each item is looked for in the table's cells, and, if it is alone and
a number, it may also be the result of a count, a sum or a difference.

Source: Neelakantan et al. 2017, section 3 (answer-to-cell matching); the official rules decide
here what matches.
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
    """The right answer of one question.

    Attributes:
        items: The items that each cell matches, (K, r, c), K items.
        scalar: The right number; NaN where the answer is none.
    """

    items: Bools
    scalar: float


@dataclass(frozen=True)
class Values:
    """The different texts of a table, each compared once.

    Attributes:
        texts: The different texts.
        place: The text of each cell, (r, c).
        values: What each text is, by the official rules.
        plain: Each text normalised.
    """

    texts: tuple[str, ...]
    place: NDArray[np.int64]
    values: tuple[official.Value, ...]
    plain: tuple[str, ...]

    @classmethod
    def of(cls, table: Table) -> Values:
        """Return a table's texts."""
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
        """Return which cells match one right item, (r, c)."""
        wanted, plain = official.value(canon), official.normalise(text)
        same = [
            own == plain or official.same(wanted, value)
            for own, value in zip(self.plain, self.values, strict=True)
        ]
        found: Bools = np.array(same, dtype=bool)[self.place]
        return found


def labels(values: Values, target: Sequence[str], canon: Sequence[str] | None) -> Labels:
    """Return the labels of a right answer in a table."""
    forms = [official.lenient(item) for item in target] if canon is None else list(canon)
    items = [values.matching(text, form) for text, form in zip(target, forms, strict=True)]
    number = official.value(forms[0])
    alone = len(forms) == 1 and isinstance(number, float)
    return Labels(np.array(items), float(number) if alone else float("nan"))  # type: ignore[arg-type]
