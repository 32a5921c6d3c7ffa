"""The discrete half of the hybrid: local search over the wires of a snapped controller.

It runs on the hard machine and on the same pairs as the gradient, by the compiled annealing of
``neuralprog_agents.circuits``; what a proposal is, is told there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Stop
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import Stream, limits, pairs, seed
from neuralprog_agents.circuits.anneal import Schedule, Search, anneal, begin, inspect
from neuralprog_agents.circuits.interpreter import Problem, Score, Weights
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_agents.circuits.pairs import in_lanes, problem
from neuralprog_agents.circuits.proposals import Moves
from neuralprog_envs.core import batch

SCORED = 2 * LANES
"""Pairs that a proposal is scored on; those that a fit fails on take the places of some."""
_ROUND = 50_000
"""Proposals between two questions whether to stop."""
_CHANGED = 3.0
"""How much more a cell counts where the answer differs from the input."""
_EXACT = 0.5
"""The part of the score for pairs that are wholly right."""
_MOVES = Moves(register=0.4, again=0.3, borrow=0.05, wander=0.5, uniform=0.0, finish=0.0)


@dataclass(frozen=True)
class Repaired:
    """A table after repair, the patterns that it visits, and whether all pairs are right."""

    table: NDArray[np.int64]
    patterns: tuple[int, ...]
    fits: bool


def repair(
    config: Config, index: int, turn: int, table: NDArray[np.int64], stop: Stop
) -> Repaired | None:
    """Return a table changed by ``config.repair`` proposals, or by fewer if it fits before.

    None if it was stopped.

    Args:
        config: The config.
        index: The restart, which with the turn decides the proposals.
        turn: The turn.
        table: A table of circuits, shape (2^R, K).
        stop: Asked every 50,000 proposals.
    """
    stream = np.array([seed(config, index, Stream.REPAIR), turn << 32], dtype=np.uint64)
    in_use = _lanes(config, np.arange(SCORED))
    posed = _problem(config, in_use)
    search = begin(table.copy(), posed, stream)
    done, fits = 0, False
    while done < config.repair and not fits:
        if stop():
            return None
        now, made = _anneal(config, search, posed, done)
        done += made + 1
        if now.right == len(in_use):
            wrong = _wrong(config, search)
            fits = not len(wrong)
            in_use = _bring_in(config, in_use, wrong, (index, turn, done))
            posed = _problem(config, in_use)
    return Repaired(search.table, _visited(config, search), fits)


def _anneal(config: Config, search: Search, posed: Problem, done: int) -> tuple[Score, int]:
    schedule = Schedule(config.hot, config.cold, done, config.repair)
    count = min(_ROUND, config.repair - done)
    now, made = anneal(search, posed, _weights(config), _MOVES, schedule, count)
    return Score(*now), made


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


def _wrong(config: Config, search: Search) -> NDArray[np.int64]:
    """Return the pairs that the current table is wrong on."""
    rows = _all(config)
    found, _ = inspect(search, _problem(config, rows), _weights(config), search.table)
    return rows[np.unpackbits(found.view(np.uint8), bitorder="little") == 0]


def _visited(config: Config, search: Search) -> tuple[int, ...]:
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
