"""One restart: from a random table to a program that fits, or to the end of its proposals.

Rounds of annealing alternate with what cannot be compiled: checking a fit, bringing in the
pairs that it fails on. Every random number is a function of (seed, restart, position).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.search import data
from neuralprog_agents.agents.search.config import Config
from neuralprog_agents.circuits import interpreter, program, tables
from neuralprog_agents.circuits.anneal import Cooling, SearchState, anneal, begin, right_pairs
from neuralprog_agents.circuits.interpreter import TableScore, Weights
from neuralprog_agents.circuits.lanes import LANES
from neuralprog_agents.circuits.proposals import Moves, randomise
from neuralprog_agents.circuits.simplify import simplify
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_envs.core.draws import key_of

ROUND = 50_000
"""Proposals between two decisions."""
_RESTARTS = 3
"""The stream of seeds for restarts; ``data`` has the others."""


@dataclass(frozen=True)
class Progress:
    """How far a restart is, besides its table and its pairs.

    It counts proposals, pairs of the trained lengths that were ``used``, and how often all pairs in
    use were right. ``best`` is the best score at the end of a round; ``unveiled`` is how many
    scored cells of each pair count, 0 once all do.
    """

    proposals: int = 0
    used: int = 0
    fits: int = 0
    best: float = 0.0
    unveiled: int = 0


def weights_of(config: Config) -> Weights:
    """Return what the score of a config consists of."""
    cells = 1.0 - config.prefix - config.exact - config.hint - config.contrast
    return Weights(cells, config.prefix, config.exact, config.hint, config.contrast, config.halt)


def moves_of(config: Config) -> Moves:
    """Return how a config draws proposals."""
    settings = {name: getattr(config, name) for name in Moves._fields if name != "finish"}
    return Moves(**settings, finish=0.05 if config.halt else 0.0)


class SearchLearner:
    """One restart of the search; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        self.config, self.index = config, index
        self.moves, self.weights = moves_of(config), weights_of(config)
        self.rows = data.first_rows(config)
        self.progress = Progress(used=int(self.rows.max()) + 1, unveiled=int(config.unveil))
        self.problem = self._pack()
        self.search = self._begin()
        self.now = TableScore(0.0, 0, 0)
        self.fits = self.success = False

    @property
    def finished(self) -> bool:
        """Whether a program fits, or all proposals are made."""
        return self.fits or self.progress.proposals >= self.config.proposals

    def _begin(self) -> SearchState:
        config, R = self.config, self.config.registers
        stream = np.array([key_of(config.seed, _RESTARTS, self.index), 0], dtype=np.uint64)
        table = np.zeros((1 << R, program.WIRES + R + 1), dtype=np.int64)
        randomise(stream, table, R, self.moves)
        return begin(table, self.problem, stream)

    def advance(self, pulse: Pulse) -> None:
        """Anneal for a round, and check a fit."""
        self.now = self.round()
        right = self.now.right == len(self.rows)
        if right and not self._unveils_more() and self.right_on_others():
            self.fits, self.success = True, self._judge()

    def round(self) -> TableScore:
        """Make proposals until one fits, up to 50,000; return the score."""
        done = self.progress.proposals
        now, made = self.anneal(min(ROUND, self.config.proposals - done))
        best = max(self.progress.best, now.score)
        self.progress = replace(self.progress, proposals=done + made, best=best)
        return now

    def anneal(self, count: int) -> tuple[TableScore, int]:
        """Make up to ``count`` proposals; return the score, and how many before a fit."""
        config, first = self.config, self.progress.proposals
        schedule = Cooling(
            config.initial_temperature, config.final_temperature, first, config.proposals
        )
        now, made = anneal(self.search, self.problem, self.weights, self.moves, schedule, count)
        return TableScore(*now), made

    def _pack(self) -> interpreter.Problem:
        return data.pack(self.config, self.rows, self.progress.unveiled or None)

    def _unveils_more(self) -> bool:
        """Let one more cell of each pair count, if there are any left."""
        if not self.progress.unveiled:
            return False
        unveiled = (self.progress.unveiled + 1) * self._has_more()
        self.progress = replace(self.progress, unveiled=unveiled, best=0.0)
        self.problem = self._pack()
        return True

    def _has_more(self) -> bool:
        """Whether some pair in use has more scored cells than count so far."""
        cells = data.pairs(self.config)[0].mask[self.rows].sum(axis=1)
        return bool(cells.max() > self.progress.unveiled + 1)

    def right_on_others(self) -> bool:
        """Check a fit on other pairs; where it fails, they take the places of pairs in use."""
        self.progress = replace(self.progress, fits=self.progress.fits + 1)
        others = np.setdiff1d(np.arange(self.config.shorter_pairs), self.rows)
        others = others[: max(self.config.check, self.progress.used - len(self.rows))]
        for first in range(0, len(others) - LANES + 1, LANES):
            part = data.arranged(self.config, others[first : first + LANES])
            used = max(self.progress.used, int(part.max()) + 1)
            self.progress = replace(self.progress, used=used)
            failed = part[~self.right(part)]
            if len(failed):
                self.bring_in(failed)
                return False
        return True

    def right(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs the current table is right on; a multiple of 64 rows."""
        problem = data.pack(self.config, rows)
        return right_pairs(self.search, problem, self.weights, self.search.table)[0]

    def _judge(self) -> bool:
        """Whether a program that fits generalises: made simpler, or else as it was found."""
        found = self.search.table.copy()
        self.search.table[:] = self.simplified()
        if self.generalises():
            return True
        self.search.table[:] = found
        return self.generalises()

    def simplified(self) -> CircuitTable:
        """Return a simpler program that is right on all pairs looked at so far."""
        rows = np.arange(self.progress.used // LANES * LANES)
        problem = data.pack(self.config, data.arranged(self.config, rows))

        def look(table: CircuitTable) -> tuple[bool, tuple[int, ...]]:
            right, visited = right_pairs(self.search, problem, self.weights, table)
            return bool(right.all()), visited

        return simplify(self.search.table, look)

    def bring_in(self, failed: NDArray[np.int64]) -> None:
        """Replace pairs in use, drawn at random, by at most half as many others."""
        position = self.progress.proposals, self.index
        random = np.random.default_rng((self.config.seed, *position))
        failed = failed[: len(self.rows) // 2]
        places = random.choice(len(self.rows), size=len(failed), replace=False)
        self.rows[places] = failed
        self.rows = data.arranged(self.config, self.rows)
        self.problem = self._pack()

    def generalises(self) -> bool:
        """Whether the table is right on held-out pairs of twice the longest length."""
        task, instances = data.longer_pairs(self.config)
        limits = data.limits(self.config, instances.length)
        state = tables.run(task.machine, self.search.table, instances, limits)
        right = task.score(state, instances) == 1.0
        return bool(np.all(right & (state.halted | (not self.config.halt))))

    def status(self) -> dict[str, float]:
        """Return what is reported."""
        done = self.progress
        part = {"cells": float(done.unveiled)} if done.unveiled else {}
        return {
            "step": done.proposals,
            "progress": done.proposals / self.config.proposals,
            "samples": float(done.used + self.fits * self.config.longer_pairs),
            "score": self.now.score,
            "best": done.best,
            "right": self.now.right / len(self.rows),
            "fits": float(done.fits),
            **part,
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the table, the pairs in use, the random stream, and the progress."""
        search = self.search
        tensors = {"table": search.table, "rows": self.rows, "stream": search.stream}
        return tensors, asdict(self.progress)

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Undo ``state``."""
        tables.check_table(
            tensors["table"], data.task_of(self.config, self.config.length[1]).machine
        )
        self.search.table[:], self.search.stream[:] = tensors["table"], tensors["stream"]
        self.rows, self.progress = tensors["rows"].copy(), Progress(**metadata)
        self.problem = self._pack()

    def outcome(self) -> Outcome:
        """Return the current program."""
        done, config = self.progress, self.config
        metrics = {
            "step": float(done.proposals),
            "proposals": float(done.proposals),
            "fit": float(self.fits),
            "best": done.best,
        }
        card = {
            "env": config.env,
            "registers": config.registers,
            "time_limit": list(config.time_limit),
            "trained_lengths": list(config.length),
            "halts": config.halt,
        }
        return Outcome(self.success, metrics, {"table": self.search.table.copy()}, card)
