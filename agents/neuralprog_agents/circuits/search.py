"""One restart: from a random table to a program that fits, or to the end of its proposals.

Rounds of annealing alternate with what cannot be compiled: checking a fit, bringing in the
pairs that it fails on. Every random number is a function of (seed, restart, position).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from neuralprog_agents.agent import Outcome, Pulse, Tensors, Versatile
from neuralprog_agents.circuits import examples, interpreter, library, tables
from neuralprog_agents.circuits.anneal import Cooling, SearchState, anneal, begin
from neuralprog_agents.circuits.card import card_of
from neuralprog_agents.circuits.examples import score_weights
from neuralprog_agents.circuits.interpreter import TableScore
from neuralprog_agents.circuits.judge import Judge
from neuralprog_agents.circuits.library import Library, closure
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.circuits.proposals import Moves, randomise
from neuralprog_agents.circuits.search_config import SearchConfig
from neuralprog_agents.circuits.settings import PairSettings
from neuralprog_agents.evaluation.agents import open_agent
from neuralprog_envs.core.draws import key_of
from neuralprog_envs.tape.learned import LearnedModule

ROUND = 50_000
"""Proposals between two decisions."""
_FLIP_FINISH = 0.05
"""The probability that a change to a program that halts by itself turns a finish bit around."""
_RESTARTS = 3
"""The stream of seeds for restarts; ``examples`` has the others."""


@dataclass(frozen=True)
class Progress:
    """How far a restart is, besides its table and its pairs.

    It counts proposals, and how often all pairs in use were right. ``best`` is the best score at
    the end of a round; ``unveiled`` is how many scored cells of each pair count, 0 once all do.
    """

    proposals: int = 0
    fits: int = 0
    best: float = 0.0
    unveiled: int = 0


def moves_of(config: SearchConfig) -> Moves:
    """Return how a config draws proposals."""
    settings = {name: getattr(config, name) for name in Moves._fields if name != "finish"}
    return Moves(**settings, finish=_FLIP_FINISH if config.halt else 0.0)


@lru_cache(maxsize=16)
def named_modules(agents: tuple[str, ...]) -> Library:
    """Return the programs of agents, pretrained names or run folders, as modules.

    Raises:
        ValueError: There is no such agent, its program cannot be a module, or two are the same.
    """
    modules = tuple(map(_module, agents))
    if len(set(modules)) < len(modules):
        raise ValueError(f"modules: name each once, not {', '.join(agents)}")
    closure(modules)  # refuses two modules of one name
    return modules


def with_modules(supervision: str, agents: tuple[str, ...]) -> str:
    """Return what a run learns from, and the agents whose programs it has as modules."""
    return f"{supervision}, and programs of {', '.join(agents)}" if agents else supervision


def check(config: PairSettings) -> None:
    """Raise ValueError where tapes are too long, pairs too few, or a module cannot be had."""
    examples.check_memory(config)
    named_modules(config.modules)


def _module(name: str) -> LearnedModule:
    policy = open_agent(name).policy
    if isinstance(policy, Versatile):
        policy = policy.acting_in(policy.env_id)
    if not isinstance(policy, TablePolicy):
        raise ValueError(f"modules: {name} has no program of circuits")
    try:
        return policy.as_module()
    except ValueError as error:
        raise ValueError(f"modules: {name}: {error}") from None


class SearchLearner:
    """One restart of the search; see ``neuralprog_agents.agent.Learner``.

    ``learned`` are the learned modules of the machine, by default those that the config names.
    """

    def __init__(self, config: SearchConfig, index: int, learned: Library | None = None) -> None:
        self.config, self.index = config, index
        self.learned = named_modules(config.modules) if learned is None else learned
        self.moves, self.weights = moves_of(config), score_weights(config)
        self.judge = Judge(config, index, self.learned)
        self.progress = Progress(unveiled=int(config.unveil))
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
        modules = self.judge.modules
        table = np.zeros((1 << R, len(modules.owner) + R + 1), dtype=np.int64)
        search = begin(table, stream, modules)
        randomise(stream, search.program, self.moves)
        return search

    def begin_at(self, table: tables.CircuitTable) -> float:
        """Go on from a program instead of the present one; return its score."""
        self.search.table[:] = table
        return self.anneal(0)[0].score

    def advance(self, pulse: Pulse) -> None:
        """Anneal for a round, and check a fit."""
        self.now = self.round()
        right = self.now.right == len(self.judge.rows)
        if right and not self._unveils_more() and self._passes():
            self.fits = True
            self.search.table[:], self.success = self.judge.judged(self.search.table.copy())

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
        return anneal(self.search, self.problem, self.weights, self.moves, schedule, count)

    def _pack(self) -> interpreter.Problem:
        return examples.pack(self.config, self.judge.rows, self.progress.unveiled or None)

    def _unveils_more(self) -> bool:
        """Let one more cell of each pair count, if there are any left."""
        if not self.progress.unveiled:
            return False
        unveiled = examples.more_cells(self.config, self.judge.rows, self.progress.unveiled)
        self.progress = replace(self.progress, unveiled=unveiled, best=0.0)
        self.problem = self._pack()
        return True

    def _passes(self) -> bool:
        """Check a fit on other pairs, which come into use where it fails."""
        self.progress = replace(self.progress, fits=self.progress.fits + 1)
        passes = self.judge.passes(self.search.table, self.progress.proposals)
        self.problem = self._pack()
        return passes

    def status(self) -> dict[str, float]:
        """Return what is reported."""
        done = self.progress
        part = {"cells": float(done.unveiled)} if done.unveiled else {}
        return {
            "step": done.proposals,
            "progress": done.proposals / self.config.proposals,
            "samples": float(self.judge.used + self.fits * self.config.longer_pairs),
            "score": self.now.score,
            "best": done.best,
            "right": self.now.right / len(self.judge.rows),
            "fits": float(done.fits),
            **part,
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the table, the pairs in use, the random stream, and the progress."""
        search = self.search
        tensors = {"table": search.table, "rows": self.judge.rows, "stream": search.stream}
        return tensors, asdict(self.progress) | {"used": self.judge.used}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Load what ``state`` returned."""
        tables.check_table(
            tensors["table"],
            examples.task_of(self.config, self.config.length[1], learned=self.learned).machine,
        )
        self.search.table[:], self.search.stream[:] = tensors["table"], tensors["stream"]
        own = dict(metadata)
        self.judge.rows, self.judge.used = tensors["rows"].copy(), own.pop("used")
        self.progress = Progress(**own)
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
        card, tensors = library.to_card(self.learned) if self.learned else ({}, {})
        tensors["table"] = self.search.table.copy()
        return Outcome(self.success, metrics, tensors, card_of(config) | card)
