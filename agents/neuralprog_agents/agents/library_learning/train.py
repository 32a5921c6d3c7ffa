"""One restart: the whole sequence, a search for each task's program with all modules so far.

A function that was learned joins the machine's modules if its program halts and is right for all
numbers modulo every M up to ``config.largest``: these are looked at besides the pairs. Programs and
modules that were learned never change again. Some searches begin at an earlier program, with one of
its modules replaced by another (``circuits/lift.py``), instead of a random one: see ``_start``.
Where that leads nowhere, the next search is for another program of that earlier task.
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

Lifts = tuple[list[tuple[int, CircuitTable]], NDArray[np.float64]]
"""Programs to begin at, each with the task that it was learned for, and the score of each."""


@dataclass(frozen=True)
class Progress:
    """How far the sequence is.

    Attributes:
        stage: The task that is being learned.
        task: The task of the search under way: an earlier one is to give another program.
        searches: How many searches each task has had.
        pairs: How many pairs each task has looked at.
        spent: The proposals of each task, those for other programs of earlier ones included.
    """

    stage: int
    task: int
    searches: tuple[int, ...]
    pairs: tuple[int, ...]
    spent: tuple[int, ...]


class LibraryLearner:
    """See the module, and ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        self.config, self.index = config, index
        self.env_ids = [task.env for task in config.tasks]
        none = (0,) * len(config.tasks)
        self.progress = Progress(0, 0, none, none, none)
        self.programs: list[TablePolicy] = []
        self.library: Library = ()
        self._lifts: dict[tuple[int, int], Lifts] = {}
        self.origin: int | None = None
        self.search = self._begin()

    @property
    def finished(self) -> bool:
        """Whether every task had its turn."""
        return self.progress.stage == len(self.config.tasks)

    @property
    def learned(self) -> int:
        """How many tasks have a program."""
        return len({policy.env_id for policy in self.programs})

    def _begin(self) -> SearchLearner:
        task = min(self.progress.task, len(self.config.tasks) - 1)
        search = SearchLearner(self.config.search(task), self._index(task), self._modules(task))
        self.origin = self._start(search, task)
        return search

    def _index(self, task: int) -> int:
        """Return the number of the next search for a task among those of all restarts."""
        most = self.config.attempts * len(self.config.tasks)
        return self.index * most + self.progress.searches[task]

    def _modules(self, task: int) -> Library:
        """Return what was learned before a task: the newest modules stand first in the library."""
        earlier = {p.env_id for p in self._programs(task) if isinstance(p.algorithm, Function)}
        return self.library[max(0, len(self.library) - len(earlier)) :]

    def _programs(self, task: int) -> list[TablePolicy]:
        """Return the programs of all tasks before one."""
        return [p for p in self.programs if self.env_ids.index(p.env_id) < task]

    def _start(self, search: SearchLearner, task: int) -> int | None:
        """Let a share of all searches begin at a lifted program, drawn by the scores of all.

        One whose score is s has a weight of exp(s/t), as in annealing at t, the temperature at the
        start of the search.

        Returns:
            The task that the program was learned for; None for a random start.
        """
        random = np.random.default_rng((self.config.seed, task, self._index(task)))
        if not self.config.keep or random.random() >= self.config.lifted:
            return None
        starts, scores = self._starts(search, task)
        if not starts:
            return None
        weights = np.exp((scores - scores.max()) / search.config.initial_temperature)
        origin, table = starts[int(random.choice(len(starts), p=weights / weights.sum()))]
        search.begin_at(table)
        return origin

    def _starts(self, search: SearchLearner, task: int) -> Lifts:
        """Return what earlier programs become, and the scores; the same until there are more."""
        R, known = search.config.registers, self._programs(task)
        if (key := (task, len(known))) not in self._lifts:
            starts = [
                (self.env_ids.index(policy.env_id), table)
                for policy in known
                if policy.registers <= R
                for table in lifted(_moved(policy, R, search.learned), search.judge.modules)
            ]
            random = search.search.table.copy()
            scores = np.array([search.begin_at(table) for _, table in starts])
            search.begin_at(random)
            self._lifts[key] = starts, scores
        return self._lifts[key]

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
        library = self.search.learned
        policy = TablePolicy(own.env, table, time_limit(own), own.length, learned=library)
        if not isinstance(policy.algorithm, Function):
            return policy  # on other tasks patterns may occur that no instance here shows
        used = used_by(table, policy.occurring(), own.registers, library)
        table = relisted(table, own.registers, library, used)
        return TablePolicy(own.env, table, time_limit(own), own.length, learned=used)

    def _keep(self, policy: TablePolicy) -> bool:
        """Keep a program, as a module too if it is a function's first; return whether it is right.

        New modules stand before older ones, in whose arguments they may be: lcm multiplies a
        quotient by a gcd. A circuit's modules run in the order of the list.
        """
        first = all(policy.env_id != each.env_id for each in self.programs)
        if isinstance(policy.algorithm, Function):
            if not functions.right_and_halting(policy.program, self.config.largest):
                return False
            if self.config.keep and first:
                self.library = (policy.as_module(), *self.library)
        self.programs.append(policy)
        return True

    def _next(self, kept: bool) -> None:
        """Go on with the next task, another attempt, or the task that the last one began at."""
        now = self._counted()
        if now.task < now.stage:  # whatever came of it
            self.progress = replace(now, task=now.stage)
        elif kept or now.searches[now.stage] == self.config.attempts:
            self.progress = replace(now, stage=now.stage + 1, task=now.stage + 1)
        elif self.origin is not None:
            self.progress = replace(now, task=self.origin)
        else:
            self.progress = now

    def _counted(self) -> Progress:
        """Return the progress with the search that has ended."""
        now, own = self.progress, self.search.status()
        pairs = max(round(own["samples"]), now.pairs[now.task])
        return replace(
            now,
            searches=_with(now.searches, now.task, now.searches[now.task] + 1),
            pairs=_with(now.pairs, now.task, pairs),
            spent=_with(now.spent, now.stage, now.spent[now.stage] + round(own["step"])),
        )

    def status(self) -> dict[str, float]:
        """Return what is reported."""
        done, own = self.progress, self.search.status()
        now = done if self.finished else self._counted()
        return {
            "step": sum(now.spent),
            "progress": done.stage / len(self.config.tasks),
            "samples": float(sum(now.pairs)),
            "task": float(done.task + 1),
            "attempt": float(now.searches[min(done.task, len(now.searches) - 1)]),
            "best": own["best"],
            "learned": float(self.learned),
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
        """Load what ``state`` returned."""
        sequence = parse_json(metadata["sequence"], "the state")
        self.progress = structured(Progress, sequence["progress"])
        _check(self.progress, len(self.config.tasks))
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
        success = self.learned == len(self.config.tasks)
        spent = {f"proposals_{i + 1}": float(n) for i, n in enumerate(done.spent[: done.stage])}
        metrics = {
            "step": float(self.status()["step"]),
            "learned": float(self.learned),
            **spent,
        }
        return Outcome(success, metrics, tensors, card)


def _moved(policy: TablePolicy, registers: int, library: Library) -> CircuitTable:
    """Return a program on a machine with more registers and modules."""
    own = relisted(policy.table, policy.registers, policy.learned, library)
    return widened(own, registers)


def _with(counts: tuple[int, ...], place: int, count: int) -> tuple[int, ...]:
    return (*counts[:place], count, *counts[place + 1 :])


def _check(progress: Progress, tasks: int) -> None:
    """Raise ValueError where a progress is none of a sequence of so many tasks."""
    counts = (progress.searches, progress.pairs, progress.spent)
    if not 0 <= progress.task <= progress.stage <= tasks:
        raise ValueError(f"the state is at task {progress.task + 1}, which is none")
    if any(len(part) != tasks or min(part) < 0 for part in counts):
        raise ValueError(f"the state counts no sequence of {tasks} tasks")
