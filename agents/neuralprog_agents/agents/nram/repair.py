"""The discrete half of the hybrid: local search over the wires of a snapped controller.

It runs on the hard machine and on the same pairs as the gradient, by the compiled annealing of
``neuralprog_agents.circuits``; ``circuits.proposals`` says what a proposal is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import Stream, limits, pairs, seed, task_of
from neuralprog_agents.circuits.anneal import Cooling, anneal, begin, right_pairs
from neuralprog_agents.circuits.interpreter import Problem, Weights
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_agents.circuits.pairs import in_lanes, problem
from neuralprog_agents.circuits.program import module_list
from neuralprog_agents.circuits.proposals import Moves
from neuralprog_agents.circuits.search import named_modules
from neuralprog_agents.circuits.tables import CircuitTable, check_table
from neuralprog_envs.core import batch

SCORED = 2 * LANES
"""Pairs that a proposal is scored on; those that a fit fails on take the places of some."""
_ROUND = 50_000
"""Proposals of a chunk."""
_CHANGED = 3.0
"""How much more a cell counts where the answer differs from the input."""
_EXACT = 0.5
"""The part of the score for pairs that are wholly right."""
_MOVES = Moves(
    register=0.4, more_changes=0.3, copy_wiring=0.05, change_unvisited=0.5, uniform=0.0, finish=0.0
)


@dataclass(frozen=True)
class Repaired:
    """A table after repair, the patterns that it visits, and whether all pairs are right."""

    table: CircuitTable
    patterns: tuple[int, ...]
    fits: bool


class Repair:
    """Changes a table by ``config.repair`` proposals, or by fewer if it fits before.

    Args:
        config: The config.
        index: The restart, which with the turn decides the proposals.
        turn: The turn.
        table: A table of circuits, shape (2^R, K).
    """

    def __init__(self, config: Config, index: int, turn: int, table: CircuitTable) -> None:
        self._config, self._position = config, (index, turn)
        cells = 1.0 - _EXACT - config.hint - config.contrast
        self._weights = Weights(cells, 0.0, _EXACT, config.hint, config.contrast, halting=False)
        self._rows = self._in_lanes(np.arange(SCORED))
        self._problem = self._pack(self._rows)
        stream = np.array([seed(config, index, Stream.REPAIR), turn << 32], dtype=np.uint64)
        learned, M = named_modules(config.modules), pairs(config).tape.shape[1]
        self._search = begin(table.copy(), stream, module_list(learned, [M]))
        self._done, self._fits = 0, False

    @property
    def finished(self) -> bool:
        """Whether it fits, or all proposals are made."""
        return self._fits or self._done >= self._config.repair

    def advance(self) -> None:
        """Make up to 50,000 proposals, and check what fits."""
        config = self._config
        cooling = Cooling(
            config.initial_temperature, config.final_temperature, self._done, config.repair
        )
        count = min(_ROUND, config.repair - self._done)
        now, made = anneal(self._search, self._problem, self._weights, _MOVES, cooling, count)
        self._done += made + 1
        if now.right == len(self._rows):
            rows, right, _ = self._on_all()
            self._fits = bool(right.all())
            self._learn_from(self._with(rows[~right]))

    def found(self) -> Repaired:
        """Return the table as it is now."""
        return Repaired(self._search.table, self._on_all()[2], self._fits)

    def state(self) -> tuple[Tensors, int]:
        """Return arrays, and how many proposals have been made."""
        search = self._search
        return {"table": search.table, "rows": self._rows, "stream": search.stream}, self._done

    def restore(self, tensors: Tensors, done: int) -> None:
        """Load what ``state`` returned."""
        config = self._config
        check_table(tensors["table"], task_of(config, config.length[1]).machine)
        self._search.table[:], self._search.stream[:] = tensors["table"], tensors["stream"]
        self._learn_from(tensors["rows"].copy())
        self._done = done

    def _learn_from(self, rows: NDArray[np.int64]) -> None:
        self._rows, self._problem = rows, self._pack(rows)

    def _on_all(self) -> tuple[NDArray[np.int64], NDArray[np.bool_], tuple[int, ...]]:
        """Return all pairs, which of them the table is right on, and the patterns it visits."""
        rows = np.arange(len(pairs(self._config).length) // LANES * LANES)
        search = self._search
        return rows, *right_pairs(search, self._pack(rows), self._weights, search.table)

    def _pack(self, rows: NDArray[np.int64]) -> Problem:
        """Return pairs as the compiled interpreter wants them."""
        chosen = batch.take(pairs(self._config), rows)
        memory = np.full(len(rows), chosen.tape.shape[1])
        return problem(chosen, memory, limits(self._config, chosen.length), _CHANGED)

    def _in_lanes(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        every = pairs(self._config)
        memory = np.full(len(every.length), every.tape.shape[1])
        return in_lanes(every, memory, rows, alike=self._config.contrast > 0)

    def _with(self, wrong: NDArray[np.int64]) -> NDArray[np.int64]:
        """Replace pairs in use, drawn at random, by at most half as many that went wrong."""
        wrong = wrong[: len(self._rows) // 2]
        random = np.random.default_rng((self._config.seed, *self._position, self._done))
        others = random.permutation(np.setdiff1d(self._rows, wrong))
        return self._in_lanes(np.concatenate([others[: len(self._rows) - len(wrong)], wrong]))
