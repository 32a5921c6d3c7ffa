"""One restart: from random weights to a program that makes no error on its frames.

Frames are the experts' calls; since h is 0 at the start of each, each is a training sequence of
its own. After every chunk of gradient steps all frames are checked, and those that were wrong
lately are drawn more often. Once none is wrong the restart ends, or, with ``prove``, the
verification set is checked, its failing frames join the training set, and it ends when that set
has none either.
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
from numpy.typing import NDArray
from torch import nn

from neuralprog_agents.npi import check
from neuralprog_agents.npi.config import Config
from neuralprog_agents.npi.data import (
    Sampler,
    Stream,
    draw_frames,
    harden,
    join,
    seed,
    settings_of,
    take,
    task_of,
)
from neuralprog_agents.npi.model import NPI, Sizes, loss, without_onednn
from neuralprog_agents.npi.verify import verification_set
from neuralprog_agents.registry import Outcome, Report, Stop
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.network import (
    plain,
    restore,
    seeded,
    training_state,
    weights,
)
from neuralprog_envs.faces.frames import FrameBatch

CHUNK = 50
"""Gradient steps between two decisions."""
_SAVED_SECONDS = 5.0
_CHECKPOINT = "checkpoint.safetensors"
_KIND = "npi-training"


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.registry.AgentModule.restart``."""
    torch.set_num_threads(1)
    with without_onednn():
        return _Restart(config, index, folder).run(report, stop)


class _Restart:
    def __init__(self, config: Config, index: int, folder: Path) -> None:
        self.config, self.index = config, index
        self.of = checkpoint.identity(config, index)
        self.path = folder / _CHECKPOINT
        self.model = initial(sizes_of(config), seed(config, index, Stream.WEIGHTS))
        self.optimizer = adam(self.model, config.learning_rate)
        self.drawn = draw_frames(config, index)
        self.proof = verification_set(task_of(config, 1)) if config.prove else None
        self.step, self.rounds = 0, 0
        self.unproven = -1
        self._learn_from(np.zeros(0, dtype=np.int64))
        self._resume()

    def _learn_from(self, added: NDArray[np.int64]) -> None:
        """Train on the drawn frames and these of the verification set."""
        self.added, self.frames = added, self.drawn
        if self.proof is not None and added.size:
            self.frames = join(self.drawn, take(self.proof, added))
        known = len(self.drawn.program) if added.size else 0
        self.hardness = (np.arange(len(self.frames.program)) >= known).astype(np.float64)
        self.wrong = int(self.hardness.sum())

    def run(self, report: Report, stop: Stop) -> Outcome:
        saved = time.perf_counter()
        while self.step < self.config.budget and not stop():
            error = self._train()
            failing = check.failing(self.model, self.frames)
            self.hardness, self.wrong = harden(self.hardness, failing), int(failing.sum())
            done = self.wrong == 0 and self._proven()
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
        sampler = Sampler(self.frames, self.hardness, self.config.boost)
        total = 0.0
        for _ in range(CHUNK):
            key = seed(self.config, self.index, Stream.BATCHES, self.step)
            total += self._descend(take(self.frames, sampler.rows(self.config.batch, key)))
            self.step += 1
        return total / CHUNK

    def _descend(self, batch: FrameBatch) -> float:
        rate = self.config.learning_rate * 0.5 ** (self.step / self.config.half_life)
        self.optimizer.param_groups[0]["lr"] = rate
        return descend(self.model, self.optimizer, batch, self.config.clip_norm)

    def _proven(self) -> bool:
        """Whether nothing more is to be learned; frames that fail the proof join the others."""
        if self.proof is None:
            return True
        failing = np.flatnonzero(check.failing(self.model, self.proof))
        self.unproven = len(failing)
        self.rounds += 1
        if failing.size:
            self._learn_from(np.union1d(self.added, failing))
        return not failing.size

    def _report(self, error: float) -> dict[str, float]:
        return {
            "step": self.step,
            "progress": self.step / self.config.budget,
            "loss": error,
            "frames": float(len(self.hardness)),
            "failing": float(self.wrong),
            "unproven": float(self.unproven),
        }

    def _save(self) -> None:
        state = {"hardness": self.hardness, "added": self.added}
        counts = {"step": self.step, "rounds": self.rounds, "unproven": self.unproven}
        metadata = {
            **counts,
            "wrong": self.wrong,
            "of": self.of,
        }
        tensors = {**training_state(self.model, self.optimizer), **state}
        checkpoint.save(self.path, _KIND, tensors, metadata)

    def _resume(self) -> None:
        found = checkpoint.resume(self.path, _KIND, self.of)
        if found is None:
            return
        tensors, metadata = found
        self._learn_from(tensors["added"])
        self.hardness, self.wrong = tensors["hardness"], metadata["wrong"]
        self.step, self.rounds = metadata["step"], metadata["rounds"]
        self.unproven = metadata["unproven"]
        restore(self.model, self.optimizer, tensors, self.step)

    def _outcome(self, success: bool) -> Outcome:
        metrics = {
            "step": float(self.step),
            "frames": float(len(self.drawn.program)),
            "failing": float(self.wrong),
            "added": float(len(self.added)),
            "rounds": float(self.rounds),
            "unproven": float(self.unproven),
        }
        card: dict[str, Any] = {
            "env": self.config.env,
            "sizes": plain(asdict(self.model.sizes)),
            "settings": settings_of(self.config),
            "trained_lengths": list(self.config.length),
            "verification_set_used_for_training": self.config.prove,
        }
        if success and self.proof is not None:
            card["proof"] = asdict(
                check.proof(self.model, task_of(self.config, 1), trained_on=True)
            )
        return Outcome(success, metrics, weights(self.model), card)


def adam(model: NPI, learning_rate: float) -> torch.optim.Adam:
    """Return the optimizer of a network's parameters."""
    return torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)


def descend(
    model: NPI, optimizer: torch.optim.Optimizer, batch: FrameBatch, clip_norm: float
) -> float:
    """Take a gradient step on some frames; return their loss."""
    target, mask = torch.from_numpy(batch.target).long(), torch.from_numpy(batch.mask)
    cost = loss(check.forward(model, batch), target, mask)
    optimizer.zero_grad()
    cost.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return float(cost.detach())


def sizes_of(config: Config) -> Sizes:
    """Return the sizes of a config's network."""
    machine = task_of(config, config.length[1]).machine
    return Sizes(
        view=tuple(values for _, values in machine.world.view),
        actions=machine.actions,
        state=config.state,
        program=config.program,
        key=config.key,
        hidden=config.hidden,
        layers=config.layers,
    )


def initial(sizes: Sizes, key: int) -> NPI:
    """Return a network with random weights that depend on the key alone."""
    return seeded(lambda: NPI(sizes), key)
