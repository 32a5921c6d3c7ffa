"""The known situations of one program: which of them are like another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Situation = tuple[int, ...]
"""The program, its three arguments, the E numbers of the view, and the call's last actions: the
numbers of actions plus 1, the latest at the end, 0 where there was none."""


class SituationIndex:
    """Situations of ``width`` numbers, in the order in which they came, as rows of an array."""

    def __init__(self, width: int) -> None:
        self._situations: list[Situation] = []
        self._rows = np.zeros((16, width), dtype=np.int32)

    def add(self, situation: Situation) -> None:
        """Add one at the end."""
        n = len(self._situations)
        if n == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[n] = situation
        self._situations.append(situation)

    def remove(self, situation: Situation) -> None:
        """Remove one."""
        i, n = remove_latest(self._situations, situation), len(self._situations)
        self._rows[i:n] = self._rows[i + 1 : n + 1]

    def nearest(self, situation: Situation) -> Situation | None:
        """Return the first of those that differ in the fewest numbers; None if there is none."""
        if not self._situations:
            return None
        different = self._rows[: len(self._situations)] != np.array(situation, dtype=np.int32)
        return self._situations[int(different.sum(axis=1).argmin())]

    def agreeing(
        self, situation: Situation, same: Sequence[int], present: Sequence[int]
    ) -> list[Situation]:
        """Return those with the same numbers in some places, and zeros in the same others."""
        rows, one = self._rows[: len(self._situations)], np.array(situation)
        agree = (rows[:, same] == one[same]).all(axis=1)
        agree &= ((rows[:, present] > 0) == (one[present] > 0)).all(axis=1)
        return [self._situations[i] for i in np.flatnonzero(agree).tolist()]


def remove_latest(situations: list[Situation], situation: Situation) -> int:
    """Remove one of some situations and return its place; it is looked for from the end."""
    i = len(situations) - 1
    while situations[i] != situation:
        i -= 1
    del situations[i]
    return i
