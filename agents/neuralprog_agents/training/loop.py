"""The training loop of every agent: it drives a learner, saves and resumes it, and lets it stop.

A restart is a sequence of chunks. Between two of them the learner's state is whole: there the loop
reports, hears ``stop``, and writes a checkpoint, every few seconds and after each evaluation.
Within a long chunk the learner calls a pulse, which raises ``LeaveError`` when it is time to leave;
the restart then goes on from its last checkpoint. All that is random depends on the config, the
restart's index and the state alone, so a restart that was killed at any moment ends with the same
bits.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from neuralprog_agents.agent import AgentModule, Learner, Outcome, Report, Stop
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.clock import CpuClock
from neuralprog_agents.training.schema import structured

SAVED_SECONDS = 5.0
"""The time between two checkpoints."""
_PULSE_SECONDS = 0.05
"""The time between two looks at the clock within a chunk."""
_KIND = "training"


class LeaveError(Exception):
    """A learner is to leave the chunk that it is in: it was asked to stop, or has no time left."""


@dataclass(frozen=True)
class Evaluations:
    """Looks at what is learned, which neither cost the restart time nor change its randomness.

    Attributes:
        seconds: When, in CPU-seconds, ascending.
        evaluate: Takes one of these, and what had been learned by then.
        accept: Takes what the learner takes for a success, and says whether it is one. If it is
            not, a learner that can go on (``Learner.go_on``) does so.
    """

    seconds: tuple[float, ...]
    evaluate: Callable[[float, Outcome], None]
    accept: Callable[[Outcome], bool] = lambda outcome: True


def restart(
    agent: AgentModule,
    config: Any,
    index: int,
    folder: Path,
    report: Report = lambda metrics: None,
    stop: Stop = lambda: False,
    budget: float = inf,
    evaluations: Evaluations | None = None,
) -> Outcome:
    """Do one restart, or the rest of one that was interrupted.

    Args:
        agent: The agent's module. One with a ``restart`` of its own takes part as far as it asks
            ``stop``, and is not evaluated on the way.
        config: Its ``Config``.
        index: With ``config.seed`` it decides everything random.
        folder: Where the checkpoint is; made if it is not there.
        report: Takes the learner's status, with "cpu_seconds".
        stop: True means leave soon, with what has been learned so far.
        budget: The CPU-seconds after which the restart leaves.
        evaluations: When to evaluate on the way.

    Returns:
        What was learned; its metrics have "samples" and "cpu_seconds", those before a kill
        included.

    Raises:
        CheckpointError: The checkpoint in the folder is damaged, or another restart's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clock = CpuClock()
    with contained_randomness():
        if own := getattr(agent, "restart", None):
            outcome = own(config, index, folder, report, lambda: stop() or clock.spent() >= budget)
            return replace(outcome, metrics={"cpu_seconds": clock.spent(), **outcome.metrics})
        of = {"agent": agent.__name__, **checkpoint.identity(config, index)}  # type: ignore[attr-defined]
        saved = _Checkpoint(folder / "checkpoint.safetensors", of)
        learner = agent.learner(config, index)
        saved.restore(learner, clock)
        return _Loop(learner, clock, saved, report, stop, budget, evaluations).run()


@contextmanager
def contained_randomness() -> Iterator[None]:
    """Leave the global generators of Python, NumPy and torch as they were."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch: Any = sys.modules.get("torch")
    before = torch and torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch:
            torch.set_rng_state(before)


@dataclass
class _Checkpoint:
    """The file of a restart, and of which."""

    path: Path
    of: dict[str, Any]

    def restore(self, learner: Learner, clock: CpuClock) -> None:
        found = checkpoint.resume(self.path, _KIND, self.of)
        if found is None:
            return
        tensors, metadata = found
        try:
            checkpoint.check_state(tensors, metadata["learner"], *learner.state())
            learner.restore(tensors, metadata["learner"])
            clock.add(structured(float, metadata["cpu_seconds"]))
        except Exception as error:  # whatever is raised, what the file holds has led to it
            raise checkpoint.CheckpointError(
                f"{self.path} does not fit the restart ({type(error).__name__}: "
                f"{' '.join(str(error).split())}): remove it to begin anew"
            ) from None

    def save(self, learner: Learner, seconds: float) -> None:
        """Keep a learner's state, which took so many CPU-seconds."""
        tensors, metadata = learner.state()
        own = {"learner": metadata, "cpu_seconds": seconds, "of": self.of}
        checkpoint.save(self.path, _KIND, tensors, own)


@dataclass
class _Loop:
    learner: Learner
    clock: CpuClock
    checkpoint: _Checkpoint
    report: Report
    stop: Stop
    budget: float
    evaluations: Evaluations | None

    def __post_init__(self) -> None:
        seconds, spent = self.evaluations.seconds if self.evaluations else (), self.clock.spent()
        self._due = [s for s in seconds if s > spent]
        self._remember(spent)
        self._reported = self.learner.status()["step"]
        self._pulsed = self._saved = time.monotonic()

    def run(self) -> Outcome:
        try:
            while not self.learner.finished or self._go_on_if_doubted():
                if self._leaves():
                    self._save()
                    break
                self.learner.advance(self._pulse)
                self._after_chunk()
        except LeaveError:
            pass  # what was learned since the last chunk is not evaluated
        self._evaluate()
        return self._outcome()

    def _go_on_if_doubted(self) -> bool:
        """Let a finished learner go on if it can, and its success is not accepted."""
        go_on = getattr(self.learner, "go_on", None)
        if self.evaluations is None or go_on is None or self._leaves():
            return False
        with self.clock.paused(), contained_randomness():
            outcome = self._outcome()
            if not outcome.success or self.evaluations.accept(outcome):
                return False
        go_on()
        with self.clock.paused():
            self._save()
        return not self.learner.finished

    def _leaves(self) -> bool:
        return self.stop() or self.clock.spent() >= self.budget

    def _pulse(self) -> None:
        if time.monotonic() - self._pulsed >= _PULSE_SECONDS:
            self._pulsed = time.monotonic()
            if self._leaves():
                raise LeaveError

    def _after_chunk(self) -> None:
        """Report, evaluate and save, each when it is time."""
        status = self.learner.status()
        if status["step"] > self._reported:
            self._reported = status["step"]
            self.report({**status, "cpu_seconds": self.clock.spent()})
        evaluated = self._evaluate()
        if self.learner.finished:
            return
        if evaluated:
            with self.clock.paused():
                self._save()
        elif time.monotonic() - self._saved >= SAVED_SECONDS:
            self._save()

    def _save(self) -> None:
        self.checkpoint.save(self.learner, self.clock.spent())
        self._saved = time.monotonic()

    def _evaluate(self) -> bool:
        """Evaluate what was learned before each time that has come: at the chunk before this.

        Returns:
            Whether a time has come.
        """
        if self.evaluations is None or self._learned is None:
            return False
        spent, due = self.clock.spent(), len(self._due)
        with self.clock.paused(), contained_randomness():
            while self._due and self._due[0] <= spent:
                self.evaluations.evaluate(self._due.pop(0), self._learned)
        self._remember(spent)
        return len(self._due) < due

    def _remember(self, spent: float) -> None:
        """Note what is learned after so many CPU-seconds, for an evaluation that may follow."""
        with self.clock.paused(), contained_randomness():
            self._learned = self._outcome(spent) if self._due else None

    def _outcome(self, spent: float | None = None) -> Outcome:
        """Return what is learned, and that it took so many CPU-seconds; by default those so far."""
        seconds = self.clock.spent() if spent is None else spent
        cost = {"samples": self.learner.status()["samples"], "cpu_seconds": seconds}
        outcome = self.learner.outcome()
        return replace(outcome, metrics={**outcome.metrics, **cost})
