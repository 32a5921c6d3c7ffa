"""One restart: batches of programs, each run on all pairs in use, and updates of the policy.

Every random number is a function of (seed, restart, position).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.policy_gradient import algorithms, kernel
from neuralprog_agents.agents.policy_gradient.config import Config
from neuralprog_agents.agents.policy_gradient.kernel import (
    UNUSED,
    Batch,
    NeighbourSettings,
    Workspace,
)
from neuralprog_agents.agents.policy_gradient.memory import ProgramMemory
from neuralprog_agents.agents.policy_gradient.policy import ProgramPolicy
from neuralprog_agents.circuits import examples, library, tables
from neuralprog_agents.circuits.card import card_of
from neuralprog_agents.circuits.interpreter import Problem
from neuralprog_agents.circuits.judge import Judge
from neuralprog_agents.circuits.search import named_modules
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.decay import geometric
from neuralprog_envs.core.draws import key_of

CHUNK = 20
"""Batches between two decisions."""
_RESTARTS = 4
"""The stream of seeds for restarts; ``examples`` has those of pairs."""


@dataclass(frozen=True)
class Progress:
    """How far a restart is, besides its policy, its memory and its pairs.

    Attributes:
        programs: How many have been sampled.
        fits: How often one was right on all pairs in use.
        walked: How many neighbours since the annealing began anew; checkpoints name it so.
        mean: The mean return of the last batch.
        best: The best return of any program.
        unveiled: How many scored cells of each pair count for neighbours, 0 once all do.
    """

    programs: int = 0
    fits: int = 0
    walked: int = 0
    mean: float = 0.0
    best: float = 0.0
    unveiled: int = 0


class PolicyGradientLearner:
    """One restart; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        self.config = config
        self.learned = named_modules(config.modules)
        self.judge = Judge(config, index, self.learned)
        self.policy = ProgramPolicy(
            config.registers, config.register, config.halt, self.judge.modules
        )
        neighbours = round(config.neighbour_share * config.batch)
        self.batch = self._blank(config.batch - neighbours)
        self.current = self._blank(1)
        self.improvements = self._blank(neighbours).tables
        self.memory = ProgramMemory(config.memory, self.batch.tables.shape[1:])
        self.stream = np.array([key_of(config.seed, _RESTARTS, index), 0], dtype=np.uint64)
        self.progress = Progress(unveiled=int(config.unveil))
        self.found: CircuitTable | None = None
        self.success = False
        self._pack()

    def _blank(self, size: int) -> Batch:
        return kernel.batch(size, self.config.registers, self.judge.modules)

    @property
    def finished(self) -> bool:
        """Whether a program fits, or all programs are sampled."""
        return self.found is not None or self.progress.programs >= self.config.programs

    def advance(self, pulse: Pulse) -> None:
        """Sample and learn from some batches."""
        for _ in range(CHUNK):
            if not self.finished:
                self._advance()
                pulse()

    def _advance(self) -> None:
        if len(self.batch.returns):
            self._sample(self.batch)
            self._count(self.batch, len(self.batch.returns))
        improvements = self.improvements[:0] if self.finished else self._anneal()
        algorithms.update(self.config, self.policy, self.batch, self.memory, improvements)

    def _sample(self, batch: Batch) -> None:
        """Fill a batch from the policy."""
        args = self.stream, self.policy.cumulative(), *self._whole
        kernel.sample(*args, self.config.returns, batch)

    def _anneal(self) -> CircuitTable:
        """Anneal on; return the new sources of the changes that raised the return."""
        if not len(self.improvements):
            return self.improvements
        config = self.config
        args = self.stream, self.policy.cumulative(), self._neighbour_settings(), *self._part
        made, improved = kernel.anneal(*args, config.returns, self.current, self.improvements)
        current = self.current
        if self.progress.unveiled:
            self._unveil_more()
            current = self._evaluated(self.current.tables)
        self._count(current, made)
        self.progress = replace(self.progress, walked=self.progress.walked + made)
        if self.progress.walked >= config.annealing_programs:
            self.current = self._blank(1)
            self.progress = replace(self.progress, walked=0, unveiled=int(config.unveil))
            self._pack()
        return self.improvements[:improved]

    def _neighbour_settings(self) -> NeighbourSettings:
        names = set(NeighbourSettings._fields) - {"temperature"}
        own = {name: getattr(self.config, name) for name in names}
        return NeighbourSettings(temperature=self._temperature(), **own)

    def _unveil_more(self) -> None:
        """Let one more cell of each pair count, if all that do are right."""
        if self.current.right[0] == len(self.judge.rows):
            unveiled = self.progress.unveiled
            unveiled = examples.more_cells(self.config, self.judge.rows, unveiled)
            self.progress = replace(self.progress, unveiled=unveiled)
            self._pack()

    def _evaluated(self, tables: CircuitTable) -> Batch:
        """Run programs on all pairs in use, with all cells; what they lack, the policy draws."""
        found = self._blank(len(tables))
        found.tables[:] = tables
        settings = NeighbourSettings(0.0, 1.0, self.config.tied)
        args = self.stream, self.policy.cumulative(), settings, *self._whole
        for i in range(len(tables)):
            one = slice(i, i + 1)
            same = Batch(found.tables[one], found.returns[one], found.right[one])
            kernel.anneal(*args, self.config.returns, same, self.improvements[:0])
        return found

    def _temperature(self) -> float:
        config, walked = self.config, self.progress.walked / self.config.annealing_programs
        return geometric(config.initial_temperature, config.final_temperature, walked)

    def _count(self, batch: Batch, programs: int) -> None:
        """Note what programs did, remember the best, and check one that fits."""
        done = self.progress
        self.progress = replace(
            done,
            programs=done.programs + programs,
            mean=float(batch.returns.mean()),
            best=max(done.best, float(batch.returns.max())),
        )
        self.memory.remember(batch.tables, batch.returns)
        fits = np.flatnonzero(batch.right == len(self.judge.rows))
        if len(fits):
            self._check(runnable(batch.tables[fits[0]]))

    def _check(self, fit: CircuitTable) -> None:
        """Check a fit on other pairs; where it fails, they come into use."""
        self.progress = replace(self.progress, fits=self.progress.fits + 1)
        if self.judge.passes(fit, self.progress.programs):
            self.found, self.success = self.judge.judged(fit)
        else:
            self._pack()
            self._run_memory_again()

    def _pack(self) -> None:
        """Prepare to run programs on the pairs in use: with all cells, and with those that count.

        Each is a ``kernel.Workspace`` and an ``interpreter.Problem``.
        """
        self._whole = self._prepared(None)
        unveiled = self.progress.unveiled
        self._part = self._prepared(unveiled) if unveiled else self._whole

    def _prepared(self, unveiled: int | None) -> tuple[Workspace, Problem]:
        problem = examples.pack(self.config, self.judge.rows, unveiled)
        return kernel.workspace(problem, self.config.registers, self.judge.modules), problem

    def _run_memory_again(self) -> None:
        """Give the remembered programs their returns on the pairs in use now."""
        again = self._evaluated(self.memory.tables)
        self.memory.replace(again.tables, again.returns)

    def status(self) -> dict[str, float]:
        """Return what is reported."""
        done = self.progress
        judged = (self.found is not None) * self.config.longer_pairs
        return {
            "step": done.programs,
            "progress": done.programs / self.config.programs,
            "samples": float(self.judge.used + judged),
            "mean": done.mean,
            "best": done.best,
            "fits": float(done.fits),
            **({"cells": float(done.unveiled)} if self.config.unveil else {}),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the policy, the memory, the pairs in use, the random stream, and the progress."""
        policy, memory = self.policy, self.memory
        tensors = {
            "logits": policy.logits,
            "m": policy.m,
            "v": policy.v,
            "memory": memory.tables,
            "returns": memory.returns,
            "rows": self.judge.rows,
            "stream": self.stream,
            "place": self.current.tables,
        }
        own = {"updates": policy.updates, "used": self.judge.used}
        return tensors, asdict(self.progress) | own

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Load what ``state`` returned."""
        own = dict(metadata)
        self.policy.updates, self.judge.used = own.pop("updates"), own.pop("used")
        self.policy.logits, self.policy.m, self.policy.v = (
            tensors[name].copy() for name in ("logits", "m", "v")
        )
        task = examples.task_of(self.config, self.config.length[1], learned=self.learned)
        for table in (*tensors["memory"], *tensors["place"]):
            tables.check_table(runnable(table), task.machine)
        self.memory.replace(tensors["memory"], tensors["returns"])
        self.judge.rows, self.stream = tensors["rows"].copy(), tensors["stream"].copy()
        self.progress = Progress(**own)
        self.current.tables[:] = tensors["place"]
        self._pack()

    def outcome(self) -> Outcome:
        """Return the program that was found, or else the best one, or the likeliest."""
        done = self.progress
        metrics = {
            "step": float(done.programs),
            "programs": float(done.programs),
            "fit": float(self.found is not None),
            "best": done.best,
        }
        table = self._best() if self.found is None else self.found
        card, tensors = library.to_card(self.learned) if self.learned else ({}, {})
        tensors["table"] = table.copy()
        return Outcome(self.success, metrics, tensors, card_of(self.config) | card)

    def _best(self) -> CircuitTable:
        some = len(self.memory.tables) > 0
        return runnable(self.memory.tables[0]) if some else self.policy.likeliest()


def runnable(table: CircuitTable) -> CircuitTable:
    """Return a program with a source for every wire; where it has no effect, r_1."""
    return np.where(table == UNUSED, 0, table)
