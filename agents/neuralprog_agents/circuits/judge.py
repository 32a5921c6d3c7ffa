"""The pairs that programs are scored on, and the judgement of a program that is right on all.

A fit is checked on other pairs; those that it fails on come into use. A program that passes is made
simpler, and judged on held-out pairs of twice the longest length.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits import examples, tables
from neuralprog_agents.circuits.anneal import begin, right_pairs
from neuralprog_agents.circuits.examples import score_weights
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_agents.circuits.settings import PairSettings
from neuralprog_agents.circuits.simplify import simplify
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_envs.tape.learned import LearnedModule


class Judge:
    """Judges the programs of one restart.

    Attributes:
        rows: The pairs in use, as rows of ``examples.pairs``; a multiple of 64.
        used: How many of the pairs of the trained lengths have been looked at.
        modules: The machine's modules, the learned ones among them.
    """

    def __init__(
        self, config: PairSettings, index: int, learned: tuple[LearnedModule, ...] = ()
    ) -> None:
        self._config, self._index, self._learned = config, index, learned
        self.modules = examples.module_list(config, learned)
        self._weights = score_weights(config)
        self.rows = examples.first_rows(config)
        self.used = int(self.rows.max()) + 1
        R = config.registers
        blank = np.zeros((1 << R, len(self.modules.owner) + R + 1), dtype=np.int64)
        self._room = begin(blank, np.zeros(2, dtype=np.uint64), self.modules)

    def right(self, table: CircuitTable, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs a table is right on; a multiple of 64 rows."""
        problem = examples.pack(self._config, rows)
        return right_pairs(self._room, problem, self._weights, table)[0]

    def passes(self, table: CircuitTable, position: int) -> bool:
        """Check a fit on other pairs; where it fails, they take the places of pairs in use.

        Args:
            table: Is right on all pairs in use.
            position: How far the restart is: it decides the places.
        """
        others = np.setdiff1d(np.arange(examples.shorter_pairs(self._config)), self.rows)
        others = others[: max(self._config.check, self.used - len(self.rows))]
        for first in range(0, len(others) - LANES + 1, LANES):
            part = examples.arranged(self._config, others[first : first + LANES])
            self.used = max(self.used, int(part.max()) + 1)
            failed = part[~self.right(table, part)]
            if len(failed):
                self.bring_in(failed, position)
                return False
        return True

    def bring_in(self, failed: NDArray[np.int64], position: int) -> None:
        """Replace pairs in use, drawn at random, by at most half as many others."""
        random = np.random.default_rng((self._config.seed, position, self._index))
        failed = failed[: len(self.rows) // 2]
        places = random.choice(len(self.rows), size=len(failed), replace=False)
        self.rows[places] = failed
        self.rows = examples.arranged(self._config, self.rows)

    def judged(self, found: CircuitTable) -> tuple[CircuitTable, bool]:
        """Return a program that passes, and whether it generalises: made simpler, or as found."""
        simpler = self.simplified(found)
        if self.generalises(simpler):
            return simpler, True
        return found, self.generalises(found)

    def simplified(self, found: CircuitTable) -> CircuitTable:
        """Return a simpler program that is right on all pairs looked at so far."""
        rows = np.arange(self.used // LANES * LANES)
        problem = examples.pack(self._config, examples.arranged(self._config, rows))

        def look(table: CircuitTable) -> tuple[bool, tuple[int, ...]]:
            right, visited = right_pairs(self._room, problem, self._weights, table)
            return bool(right.all()), visited

        return simplify(found, look, self.modules)

    def generalises(self, table: CircuitTable) -> bool:
        """Return whether a table is right on held-out pairs of twice the longest length."""
        task, instances = examples.longer_pairs(self._config, self._learned)
        limits = examples.limits(self._config, instances.length)
        state = tables.run(task.machine, table, instances, limits)
        right = task.score(state, instances) == 1.0
        return bool(np.all(right & (state.halted | (not self._config.halt))))
