"""The curriculum of the NRAM's paper: mixed difficulties around a level that rises.

Source: Kurach et al. 2016, appendix B. Each example draws its own difficulty d: with 10 %
uniform over all difficulties, with 25 % uniform on 1..D+e, with 65 % d = D+e, where D is the
level and e is geometric: P(e) = 2^-(e+1), e ≥ 0 (the paper does not say whether e starts at 0 or
at 1). D rises when the error falls below a threshold, at most once in ``spacing`` batches.
Threshold and spacing are not published.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws

_RESOLUTION = 2**20


@dataclass(frozen=True)
class Curriculum:
    """The level D between the lowest and the highest difficulty, and the batches since it rose.

    D rises when the error is below ``threshold``, after ``spacing`` batches or more.
    """

    lowest: int
    highest: int
    level: int
    batches: int = 0
    threshold: float = 0.05
    spacing: int = 50

    @property
    def complete(self) -> bool:
        """Whether the level has reached the largest difficulty."""
        return self.level == self.highest

    def sample(self, draws: Draws) -> NDArray[np.int32]:
        """Return one difficulty for each address of ``draws``, shape (B,), int32."""
        e = np.floor(-np.log2(draws.integer(1, _RESOLUTION + 1) / _RESOLUTION)).astype(np.int32)
        hard = np.clip(self.level + e, self.lowest, self.highest)
        anything = draws.integer(self.lowest, self.highest + 1)
        easier = draws.integer(self.lowest, hard + 1)
        kind = draws.integer(0, 100)
        return np.where(kind < 10, anything, np.where(kind < 35, easier, hard)).astype(np.int32)

    def update(self, error: float, batches: int) -> Curriculum:
        """Return the curriculum after so many more batches with this mean error."""
        waited = self.batches + batches
        if error < self.threshold and waited >= self.spacing and not self.complete:
            return replace(self, level=self.level + 1, batches=0)
        return replace(self, batches=waited)
