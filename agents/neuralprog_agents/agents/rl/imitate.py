"""Behaviour cloning: PPO's network learns to do what the expert does in the states it meets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuralprog_agents.agent import Outcome, Report, Stop
from neuralprog_agents.agents.rl import judge
from neuralprog_agents.agents.rl.actions import rows_of
from neuralprog_agents.agents.rl.algorithms import options_of
from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.policy import LearnedPolicy, new_network, weights_of
from neuralprog_agents.agents.rl.setup import Setup, setup_of, table_of
from neuralprog_agents.agents.rl.state import learner_arrays, restore_learner
from neuralprog_agents.agents.rl.train import outcome, seed_of
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.network import seeded
from neuralprog_envs.core import batch
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.interfaces.setting import bare

_CHUNK = 20
"""Gradient steps between two questions whether to stop."""
_SAVED_SECONDS = 15.0
_CHECKPOINT = "checkpoint.safetensors"
_KIND = "rl-imitation"

Arrays = dict[str, NDArray[Any]]


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    torch.set_num_threads(1)
    return _Restart(config, index, folder).run(report, stop)


def demonstrations(setup: Setup, count: int, seed: int) -> tuple[Arrays, NDArray[np.int64]]:
    """Return what the expert saw and did in ``count`` training instances, step by step.

    Returns:
        The network's arrays, (N, …) each, and the actions, N steps of all episodes: (N, K), or
        (N,) rows of ``table_of`` where the network chooses among these.

    Raises:
        ValueError: There is no expert here.
    """
    task = setup.task()
    posed = pairs(task, count, length=setup.length, seed=seed)
    rows = [batch.take(posed, slice(i, i + 1)) for i in range(count)]
    plays = [np.array(demonstration(task, row)) for row in rows]
    lengths = np.array([len(play) for play in plays])
    state, seen, done = task.machine.initial(posed), [], []
    for t in range(int(lengths.max())):
        going = np.flatnonzero(lengths > t)
        action = np.stack([play[min(t, len(play) - 1)] for play in plays])
        shown = task.machine.observe(state)
        seen.append({name: shown[name][going] for name in setup.fields})
        done.append(action[going])
        state = task.machine.step(state, action)
    joined = {name: np.concatenate([part[name] for part in seen]) for name in setup.fields}
    actions, table = np.concatenate(done), table_of(setup)
    return joined, actions if table is None else rows_of(task.machine, actions, table)


class _Restart:
    def __init__(self, config: Config, index: int, folder: Path) -> None:
        self.config, self.seed = config, seed_of(config, index)
        self.options = options_of(config)
        self.setup = setup_of(config)
        self.network = seeded(lambda: new_network(self.setup), 2 * self.seed)
        self.policy = LearnedPolicy(self.setup, self.network)
        self.seen, self.done = demonstrations(self.setup, self.options["demonstrations"], self.seed)
        rate = self.options["learning_rate"]
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=rate)
        self.of = checkpoint.identity(config, index)
        self.path = folder / _CHECKPOINT
        self.steps, self.judged_at, self.loss = 0, 0, 0.0
        self.success, self.best = -1.0, weights_of(self.network)
        self._resume()

    @property
    def samples(self) -> int:
        return self.steps * int(self.options["batch_size"])

    def run(self, report: Report, stop: Stop) -> Outcome:
        saved = time.monotonic()
        while self.samples < self.config.budget and self.success < self.config.success_rate:
            if stop():
                self._save()
                break
            for _ in range(_CHUNK):
                self._step()
            if self.samples - self.judged_at >= self.config.judged_every:
                self._judge(report)
            if time.monotonic() - saved > _SAVED_SECONDS:
                self._save()
                saved = time.monotonic()
        if self.judged_at < self.samples or self.success < 0:
            self._judge(report)
        return outcome(self.config, self.setup, self.success, self.best, self.samples)

    def _step(self) -> None:
        """Do a gradient step on -log π(the expert's action)."""
        random = np.random.default_rng((self.seed, self.steps))
        rows = random.integers(len(self.done), size=self.options["batch_size"])
        self.network.set_training_mode(True)
        seen = {name: array[rows] for name, array in self.seen.items()}
        inputs, _ = self.network.obs_to_tensor(bare(seen))
        _, likelihood, _ = self.network.evaluate_actions(inputs, torch.from_numpy(self.done[rows]))
        loss = -likelihood.mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.steps += 1
        self.loss = float(loss.detach())

    def _judge(self, report: Report) -> None:
        """Validate the policy; keep its weights if they are the best so far."""
        self.judged_at = self.samples
        found = judge.success(self.policy, self.config.judged)
        if found > self.success:
            self.success, self.best = found, weights_of(self.network)
        report(
            {
                "step": self.samples,
                "samples": self.samples,
                "progress": min(1.0, self.samples / self.config.budget),
                "success": found,
                "best": self.success,
                "loss": self.loss,
            }
        )

    def _save(self) -> None:
        best = {f"best.{name}": array for name, array in self.best.items()}
        tensors = {**learner_arrays(self.network, self.optimizer), **best}
        names = ("steps", "judged_at", "success", "loss")
        metadata = {"of": self.of, **{name: getattr(self, name) for name in names}}
        checkpoint.save(self.path, _KIND, tensors, metadata)

    def _resume(self) -> None:
        found = checkpoint.resume(self.path, _KIND, self.of)
        if found is None:
            return
        tensors, metadata = found
        restore_learner(self.network, self.optimizer, tensors)
        self.best = {name: tensors[f"best.{name}"] for name in self.best}
        for name, value in metadata.items():
            setattr(self, name, value)
