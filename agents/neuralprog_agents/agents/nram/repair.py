"""The discrete half of the hybrid: local search over the wires of a snapped controller.

It runs on the hard machine and on the same pairs as the gradient, by the compiled annealing of
``neuralprog_agents.circuits``; what a proposal is, is told there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import Stream, limits, pairs, seed, task_of
from neuralprog_agents.circuits.anneal import Cooling, SearchState, anneal, begin, inspect
from neuralprog_agents.circuits.interpreter import Problem, TableScore, Weights
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_agents.circuits.pairs import in_lanes, problem
from neuralprog_agents.circuits.proposals import Moves
from neuralprog_agents.circuits.tables import check_table
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

    table: NDArray[np.int64]
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

    def __init__(self, config: Config, index: int, turn: int, table: NDArray[np.int64]) -> None:
        self._config, self._index, self._turn = config, index, turn
        self._rows = _lanes(config, np.arange(SCORED))
        self._posed = _problem(config, self._rows)
        stream = np.array([seed(config, index, Stream.REPAIR), turn << 32], dtype=np.uint64)
        self._search = begin(table.copy(), self._posed, stream)
        self._done, self._fits = 0, False

    @property
    def finished(self) -> bool:
        """Whether it fits, or all proposals are made."""
        return self._fits or self._done >= self._config.repair

    def advance(self) -> None:
        """Make up to 50,000 proposals, and check what fits."""
        now, made = _anneal(self._config, self._search, self._posed, self._done)
        self._done += made + 1
        if now.right == len(self._rows):
            wrong = _wrong(self._config, self._search)
            self._fits = not len(wrong)
            position = self._index, self._turn, self._done
            self._learn_from(_bring_in(self._config, self._rows, wrong, position))

    def _learn_from(self, rows: NDArray[np.int64]) -> None:
        self._rows, self._posed = rows, _problem(self._config, rows)

    def found(self) -> Repaired:
        """Return what has become of the table."""
        return Repaired(self._search.table, _visited(self._config, self._search), self._fits)

    def state(self) -> tuple[Tensors, int]:
        """Return arrays, and how many proposals have been made."""
        search = self._search
        return {"table": search.table, "rows": self._rows, "stream": search.stream}, self._done

    def restore(self, tensors: Tensors, done: int) -> None:
        """Undo ``state``."""
        config = self._config
        check_table(tensors["table"], task_of(config, config.length[1]).machine)
        self._search.table[:], self._search.stream[:] = tensors["table"], tensors["stream"]
        self._learn_from(tensors["rows"].copy())
        self._done = done


def _anneal(
    config: Config, search: SearchState, posed: Problem, done: int
) -> tuple[TableScore, int]:
    schedule = Cooling(config.initial_temperature, config.final_temperature, done, config.repair)
    count = min(_ROUND, config.repair - done)
    now, made = anneal(search, posed, _weights(config), _MOVES, schedule, count)
    return TableScore(*now), made


def _weights(config: Config) -> Weights:
    cells = 1.0 - _EXACT - config.hint - config.contrast
    return Weights(cells, 0.0, _EXACT, config.hint, config.contrast, halting=False)


def _problem(config: Config, rows: NDArray[np.int64]) -> Problem:
    posed = batch.take(pairs(config), rows)
    memory = np.full(len(rows), posed.tape.shape[1])
    return problem(posed, memory, limits(config, posed.length), _CHANGED)


def _lanes(config: Config, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    posed = pairs(config)
    memory = np.full(len(posed.length), posed.tape.shape[1])
    return in_lanes(posed, memory, rows, alike=config.contrast > 0)


def _all(config: Config) -> NDArray[np.int64]:
    return np.arange(len(pairs(config).length) // LANES * LANES)


def _wrong(config: Config, search: SearchState) -> NDArray[np.int64]:
    """Return the pairs that the current table is wrong on."""
    rows = _all(config)
    found, _ = inspect(search, _problem(config, rows), _weights(config), search.table)
    return rows[np.unpackbits(found.view(np.uint8), bitorder="little") == 0]


def _visited(config: Config, search: SearchState) -> tuple[int, ...]:
    posed = _problem(config, _all(config))
    _, bits = inspect(search, posed, _weights(config), search.table)
    return tuple(p for p in range(len(search.table)) if bits >> p & 1)


def _bring_in(
    config: Config, rows: NDArray[np.int64], wrong: NDArray[np.int64], position: tuple[int, ...]
) -> NDArray[np.int64]:
    """Replace pairs in use, drawn at random, by at most half as many that went wrong."""
    wrong = wrong[: len(rows) // 2]
    random = np.random.default_rng((config.seed, *position))
    kept = random.permutation(np.setdiff1d(rows, wrong))[: len(rows) - len(wrong)]
    return _lanes(config, np.concatenate([kept, wrong]))
