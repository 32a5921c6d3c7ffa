"""The gradient's half of a turn: training under the curriculum, and then hardening.

Hardening is our addition: once the soft machine is right at the highest level, noise and entropy
bonus stop, and training goes on. Every few chunks the controller is discretised and its circuit is
judged on the hard machine; the first that is right, also on held-out longer pairs, ends the half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan

import numpy as np

from neuralprog_agents.agent import Pulse
from neuralprog_agents.agents.nram import judge
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import Settings, Stream, draw_batches, seed
from neuralprog_agents.agents.nram.discretise import Stepper
from neuralprog_agents.agents.nram.records import (
    Batch,
    Floats,
    Hyper,
    Metrics,
    Schedule,
    TrainState,
    noise_sigma,
)
from neuralprog_agents.agents.nram.shape import Shape
from neuralprog_agents.training.curriculum import Curriculum
from neuralprog_envs.core.draws import key_of

CHUNK = 50
"""Gradient steps between two decisions."""
_PART = 10
"""Steps of one call of the compiled code: a fraction of a second."""
_JUDGED_EVERY = 4


@dataclass(frozen=True)
class Progress:
    """How far a restart is, besides its weights: all that a checkpoint must hold.

    Attributes:
        level: The curriculum's level.
        turn: The turn.
        batches: Batches since the level rose.
        hardening: The step at which hardening began, or -1.
        soft: Whether the soft machine was ever right at the highest level.
        error: The error in the last chunk.
        cost: The mean cost in the last chunk, without the entropy bonus.
        exact: Of a population's member at the highest level: the share of the pairs on which its
            circuit was right when last judged.
    """

    level: int
    turn: int = 0
    batches: int = 0
    hardening: int = -1
    soft: bool = False
    error: float = 1.0
    cost: float = 0.0
    exact: float = 0.0


class Descent:
    """Trains ``state`` in place; ``progress`` is replaced as it goes."""

    def __init__(
        self, config: Config, index: int, settings: Settings, shape: Shape, state: TrainState,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.config, self.index, self.settings, self.shape = config, index, settings, shape
        self.state, self.progress, self.loss = state, progress, nan
        self.hyper = Hyper(
            clip_activations=settings.clip_activations,
            clip_norm=settings.clip_norm,
            sharpen_flags=config.sharpen_flags,
            straight_through=config.straight_through,
        )

    def right(self) -> bool:
        """Whether the circuit was judged at this step, and is right, on longer pairs too."""
        if not self._judge_now():
            return False
        learned = Stepper(self.state.theta, self.shape)
        return judge.fits(self.config, learned) and judge.generalises(self.config, learned)

    def chunk(self, pulse: Pulse) -> bool:
        """Train for some steps and decide; return whether everything stayed finite."""
        curriculum, progress = self._curriculum(), self.progress
        batches, lengths = draw_batches(
            self.config, self.index, curriculum, progress.turn, self.state.step, CHUNK
        )
        metrics, costs = self._train(batches, pulse)
        if not all(part.finite for part in metrics):
            return False
        errors = np.concatenate([part.errors for part in metrics])
        self.loss = float(np.mean(np.concatenate([part.loss for part in metrics])))
        self._advance(curriculum, float(np.mean(errors[lengths <= progress.level])))
        self.progress = replace(self.progress, cost=float(np.mean(np.concatenate(costs))))
        self._sharpen()
        if self.config.population > 1 and self._judge_now():
            learned = Stepper(self.state.theta, self.shape)
            self.progress = replace(self.progress, exact=judge.share(self.config, learned))
        return True

    def _sharpen(self) -> None:
        """Scale the output layer up while hardening."""
        if self.progress.hardening >= 0 and self.config.sharpening:
            weight = self.shape.parameters[-2]
            growth = (1.0 + self.config.sharpening) ** (CHUNK / 1000)
            self.state.theta[weight.start :] *= np.float32(growth)

    def _train(self, batches: Batch, pulse: Pulse) -> tuple[list[Metrics], list[Floats]]:
        """Take the steps, a few at a time, until something is not finite; also return the costs."""
        from neuralprog_agents.agents.nram.kernel import train_steps  # numba takes a second

        noise = key_of(seed(self.config, self.index, Stream.NOISE), self.progress.turn)
        done: list[Metrics] = []
        costs: list[Floats] = []
        for first in range(0, CHUNK, _PART):
            if done and not done[-1].finite:
                break
            pulse()
            part = Batch(*(array[first : first + _PART] for array in batches))
            schedule = self._schedule()
            done.append(train_steps(self.shape, self.state, part, schedule, self.hyper, noise))
            costs.append(done[-1].loss + schedule.entropy * done[-1].entropy)
        return done, costs

    def _schedule(self) -> Schedule:
        step, drawn = self.state.step + np.arange(_PART), self.settings
        rate = np.full(_PART, drawn.learning_rate, dtype=np.float32)
        if self.progress.hardening >= 0:
            return Schedule(rate, np.zeros_like(rate), np.zeros_like(rate))
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

    def _advance(self, curriculum: Curriculum, error: float) -> None:
        """Raise the level, or begin to harden, as the error of the last chunk allows."""
        after, progress = curriculum.update(error, CHUNK), self.progress
        solved = curriculum.complete and error < 1.0 - self.config.success_rate
        begins = solved and progress.hardening < 0
        self.progress = replace(
            progress,
            level=after.level,
            batches=after.batches,
            hardening=self.state.step if begins else progress.hardening,
            soft=progress.soft or solved,
            error=error,
        )

    def stuck(self) -> bool:
        """Whether descent ends: its budget, its patience or the steps of hardening are used up."""
        hardening = self.progress.hardening
        if hardening >= 0 and self.state.step - hardening >= self.config.harden_steps:
            return True
        patient = hardening >= 0 or self.progress.batches < self.config.patience
        return self.state.step >= self.config.budget or not patient

    def _judge_now(self) -> bool:
        if self.state.step == 0:
            return bool(self.config.start)
        late = self._curriculum().complete or self.progress.hardening >= 0
        return late and self.state.step % (_JUDGED_EVERY * CHUNK) == 0

    def status(self) -> dict[str, float]:
        """Return what is reported."""
        turn, turns = self.progress.turn, self.config.turns
        return {
            "step": turn * self.config.budget + self.state.step,
            "progress": (turn + self.state.step / self.config.budget) / turns,
            "turn": turn + 1,
            "loss": self.loss,
            "error": self.progress.error,
            "level": self.progress.level,
            "hardening": float(self.progress.hardening >= 0),
        }
