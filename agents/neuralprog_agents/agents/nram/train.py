"""One restart: from random weights to a discretised circuit that is right, or to giving up.

A restart takes turns of two halves. The gradient's (``descent``) ends when the discretised
controller is right, or when it is stuck. Then, in the hybrid, the controller is discretised to
its circuits, these are repaired on the hard machine (``repair``) and written back into the weights
(``compile``), and the next turn trains on. A circuit that is right on all pairs ends the restart:
with success if it is right on held-out pairs of twice the longest length too. Everything random is
a function of (seed, restart, turn, step).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.nram import judge
from neuralprog_agents.agents.nram.compile import SURE, rewire
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import (
    Settings,
    Stream,
    draw_settings,
    generator,
    seed,
    task_of,
)
from neuralprog_agents.agents.nram.descent import CHUNK, Descent, Progress
from neuralprog_agents.agents.nram.discretise import Stepper, circuit_table
from neuralprog_agents.agents.nram.records import Floats, TrainState
from neuralprog_agents.agents.nram.repair import Repair, Repaired
from neuralprog_agents.agents.nram.shape import Shape, initial
from neuralprog_agents.agents.nram.start import start_of
from neuralprog_agents.circuits import library
from neuralprog_agents.circuits.search import named_modules
from neuralprog_agents.training.population import Exchange, Population


class NRAMLearner:
    """One restart of an NRAM; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        self.config, self.index = config, index
        self.shape, self.settings = shape_of(config), draw_settings(config, index)
        self.descent = self._begin(self._first_weights(), Progress(level=config.length[0]))
        self.repair: Repair | None = None
        self.finished = self.success = False

    def _begin(self, theta: Floats, progress: Progress) -> Descent:
        state = TrainState(theta)
        return Descent(self.config, self.index, self.settings, self.shape, state, progress)

    def _first_weights(self) -> Floats:
        """Return the weights that a restart begins with: random, or with compiled circuits."""
        config = self.config
        theta = initial(
            self.shape,
            generator(config, self.index, Stream.WEIGHTS),
            bias_std=config.bias_std,
            no_op=config.no_op,
            finish_bias=config.finish_bias,
        )
        if not config.start:
            return theta
        table, patterns = start_of(config)
        return rewire(theta, self.shape, table, patterns, config.sharpness)

    def advance(self, pulse: Pulse) -> None:
        """Train for some steps, or repair by some proposals."""
        if self.repair is None:
            self._descend(pulse)
        else:
            self.repair.advance()
            if self.repair.finished:
                self._end_turn(self.repair.found())

    def _descend(self, pulse: Pulse) -> None:
        if self.descent.right():
            self.finished = self.success = True
        elif self.descent.stuck() or not self.descent.chunk(pulse):
            if self.config.repair:
                self.repair = self._begin_repair()
            else:
                self.finished = True

    def _begin_repair(self) -> Repair:
        """Discretise the controller to its circuits."""
        table = circuit_table(self.descent.state.theta, self.shape)
        return Repair(self.config, self.index, self.descent.progress.turn, table)

    def _end_turn(self, found: Repaired) -> None:
        self.success = found.fits and self._accept(found)
        if self.success or self.descent.progress.turn + 1 == self.config.turns:
            self.finished = True
        else:
            self._next_turn(found)

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
        self.descent, self.repair = self._begin(theta, progress), None

    def _written(self, found: Repaired, sharpness: float) -> Floats:
        theta = self.descent.state.theta
        return rewire(theta, self.shape, found.table, found.patterns, sharpness)

    @property
    def rank(self) -> tuple[float, ...]:
        """The level, the share of pairs on which its circuit is right, the cost (negative)."""
        progress = self.descent.progress
        return progress.level, progress.exact, -progress.cost

    def copy(self, other: NRAMLearner, random: np.random.Generator) -> None:
        """Become another member of a population, with other rates and noise on the weights."""
        rate, bonus = random.choice([0.7, 1.0, 1.4]), random.choice([0.5, 1.0, 2.0])
        theirs, state = other.settings, other.descent.state
        self.settings = replace(
            theirs,
            learning_rate=float(theirs.learning_rate * rate),
            entropy=float(theirs.entropy * bonus),
        )
        noise = self.config.perturbation * random.standard_normal(len(state.theta))
        self.descent = self._begin(state.theta, other.descent.progress)
        self.descent.state = TrainState(
            state.theta + noise.astype(np.float32), state.m.copy(), state.v.copy(), state.step
        )
        self.finished = False

    def status(self) -> dict[str, float]:
        """Return what is reported: how far the gradient is."""
        return {**self.descent.status(), "samples": float(self.config.pairs)}

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return θ, Adam's moments and the progress, and those of a repair."""
        state = self.descent.state
        tensors = {"theta": state.theta, "m": state.m, "v": state.v}
        metadata = {
            "step": state.step,
            "progress": asdict(self.descent.progress),
            "settings": asdict(self.settings),
        }
        if self.repair is None:
            return tensors, metadata
        arrays, done = self.repair.state()
        return tensors | arrays, metadata | {"repair": done}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Load what ``state`` returned."""
        self.settings = Settings(**metadata["settings"])
        self.descent = self._begin(tensors["theta"], Progress(**metadata["progress"]))
        moments = {name: tensors[name] for name in ("theta", "m", "v")}
        self.descent.state = TrainState(**moments, step=metadata["step"])
        if "repair" in metadata:
            self.repair = self._begin_repair()
            self.repair.restore(tensors, metadata["repair"])

    def outcome(self) -> Outcome:
        """Return the controller."""
        state, progress = self.descent.state, self.descent.progress
        metrics = {
            "step": float(state.step),
            "turn": float(progress.turn + 1),
            "error": progress.error,
            "level": float(progress.level),
            "soft_solved": float(progress.soft),
            **(self._shares() if self.config.population > 1 and self.finished else {}),
        }
        learned = self.shape.learned
        modules, circuits = library.to_card(learned) if learned else ({}, {})
        card = {
            "env": self.config.env,
            "shape": self.shape.on_card,
            "time_limit": list(self.config.time_limit),
            "trained_lengths": list(self.config.length),
            "settings": asdict(self.settings),
            **modules,
        }
        tensors = {"theta": state.theta.copy()} | circuits
        pruned = not self.success and state.step < self.config.budget
        return Outcome(self.success, metrics, tensors, card, pruned)

    def _shares(self) -> dict[str, float]:
        """Return how far it came: shares of cells wrong when soft, of pairs right as circuits."""
        config, theta = self.config, self.descent.state.theta
        learned = Stepper(theta, self.shape)
        return {
            "soft_wrong": judge.soft_wrong(config, theta, self.shape),
            "circuits_right": judge.share(config, learned),
            "longer_right": judge.longer_share(config, learned),
        }


def population_of(config: Config, index: int) -> Population:
    """Return a restart that is a population: of the learners that follow those of ``index - 1``."""
    size = config.population
    exchange = Exchange(
        chunks=-(-config.population_steps // CHUNK),
        share=config.replaced,
        seed=seed(config, index, Stream.POPULATION),
    )
    return Population([NRAMLearner(config, index * size + i) for i in range(size)], exchange)


def shape_of(config: Config) -> Shape:
    """Return the sizes of a config's machine and controller."""
    return Shape(
        registers=config.registers,
        memory=task_of(config, config.length[1]).machine.memory_size,
        repetitions=config.repetitions,
        controller=config.controller,
        hidden=config.hidden,
        layers=config.layers,
        learned=named_modules(config.modules),
    )
