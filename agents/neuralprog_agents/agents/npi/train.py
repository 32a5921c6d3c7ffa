"""One restart: from random weights to a program that makes no error on its frames.

Frames are the experts' calls; since h is 0 at the start of each, each is a training sequence of
its own. A gradient step takes a batch of each task's frames. After every chunk of steps all frames
are checked, and those that were wrong lately are drawn more often. Once none is wrong the restart
ends, or, with ``prove``, the verification sets are checked, their failing frames join the training
sets, and it ends when these have none either.
With a ``base``, all its numbers stay, and only the new programs' rows of the memories learn, from
the new task's frames and from all of the old ones': a new key could win every look-up.
Everything random is a function of (seed, restart, step), and every decision falls at the end of a
chunk, so a killed restart that goes on from its checkpoint ends with the same bits.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuralprog_agents.agent import Outcome, Report, Stop
from neuralprog_agents.agents.npi.base import Base, domains_of, freeze, open_base, tasks_of
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.agents.npi.data import Stream, seed, settings_of, task_of
from neuralprog_agents.agents.npi.training_sets import training_set_of
from neuralprog_agents.npi_network.model import NPI, without_onednn
from neuralprog_agents.npi_network.proof import prove
from neuralprog_agents.npi_network.sizes import Sizes
from neuralprog_agents.npi_network.training_set import adam, gradient_step
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.network import restore, seeded, training_state, weights

CHUNK = 50
"""Gradient steps between two decisions."""
_SAVED_SECONDS = 5.0
_CHECKPOINT = "checkpoint.safetensors"
_KIND = "npi-training"


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    torch.set_num_threads(1)
    with without_onednn():
        return _Restart(config, index, folder).run(report, stop)


class _Restart:
    def __init__(self, config: Config, index: int, folder: Path) -> None:
        self.config, self.index = config, index
        self.base = open_base(config.base) if config.base else None
        self.of = {**checkpoint.identity(config, index), "on": self.base and self.base.sha256}
        self.path = folder / _CHECKPOINT
        self.model = initial(sizes_of(config), seed(config, index, Stream.WEIGHTS), self.base)
        self.optimizer = adam(self.model, config.learning_rate)
        seeded_tasks = tasks_of(config, index)
        self.tasks = [task for task, _ in seeded_tasks]
        self.sets = [
            training_set_of(task, number, key) for number, (task, key) in enumerate(seeded_tasks)
        ]
        self.step, self.rounds = 0, 0
        self._resume()

    def run(self, report: Report, stop: Stop) -> Outcome:
        saved = time.perf_counter()
        while self.step < self.config.budget and not stop():
            error = self._train()
            for part in self.sets:
                part.check(self.model)
            done = self._sum("wrong") == 0 and self._proven()
            report(self._report(error))
            if done or not np.isfinite(error):
                return self._outcome(done)
            if time.perf_counter() - saved > _SAVED_SECONDS:
                self._save()
                saved = time.perf_counter()
        self._save()
        return self._outcome(False)

    def _train(self) -> float:
        """Take a chunk of gradient steps; return the mean loss."""
        samplers = [part.sampler(self.config.boost) for part in self.sets]
        total = 0.0
        for _ in range(CHUNK):
            costs = []
            for number, (part, sampler) in enumerate(zip(self.sets, samplers, strict=True)):
                key = seed(self.config, self.index, Stream.BATCHES, self.step, number)
                costs.append(part.cost(self.model, sampler.rows(self.config.batch, key)))
            total += self._descend(torch.stack(costs).sum())
            self.step += 1
        return total / CHUNK

    def _descend(self, cost: Tensor) -> float:
        rate = self.config.learning_rate * 0.5 ** (self.step / self.config.half_life)
        self.optimizer.param_groups[0]["lr"] = rate
        return gradient_step(self.model, self.optimizer, cost, self.config.clip_norm)

    def _proven(self) -> bool:
        """Whether nothing more is to be learned; frames that fail a proof join the others."""
        self.rounds += any(task.prove for task in self.tasks)
        proven = [part.proven(self.model) for part in self.sets]
        return all(proven)

    def _sum(self, name: str) -> int:
        """Return a count, summed over all tasks."""
        return sum(getattr(part, name) for part in self.sets)

    def _report(self, error: float) -> dict[str, float]:
        return {
            "step": self.step,
            "progress": self.step / self.config.budget,
            "loss": error,
            **self._counts(),
        }

    def _counts(self) -> dict[str, float]:
        """Return frames that were learned from, and what is not right, of all tasks."""
        return {
            "samples": float(self.step * self.config.batch * len(self.sets)),
            "frames": float(sum(len(part.frames.program) for part in self.sets)),
            "failing": float(self._sum("wrong")),
            "unproven": float(self._sum("unproven")),
        }

    def _save(self) -> None:
        tensors, counts = training_state(self.model, self.optimizer), []
        for number, part in enumerate(self.sets):
            arrays, own = part.state()
            tensors |= {f"{number}.{name}": array for name, array in arrays.items()}
            counts.append(own)
        metadata = {"step": self.step, "rounds": self.rounds, "sets": counts, "of": self.of}
        checkpoint.save(self.path, _KIND, tensors, metadata)

    def _resume(self) -> None:
        found = checkpoint.resume(self.path, _KIND, self.of)
        if found is None:
            return
        tensors, metadata = found
        for number, (part, counts) in enumerate(zip(self.sets, metadata["sets"], strict=True)):
            names = "priority", "added"
            part.restore({name: tensors[f"{number}.{name}"] for name in names}, counts)
        self.step, self.rounds = metadata["step"], metadata["rounds"]
        restore(self.model, self.optimizer, tensors, self.step)

    def _outcome(self, success: bool) -> Outcome:
        metrics = {
            "step": float(self.step),
            **self._counts(),
            "frames": float(sum(len(part.drawn.program) for part in self.sets)),
            "added": float(sum(len(part.added) for part in self.sets)),
            "rounds": float(self.rounds),
            "parameters": float(self._parameters()),
        }
        return Outcome(success, metrics, weights(self.model), self._card(success))

    def _parameters(self) -> int:
        """Return how many numbers are trained."""
        old = self.base.sizes if self.base else None
        trained = sum(p.numel() for p in self.model.parameters() if p.requires_grad)
        return trained - (old.programs * (old.program + old.key) if old else 0)

    def _card(self, success: bool) -> dict[str, Any]:
        records = [self._record(number, success) for number in range(len(self.tasks))]
        (own,) = (record for record in records if record["env"] == self.config.env)
        card: dict[str, Any] = {**own, "sizes": asdict(self.model.sizes)}
        if len(records) > 1:
            card["tasks"] = records
        if self.base is not None:
            card["base"] = {"agent": self.config.base, "weights_sha256": self.base.sha256}
        return card

    def _record(self, number: int, success: bool) -> dict[str, Any]:
        """Return what the card tells of a task."""
        task = self.tasks[number]
        record: dict[str, Any] = {
            "env": task.env,
            "settings": settings_of(task),
            "trained_lengths": list(task.length),
            "verification_set_used_for_training": task.prove,
        }
        if success and task.prove:
            proved = prove(self.model, task_of(task, 1), trained_on=True, domain=number)
            record["proof"] = asdict(proved)
        return record


def sizes_of(config: Config) -> Sizes:
    """Return the sizes of a config's network."""
    told: Any = open_base(config.base).sizes if config.base else config
    return Sizes(
        domains=domains_of(tasks_of(config, 0)),
        state=told.state,
        program=told.program,
        key=told.key,
        hidden=told.hidden,
        layers=told.layers,
    )


def initial(sizes: Sizes, key: int, base: Base | None = None) -> NPI:
    """Return a network with random weights that depend on the key alone, but for its base's."""
    model = seeded(lambda: NPI(sizes), key)
    if base is not None:
        freeze(model, base)
    return model
