"""One restart: from random weights to a discretised circuit that is right, or to giving up.

A restart takes turns of two halves. The gradient's (``descent``) ends when the discretised
controller is right, or when it gets no further. Then, in the hybrid, the controller is snapped to
its circuits, these are repaired on the hard machine (``repair``) and written back into the weights
(``compile``), and the next turn trains on. A circuit that is right on all pairs ends the restart:
with success if it is right on held-out pairs of twice the longest length too. Everything random is
a function of (seed, restart, turn, step), and every decision falls at the end of a chunk of steps,
so a killed restart that goes on from its checkpoint ends with the same bits.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path

from neuralprog_agents.agent import Outcome, Report, Stop
from neuralprog_agents.agents.nram import judge
from neuralprog_agents.agents.nram.compile import SURE, rewire
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import Stream, draw_settings, generator, task_of
from neuralprog_agents.agents.nram.descent import Descent, End, Progress
from neuralprog_agents.agents.nram.discretise import Stepper, circuit_table
from neuralprog_agents.agents.nram.records import Floats, TrainState
from neuralprog_agents.agents.nram.repair import Repaired, repair
from neuralprog_agents.agents.nram.shape import Shape, initial
from neuralprog_agents.agents.nram.start import start_of
from neuralprog_agents.training import checkpoint

_SAVED_SECONDS = 5.0
_CHECKPOINT = "checkpoint.safetensors"
_KIND = "nram-training"


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    return _Restart(config, index, folder).run(report, stop)


class _Restart:
    def __init__(self, config: Config, index: int, folder: Path) -> None:
        self.config, self.index, self.path = config, index, folder / _CHECKPOINT
        self.of = checkpoint.identity(config, index)
        self.shape, self.settings = shape_of(config), draw_settings(config, index)
        self.descent = self._begin(self._first_weights(), Progress(level=config.length[0]))
        self._resume()
        self._clock, self._saved = time.thread_time(), time.perf_counter()

    def run(self, report: Report, stop: Stop) -> Outcome:
        """Take turns until the circuit is right, or until the last turn."""
        while True:
            end = self.descent.run(report, stop, self._save_now_and_then)
            if end is End.STOPPED:
                self._save()
                return self._outcome()
            if end is End.RIGHT:
                return self._outcome(success=True)
            found = self._repaired(stop)
            if found is None:
                return self._outcome()
            success = found.fits and self._accept(found)
            if success or self.descent.progress.turn + 1 == self.config.turns:
                return self._outcome(success=success)
            self._next_turn(found)

    def _begin(self, theta: Floats, progress: Progress) -> Descent:
        state = TrainState(theta)
        return Descent(self.config, self.index, self.settings, self.shape, state, progress)

    def _first_weights(self) -> Floats:
        """Return the weights that a restart begins with: random, or with compiled circuits."""
        theta = initial(self.shape, generator(self.config, self.index, Stream.WEIGHTS))
        if not self.config.start:
            return theta
        table, patterns = start_of(self.config)
        return rewire(theta, self.shape, table, patterns, self.config.sharpness)

    def _repaired(self, stop: Stop) -> Repaired | None:
        """Return the snapped and repaired circuits; None without repair, or if stopped."""
        if not self.config.repair:
            return None
        table = circuit_table(self.descent.state.theta, self.shape)
        return repair(self.config, self.index, self.descent.progress.turn, table, stop)

    def _accept(self, found: Repaired) -> bool:
        """Write circuits that fit for good; return whether they generalise."""
        theta = self._written(found, SURE)
        if not judge.generalises(self.config, Stepper(theta, self.shape)):
            return False
        self.descent.state.theta = theta
        return True

    def _next_turn(self, found: Repaired) -> None:
        theta, before = self._written(found, self.config.sharpness), self.descent.progress
        progress = replace(
            before, level=self.config.length[0], turn=before.turn + 1, batches=0, hardening=-1
        )
        self.descent = self._begin(theta, progress)
        self._save()

    def _written(self, found: Repaired, sharpness: float) -> Floats:
        theta = self.descent.state.theta
        return rewire(theta, self.shape, found.table, found.patterns, sharpness)

    def _save_now_and_then(self) -> None:
        if time.perf_counter() - self._saved > _SAVED_SECONDS:
            self._save()

    def _save(self) -> None:
        state, progress = self.descent.state, asdict(self.descent.progress)
        progress["cpu_seconds"] = self._spent()
        tensors = {"theta": state.theta, "m": state.m, "v": state.v}
        metadata = {**progress, "step": state.step, "of": self.of}
        checkpoint.save(self.path, _KIND, tensors, metadata)
        self._saved = time.perf_counter()

    def _resume(self) -> None:
        size = ("float32", (self.shape.size,))
        found = checkpoint.resume(
            self.path, _KIND, self.of, dict.fromkeys(("theta", "m", "v"), size)
        )
        if found is None:
            return
        tensors, metadata = found
        step = metadata.pop("step")
        self.descent.state = TrainState(**tensors, step=step)
        self.descent.progress = Progress(**metadata)

    def _spent(self) -> float:
        return self.descent.progress.cpu_seconds + time.thread_time() - self._clock

    def _outcome(self, *, success: bool = False) -> Outcome:
        state, progress = self.descent.state, self.descent.progress
        metrics = {
            "step": float(state.step),
            "turn": float(progress.turn + 1),
            "error": progress.error,
            "level": float(progress.level),
            "soft_solved": float(progress.soft),
            "pairs": float(self.config.pairs),
            "cpu_seconds": self._spent(),
        }
        card = {
            "env": self.config.env,
            "shape": asdict(self.shape),
            "time_limit": list(self.config.time_limit),
            "trained_lengths": list(self.config.length),
            "settings": asdict(self.settings),
        }
        tensors = {"theta": state.theta.copy()}
        pruned = not success and state.step < self.config.budget
        return Outcome(success, metrics, tensors, card, pruned)


def shape_of(config: Config) -> Shape:
    """Return the sizes of a config's machine and controller."""
    return Shape(
        registers=config.registers,
        memory=task_of(config, config.length[1]).machine.memory_size,
        repetitions=config.repetitions,
        controller=config.controller,
        hidden=config.hidden,
        layers=config.layers,
    )
