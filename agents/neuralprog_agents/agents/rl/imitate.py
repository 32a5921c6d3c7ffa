"""Behaviour cloning: PPO's network is trained on the expert's actions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.rl.actions import rows_of
from neuralprog_agents.agents.rl.algorithms import options_of
from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.observations import packed
from neuralprog_agents.agents.rl.policy import LearnedPolicy, new_network
from neuralprog_agents.agents.rl.setup import Setup, packed_fields, setup_of, table_of
from neuralprog_agents.agents.rl.state import learner_arrays, restore_learner
from neuralprog_agents.agents.rl.train import seed_of
from neuralprog_agents.agents.rl.validation import Validation
from neuralprog_agents.training.network import seeded
from neuralprog_envs.core import batch
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.interfaces.setting import bare

_CHUNK = 20
"""Gradient steps between two decisions."""

Arrays = dict[str, NDArray[Any]]
Demonstrations = tuple[Arrays, NDArray[np.int64]]


def demonstrations(
    setup: Setup, count: int, seed: int, pulse: Pulse = lambda: None
) -> Demonstrations:
    """Return the expert's observations and actions in ``count`` training instances.

    ``pulse`` is called several times a second.

    Returns:
        The observed arrays, (N, …) each, and the actions of all N steps, (N, K); with flat
        actions rows of ``table_of``, (N,).

    Raises:
        ValueError: The task has no expert.
    """
    task = setup.task()
    posed = pairs(task, count, length=setup.length, seed=seed)
    rows = [batch.take(posed, slice(i, i + 1)) for i in range(count)]
    plays = []
    for row in rows:
        pulse()
        plays.append(np.array(demonstration(task, row)))
    lengths = np.array([len(play) for play in plays])
    state, seen, done = task.machine.initial(posed), [], []
    for t in range(int(lengths.max())):
        pulse()
        going = np.flatnonzero(lengths > t)
        action = np.stack([play[min(t, len(play) - 1)] for play in plays])
        shown = task.machine.observe(state)
        seen.append({name: shown[name][going] for name in setup.fields})
        done.append(action[going])
        state = task.machine.step(state, action)
    joined = {name: np.concatenate([part[name] for part in seen]) for name in setup.fields}
    actions, table = np.concatenate(done), table_of(setup)
    return joined, actions if table is None else rows_of(task.machine, actions, table)


class ImitationLearner:
    """One restart; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        torch.set_num_threads(1)
        self.config, self.seed, self.setup = config, seed_of(config, index), setup_of(config)
        self.options, self.packed = options_of(config), packed_fields(self.setup)
        self.network = seeded(lambda: new_network(self.setup), 2 * self.seed)
        self.demonstrated: Demonstrations | None = None
        rate = self.options["learning_rate"]
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=rate)
        self.validation = Validation(config, LearnedPolicy(self.setup, self.network))
        self.steps, self.loss = 0, 0.0

    @property
    def samples(self) -> int:
        """The number of actions in all minibatches so far."""
        return self.steps * int(self.options["batch_size"])

    @property
    def finished(self) -> bool:
        """Whether it succeeds on validation, or the budget is spent."""
        return self.validation.solved or self.samples >= self.config.budget

    def go_on(self) -> None:
        """Train on until the next validation that succeeds."""
        self.validation.take_back()

    def advance(self, pulse: Pulse) -> None:
        """Take a chunk of gradient steps; validate when it is due.

        The first chunk watches the expert before.
        """
        self.demonstrated = self.demonstrated or self._watch(pulse)
        for _ in range(_CHUNK):
            pulse()
            self._step(*self.demonstrated)
        self.validation.evaluate_if_due(self.samples, pulse)

    def _watch(self, pulse: Pulse) -> Demonstrations:
        return demonstrations(self.setup, self.options["demonstrations"], self.seed, pulse)

    def _step(self, seen: Arrays, done: NDArray[np.int64]) -> None:
        """Take a gradient step on -log π(a) of the expert's actions a."""
        random = np.random.default_rng((self.seed, self.steps))
        rows = random.integers(len(done), size=self.options["batch_size"])
        self.network.set_training_mode(True)
        drawn = {name: array[rows] for name, array in seen.items()}
        shown = packed(drawn, self.packed) if self.packed else bare(drawn)
        inputs, _ = self.network.obs_to_tensor(shown)
        _, likelihood, _ = self.network.evaluate_actions(inputs, torch.from_numpy(done[rows]))
        loss = -likelihood.mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.steps += 1
        self.loss = float(loss.detach())

    def status(self) -> dict[str, float]:
        """Return the reported metrics."""
        return {**self.validation.status(), "samples": float(self.samples), "loss": self.loss}

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the network, its optimiser, and the best weights."""
        best, validation = self.validation.state()
        tensors = learner_arrays(self.network, self.optimizer)
        return tensors | best, {"steps": self.steps, "validation": validation}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        restore_learner(self.network, self.optimizer, tensors)
        self.validation.restore(tensors, metadata["validation"])
        self.steps = metadata["steps"]

    def outcome(self) -> Outcome:
        """Return the weights that did best on validation."""
        return self.validation.outcome()
