"""One restart: search, train on the searched calls, check the network alone, repeat.

Each iteration searches calls of each program from states in which it may be called, and takes
gradient steps on the visit frequencies and outcomes of the last iterations. The restart succeeds
when the network alone, without search, does what is specified in all checked calls of each program.
Everything random is a function of (seed, restart, iteration).
"""

from __future__ import annotations

from dataclasses import asdict
from enum import IntEnum
from typing import Any

import numpy as np
import torch
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.alphanpi.card import Sizes
from neuralprog_agents.agents.alphanpi.config import Config
from neuralprog_agents.agents.alphanpi.memo import Memo
from neuralprog_agents.agents.alphanpi.model import Network, loss
from neuralprog_agents.agents.alphanpi.search import SearchedCall, TreeSearch
from neuralprog_agents.specifications.call_model import STOP, make_call_model, settings_of
from neuralprog_agents.specifications.specification import same
from neuralprog_agents.training.network import (
    gradient_step,
    restore,
    seeded,
    training_state,
    weights,
)
from neuralprog_envs.core.draws import key_of

_BEYOND = 3
"""How much longer than in training the instances of checked calls may be."""

_STORED = ("program", "views", "policies", "outcome", "mask")
"""The arrays of stored calls; see ``as_arrays``."""

Arrays = dict[str, NDArray[Any]]


class Stream(IntEnum):
    """The independent streams of random numbers of a restart."""

    WEIGHTS = 0
    SEARCHES = 1
    BATCHES = 2
    CHECKS = 3


class AlphaNPILearner:
    """One restart of AlphaNPI; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        torch.set_num_threads(1)
        self.config, self.index = config, index
        self.call_model = make_call_model(config.env, config.recursive, config.length[1] + _BEYOND)
        sizes = Sizes(
            view=self.call_model.view_sizes,
            programs=len(self.call_model.programs),
            choices=len(self.call_model.choices),
            state=config.state,
            program=config.program,
            hidden=config.hidden,
        )
        self.model = seeded(lambda: Network(sizes), self._key(Stream.WEIGHTS, 0))
        self.memo = Memo(self.model)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=config.learning_rate)
        self.replay: list[Arrays] = []
        self.iteration, self.calls = 0, 0
        self.loss, self.searched = 0.0, 0.0
        self.rates = [0.0]
        self._pulse: Pulse = lambda: None

    @property
    def finished(self) -> bool:
        """Whether all checked calls are right, or the budget is spent."""
        return min(self.rates) == 1.0 or self.iteration >= self.config.budget

    def advance(self, pulse: Pulse) -> None:
        """Search, learn and check once."""
        self._pulse = pulse
        self.searched, self.loss = self._search(), self._learn()
        self.iteration += 1
        self.rates = self._check()

    def status(self) -> dict[str, float]:
        """Return the reported metrics."""
        return {
            "step": self.iteration,
            "progress": self.iteration / self.config.budget,
            "samples": float(self.calls),
            "loss": self.loss,
            "searched": self.searched,
            "alone": float(np.mean(self.rates)),
            "worst": min(self.rates),
        }

    def _search(self) -> float:
        """Search calls of each program; return the success rate."""
        rng = self._rng(Stream.SEARCHES, self.iteration)
        found = [
            TreeSearch(self.config, self.call_model, self.memo.predict, program, state, rng).run()
            for program in self.call_model.programs
            for state in self._posed(program, self.config.episodes, self.config.length, rng)
        ]
        self.calls += len(found)
        most = self.config.most_steps(self.config.length[1])
        self.replay = [*self.replay, as_arrays(found, most)][-self.config.memory :]
        return float(np.mean([call.outcome > 0 for call in found]))

    def _posed(self, program: int, count: int, lengths: tuple[int, int], rng: Generator) -> Any:
        low, high = lengths
        for k in range(count):
            self._pulse()
            yield self.call_model.sample(program, low + k % (high - low + 1), rng)

    def _learn(self) -> float:
        """Take gradient steps on the stored calls; return the mean loss."""
        rng = self._rng(Stream.BATCHES, self.iteration)
        names = self.replay[0]
        calls = {name: np.concatenate([part[name] for part in self.replay]) for name in names}
        total = 0.0
        for _ in range(self.config.updates):
            self._pulse()
            rows = rng.integers(len(calls["outcome"]), size=self.config.batch)
            total += self._descend({name: part[rows] for name, part in calls.items()})
        self.memo.clear()
        return total / self.config.updates

    def _descend(self, arrays: Arrays) -> float:
        batch = {name: torch.from_numpy(part) for name, part in arrays.items()}
        logits, values, _ = self.model(batch["program"], batch["views"])
        cost = loss(logits, values, batch["policies"], batch["outcome"], batch["mask"])
        return gradient_step(self.model, self.optimizer, cost, 1.0)

    def _check(self) -> list[float]:
        """Return the success rate of the network alone for each program."""
        return [self._success_rate(program) for program in self.call_model.programs]

    def _success_rate(self, program: int) -> float:
        low, high = self.config.length
        rng = self._rng(Stream.CHECKS, program)
        states = self._posed(program, self.config.checks, (low, high + _BEYOND), rng)
        return float(np.mean([self._succeeds(program, state) for state in states]))

    def _succeeds(self, program: int, state: Any) -> bool:
        """Return whether the network's likeliest choices do what is specified."""
        before, wanted = state, self.call_model.target(program, state)
        prediction = self.memo.begin(program)
        for _ in range(self.config.most_steps(int(state.length[0]))):
            prediction = self.memo.advance(program, prediction, self.call_model.view(state))
            if (choice := prediction.best) == STOP:
                return same(state, wanted)
            if choice not in self.call_model.legal(program, before, state):
                return False
            state = self.call_model.act(program, choice, state)
        return False

    def _key(self, stream: Stream, position: int) -> int:
        return key_of(self.config.seed, self.index, int(stream), position)

    def _rng(self, stream: Stream, position: int) -> Generator:
        return Generator(Philox(key=self._key(stream, position)))

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the network, Adam's moments, and the stored calls."""
        replay = {f"replay.{i}.{k}": p for i, old in enumerate(self.replay) for k, p in old.items()}
        counts = {"iteration": self.iteration, "calls": self.calls, "replay": len(self.replay)}
        return {**training_state(self.model, self.optimizer), **replay}, counts

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self.iteration, self.calls = metadata["iteration"], metadata["calls"]
        self.replay = [
            {name: tensors[f"replay.{i}.{name}"] for name in _STORED}
            for i in range(metadata["replay"])
        ]
        restore(self.model, self.optimizer, tensors, self.iteration * self.config.updates)

    def outcome(self) -> Outcome:
        """Return the network."""
        metrics = {"iterations": float(self.iteration), "alone": float(np.mean(self.rates))}
        card = {
            "env": self.config.env,
            "settings": settings_of(self.config.env, self.config.recursive),
            "sizes": asdict(self.model.sizes),
        }
        return Outcome(min(self.rates) == 1.0, metrics, weights(self.model), card)


def as_arrays(calls: list[SearchedCall], steps: int) -> Arrays:
    """Return K calls as arrays, padded to T = ``steps`` steps.

    Returns:
        "program" (K,), from 0; "views" (K, T, E); "policies" (K, T, C); "outcome" (K,); "mask"
        (K, T).
    """
    lengths = np.array([len(call.views) for call in calls])
    return {
        "program": np.array([call.program - 2 for call in calls], dtype=np.int64),
        "views": np.stack([_padded(np.array(call.views), steps) for call in calls]),
        "policies": np.stack([_padded(call.policies, steps) for call in calls]).astype(np.float32),
        "outcome": np.array([call.outcome for call in calls], dtype=np.float32),
        "mask": np.arange(steps) < lengths[:, None],
    }


def _padded(part: NDArray[Any], steps: int) -> NDArray[Any]:
    return np.pad(part, ((0, steps - len(part)), (0, 0)))
