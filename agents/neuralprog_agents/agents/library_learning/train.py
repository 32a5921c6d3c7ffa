"""One restart: the whole sequence, a search for each task's program with all modules so far.

A function that was learned joins the machine's modules if its program halts and is right for all
numbers modulo every M up to ``config.largest``: these are looked at besides the pairs. Programs and
modules that were learned never change again. Some searches begin at an earlier program, with one of
its modules replaced by another (``circuits/lift.py``), instead of a random one: see ``_start``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.library_learning.card import Card, card_of, load_programs
from neuralprog_agents.agents.library_learning.config import Config
from neuralprog_agents.circuits.examples import time_limit
from neuralprog_agents.circuits.library import Library, from_card, relisted, used_by
from neuralprog_agents.circuits.lift import lifted, widened
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.circuits.proofs import functions
from neuralprog_agents.circuits.search import SearchLearner
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.files import parse_json
from neuralprog_agents.training.schema import structured
from neuralprog_envs.tape.functions import Function

Lifts = tuple[list[CircuitTable], NDArray[np.float64]]
"""Programs to begin at, and the score of each."""


@dataclass(frozen=True)
class Progress:
    """How far the sequence is.

    Attributes:
        stage: The task that is being learned.
        attempt: How often its search has started again.
        proposals: The proposals of earlier searches.
        samples: The pairs of the tasks before.
        spent: The proposals that each finished task took.
    """

    stage: int = 0
    attempt: int = 0
    proposals: int = 0
    samples: int = 0
    spent: tuple[int, ...] = ()


class LibraryLearner:
    """See the module, and ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        self.config, self.index = config, index
        self.progress = Progress()
        self.programs: dict[str, TablePolicy] = {}
        self.library: Library = ()
        self._known: tuple[int, Lifts] = (-1, ([], np.zeros(0)))
        self.search = self._begin()

    @property
    def finished(self) -> bool:
        """Whether every task had its turn."""
        return self.progress.stage == len(self.config.tasks)

    def _begin(self) -> SearchLearner:
        stage = min(self.progress.stage, len(self.config.tasks) - 1)
        index, own = self._index(), self.config.search(stage)
        search = SearchLearner(own, index, self.library)
        self._start(search)
        return search

    def _index(self) -> int:
        return self.index * self.config.attempts + self.progress.attempt

    def _start(self, search: SearchLearner) -> None:
        """Let a share of all searches begin at a lifted program, drawn by the scores of all.

        One whose score is s has a weight of exp(s/t), as in annealing at t, the temperature at the
        start of the search.
        """
        random = np.random.default_rng((self.config.seed, self.progress.stage, self._index()))
        if not self.config.keep or random.random() >= self.config.lifted:
            return
        tables, scores = self._lifts(search)
        if tables:
            weights = np.exp((scores - scores.max()) / search.config.initial_temperature)
            search.begin_at(tables[int(random.choice(len(tables), p=weights / weights.sum()))])

    def _lifts(self, search: SearchLearner) -> Lifts:
        """Return what earlier programs become, and the scores; the same in the whole task."""
        stage, R = self.progress.stage, search.config.registers
        if self._known[0] != stage:
            known = [p for p in self.programs.values() if p.registers <= R]
            listed = [relisted(p.table, p.registers, p.learned, self.library) for p in known]
            every = [widened(table, R) for table in listed]
            tables = [t for table in every for t in lifted(table, search.judge.modules)]
            random = search.search.table.copy()
            scores = np.array([search.begin_at(table) for table in tables])
            search.begin_at(random)
            self._known = (stage, (tables, scores))
        return self._known[1]

    def advance(self, pulse: Pulse) -> None:
        """Search for a round; where the search ends, keep what it found and begin the next."""
        self.search.advance(pulse)
        if self.search.finished:
            kept = self.search.success and self._keep(self._found())
            self._next(kept)
            if not self.finished:
                self.search = self._begin()

    def _found(self) -> TablePolicy:
        """Return the program of the search, on a list of the modules that it uses."""
        own, table = self.search.config, self.search.search.table.copy()
        policy = TablePolicy(own.env, table, time_limit(own), own.length, learned=self.library)
        if not isinstance(policy.algorithm, Function):
            return policy  # on other tasks patterns may occur that no instance here shows
        used = used_by(table, policy.occurring(), own.registers, self.library)
        table = relisted(table, own.registers, self.library, used)
        return TablePolicy(own.env, table, time_limit(own), own.length, learned=used)

    def _keep(self, policy: TablePolicy) -> bool:
        """Keep a program, as a module too if it is a function; return whether it is right.

        New modules stand before older ones, in whose arguments they may be: lcm multiplies a
        quotient by a gcd. A circuit's modules run in the order of the list.
        """
        if isinstance(policy.algorithm, Function):
            if not functions.right_and_halting(policy.program, self.config.largest):
                return False
            if self.config.keep:
                self.library = (policy.as_module(), *self.library)
        self.programs[policy.env_id] = policy
        return True

    def _next(self, kept: bool) -> None:
        """Go on with the next task, or with another attempt."""
        done, search = self.progress, self.search
        proposals = done.proposals + search.progress.proposals
        if not kept and done.attempt + 1 < self.config.attempts:
            self.progress = replace(done, attempt=done.attempt + 1, proposals=proposals)
            return
        samples = done.samples + round(search.status()["samples"])
        spent = (*done.spent, proposals - sum(done.spent))
        self.progress = Progress(done.stage + 1, 0, proposals, samples, spent)

    def status(self) -> dict[str, float]:
        """Return what is reported."""
        done, own = self.progress, self.search.status()
        running = {} if self.finished else own
        return {
            "step": done.proposals + round(running.get("step", 0)),
            "progress": done.stage / len(self.config.tasks),
            "samples": done.samples + running.get("samples", 0.0),
            "task": float(done.stage + 1),
            "attempt": float(done.attempt + 1),
            "best": own["best"],
            "learned": float(len(self.programs)),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the programs, the search under way, and the progress."""
        tensors, inner = self.search.state()
        own = {f"search.{name}": self._sized(array) for name, array in tensors.items()}
        card, learned = card_of(self.config, self.programs, self.library)
        # One text: its lists grow, and the loop compares the lengths of lists with a new state's.
        sequence = json.dumps({"progress": asdict(self.progress), "card": card})
        return own | learned, {"search": inner, "sequence": sequence}

    def _sized(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array of the search, empty at first: its size changes with the library."""
        return array if self.status()["step"] else array[(slice(0),) * array.ndim]

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Undo ``state``."""
        sequence = parse_json(metadata["sequence"], "the state")
        self.progress = structured(Progress, sequence["progress"])
        if not 0 <= self.progress.stage <= len(self.config.tasks) or self.progress.attempt < 0:
            raise ValueError(f"the state is at task {self.progress.stage + 1}, which is none")
        card = structured(Card, sequence["card"])
        self.programs = load_programs(tensors, card.programs, card.modules)
        self.library = from_card(card.modules, card.calls, tensors)
        self.search = self._begin()
        of = "search."
        inner = {n.removeprefix(of): a for n, a in tensors.items() if n.startswith(of)}
        if inner["table"].size:
            self.search.restore(inner, metadata["search"])

    def outcome(self) -> Outcome:
        """Return the programs found so far."""
        done = self.progress
        card, tensors = card_of(self.config, self.programs, self.library)
        success = len(self.programs) == len(self.config.tasks)
        spent = {f"proposals_{i + 1}": float(n) for i, n in enumerate(done.spent)}
        metrics = {
            "step": float(self.status()["step"]),
            "learned": float(len(self.programs)),
            **spent,
        }
        return Outcome(success, metrics, tensors, card)
