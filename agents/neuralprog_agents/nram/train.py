"""One restart: from random weights to a discretised circuit, or to giving up.

The phases are gradient training under the curriculum, then hardening (our addition: no noise, and
entropy of the choices becomes a cost that grows). Every few chunks the controller is
discretised and its circuit is judged on the hard machine: first on the training lengths, then,
on other instances, at twice the longest of them. The first circuit that passes both ends the
restart. Everything random is a function of (seed, restart, step), and every decision falls at the
end of a chunk, so a killed restart that goes on from its checkpoint ends with the same bits.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuralprog_agents.evaluation import tables
from neuralprog_agents.nram.config import Config
from neuralprog_agents.nram.data import (
    Stream,
    draw_batches,
    draw_settings,
    generator,
    limits,
    seed,
    task_of,
)
from neuralprog_agents.nram.discretise import Stepper
from neuralprog_agents.nram.records import Batch, Hyper, Metrics, Schedule, TrainState, noise_sigma
from neuralprog_agents.nram.shape import Shape, initial
from neuralprog_agents.registry import Outcome, Report, Stop
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.curriculum import Curriculum
from neuralprog_envs.core.instances import draw

CHUNK = 50
"""Gradient steps between two decisions."""
_JUDGED_EVERY = 4
_SAVED_SECONDS = 5.0
_CHECKPOINT = "checkpoint.safetensors"
_KIND = "nram-training"
_JUDGED = 128
"""Instances on which a circuit is judged."""


@dataclass(frozen=True)
class Progress:
    """Where a restart stands, besides its weights: all that a checkpoint must hold.

    Attributes:
        level: The curriculum's level.
        batches: Batches since the level rose.
        hardening: The step at which hardening began, or -1.
        pairs: Input/output pairs drawn so far.
    """

    level: int
    batches: int = 0
    hardening: int = -1
    pairs: int = 0


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.registry.AgentModule.restart``."""
    return _Restart(config, index, folder).run(report, stop)


class _Restart:
    def __init__(self, config: Config, index: int, folder: Path) -> None:
        self.config, self.index = config, index
        self.path = folder / _CHECKPOINT
        self.settings = draw_settings(config, index)
        self.shape = shape_of(config, memory=config.least_memory)
        self.hyper = Hyper(
            clip_activations=self.settings.clip_activations, clip_norm=self.settings.clip_norm
        )
        self.state = TrainState(initial(self.shape, generator(config, index, Stream.WEIGHTS)))
        self.progress = Progress(level=config.length[0])
        self.started = time.perf_counter()
        self._resume()

    def run(self, report: Report, stop: Stop) -> Outcome:
        saved = time.perf_counter()
        while self.state.step < self.config.budget and not stop():
            batches, lengths = draw_batches(
                self.config, self.index, self._curriculum(), self.progress.pairs, CHUNK
            )
            metrics = self._train(batches)
            if not metrics.finite:
                return self._outcome(pruned=True, error=float("nan"))
            error = float(np.mean(metrics.errors[lengths <= self.progress.level]))
            report(self._report(error, float(np.mean(metrics.loss))))
            if self._judge_now() and self.judge(Stepper(self.state.theta, self.shape)):
                return self._outcome(success=True, error=error)
            if self._hopeless():
                return self._outcome(pruned=True, error=error)
            self._advance(error)
            if time.perf_counter() - saved > _SAVED_SECONDS:
                self._save()
                saved = time.perf_counter()
        self._save()
        return self._outcome(error=1.0)

    def _train(self, batches: Batch) -> Metrics:
        train_steps = _backend(self.config.device)
        shape = replace(self.shape, memory=batches.tape.shape[2])
        noise = seed(self.config, self.index, Stream.NOISE)
        pairs = self.progress.pairs + batches.steps.size
        self.progress = replace(self.progress, pairs=pairs)
        return train_steps(shape, self.state, batches, self._schedule(), self.hyper, noise)

    def _schedule(self) -> Schedule:
        step = self.state.step + np.arange(CHUNK)
        drawn = self.settings
        rate = np.full(CHUNK, drawn.learning_rate, dtype=np.float32)
        if self.progress.hardening >= 0:
            grown = (step - self.progress.hardening) / self.config.harden_steps
            cost = self.config.harden * np.minimum(grown, 1.0)
            return Schedule(rate, -cost.astype(np.float32), np.zeros(CHUNK, dtype=np.float32))
        bonus = drawn.entropy * 0.5 ** (step / drawn.entropy_half_life)
        noise = noise_sigma(step, drawn.noise)
        return Schedule(rate, bonus.astype(np.float32), noise.astype(np.float32))

    def _curriculum(self) -> Curriculum:
        low, high = self.config.length
        return Curriculum(
            lowest=low,
            highest=high,
            level=self.progress.level,
            batches=self.progress.batches,
            threshold=self.config.threshold,
            spacing=self.config.spacing,
        )

    def _advance(self, error: float) -> None:
        """Raise the level, or begin to harden, as the error of the last chunk allows."""
        curriculum = self._curriculum()
        solved = curriculum.complete and error < self.config.solved
        after = curriculum.update(error, CHUNK)
        self.progress = replace(self.progress, level=after.level, batches=after.batches)
        if solved and self.progress.hardening < 0:
            self.progress = replace(self.progress, hardening=self.state.step)

    def _hopeless(self) -> bool:
        hardening = self.progress.hardening
        if hardening >= 0:
            return self.state.step - hardening >= self.config.harden_steps
        return self.progress.batches >= self.config.patience

    def _judge_now(self) -> bool:
        late = self._curriculum().complete or self.progress.hardening >= 0
        return late and self.state.step % (_JUDGED_EVERY * CHUNK) == 0

    def judge(self, learned: Stepper) -> bool:
        """Whether circuits are right at the training lengths, and on other, longer instances."""
        low, high = self.config.length
        return self._exact(learned, (low, high), Stream.FITS, "train") and self._exact(
            learned, (2 * high, 2 * high), Stream.GENERALISES, "validation"
        )

    def _exact(
        self, learned: Stepper, lengths: tuple[int, int], stream: Stream, split: str
    ) -> bool:
        task = task_of(self.config, lengths[1])
        key = seed(self.config, self.index, stream)
        instances = draw(task, key, np.arange(_JUDGED), lengths, split)
        learned.reset()
        state = tables.run(task.machine, learned, instances, limits(self.config, instances.length))
        return bool(np.all(task.score(state, instances) == 1.0))

    def _report(self, error: float, loss: float) -> dict[str, float]:
        return {
            "step": self.state.step,
            "progress": self.state.step / self.config.budget,
            "loss": loss,
            "error": error,
            "level": self.progress.level,
            "hardening": float(self.progress.hardening >= 0),
        }

    def _save(self) -> None:
        tensors = {"theta": self.state.theta, "m": self.state.m, "v": self.state.v}
        metadata = {**asdict(self.progress), "step": self.state.step, "of": self._identity()}
        checkpoint.save(self.path, _KIND, tensors, metadata)

    def _resume(self) -> None:
        if not self.path.exists():
            return
        size = ("float32", (self.shape.size,))
        tensors, metadata = checkpoint.load(
            self.path, _KIND, dict.fromkeys(("theta", "m", "v"), size)
        )
        if metadata.pop("of") != self._identity():
            raise checkpoint.CheckpointError(
                f"{self.path} belongs to another restart or config: remove it to begin anew"
            )
        self.state = TrainState(**tensors, step=metadata.pop("step"))
        self.progress = Progress(**metadata)

    def _identity(self) -> dict[str, Any]:
        """Return what a checkpoint must share with the restart that goes on from it."""
        shared = _plain(asdict(self.config))
        del shared["restarts"]
        return {"index": self.index, **shared}

    def _outcome(self, *, error: float, success: bool = False, pruned: bool = False) -> Outcome:
        metrics = {
            "step": float(self.state.step),
            "error": error,
            "level": float(self.progress.level),
            "soft_solved": float(self.progress.hardening >= 0),
            "pairs": float(self.progress.pairs + 2 * _JUDGED),
        }
        card = {
            "env": self.config.env,
            "shape": _plain(asdict(self.shape)),
            "steps": list(self.config.steps),
            "trained_lengths": list(self.config.length),
            "settings": asdict(self.settings),
        }
        tensors = {"theta": self.state.theta.copy()}
        return Outcome(success, metrics, tensors, card, pruned)


def shape_of(config: Config, memory: int) -> Shape:
    """Return the sizes of a config's machine and controller."""
    return Shape(
        registers=config.registers,
        memory=memory,
        repetitions=config.repetitions,
        controller=config.controller,
        hidden=config.hidden,
        layers=config.layers,
    )


def _backend(device: str) -> Any:
    if device == "cpu":
        from neuralprog_agents.nram.kernel import train_steps

        return train_steps
    from neuralprog_agents.nram import torch_steps

    return partial(torch_steps.train_steps, device=device)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
