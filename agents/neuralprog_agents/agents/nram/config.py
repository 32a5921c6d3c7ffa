"""The settings of the NRAM; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from neuralprog_agents.agents.nram.shape import (
    Controller,
    Hidden,
    Layers,
    Registers,
    Repetitions,
)
from neuralprog_agents.circuits.tables import Coefficients, coefficients
from neuralprog_agents.training import ranges


class Drawn:
    """The rule of bounds from which each restart draws log-uniformly; 0 twice draws 0."""

    def holds(self, value: Any) -> bool:
        """Return whether both bounds are 0, or both above 0 and ascending."""
        return value == (0, 0) or ranges.Ascending(ranges.Within(0, above=True)).holds(value)

    def __str__(self) -> str:
        return "two ascending numbers above 0 (or 0 twice)"


Range = Annotated[tuple[float, float], Drawn()]
_MOST_HELP = 0.5
Half = Annotated[float, ranges.Within(0, _MOST_HELP)]
LEAST_PAIRS = 128
"""The fewest pairs of the trained lengths: repair scores each proposal on so many."""


@dataclass(frozen=True)
class Config:
    """An NRAM for one tape task, and its training.

    The paper publishes no value of any of these (its own came from a large random search); ours
    are explained in ``README.md`` beside this file. A setting with two bounds is drawn anew for
    each restart, log-uniformly between them; equal bounds fix it.
    """

    env: str
    """The id of the environment to learn, such as NRAMCopy-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same weights, bit for bit."""
    restarts: ranges.Restarts = 400
    """How many times training may start again from new random weights."""

    modules: tuple[str, ...] = ()
    """Agents whose learned programs are modules of the machine, beside the fourteen: pretrained
    names, or run folders. Each has learned a function of numbers, such as NRAMGcd-v0."""
    registers: Registers = 3
    """R: how many registers the machine has. The controller sees only which of them hold 0."""
    repetitions: Repetitions = 1
    """How many times a step's circuit has the list of modules."""
    controller: Controller = "mlp"
    """The network that wires each step's circuit: feed-forward, or recurrent (gradient only)."""
    hidden: Hidden = 32
    """How many units each hidden layer (or the LSTM) has."""
    layers: Layers = 2
    """How many hidden layers a feed-forward controller has."""

    bias_std: ranges.NonNegative = 0.0
    """The standard deviation of normal noise on the output's initial biases: from 3 on, a restart
    begins near one random circuit; at 0, near the mean of all."""
    no_op: ranges.NonNegative = 0.0
    """The logit added, at the start, to the choices of a step that changes nothing: READ at the
    last register's address, WRITE there what was read."""
    finish_bias: float = 0.0
    """What is added to the finish logit's initial bias: below 0, programs begin by running on."""
    sharpen_flags: ranges.Natural = 0
    """How many times p becomes p²(3 - 2p) before the controller sees it as P(r = 0)."""
    straight_through: bool = False
    """Whether the controller sees P(r = 0) rounded to 0 or 1, with the gradient passed straight
    through (Bengio et al. 2013)."""

    length: ranges.Lengths = (1, 5)
    """The shortest and the longest instance in training."""
    steps: Coefficients = (1, 1)
    """T: how many steps an instance of length n may take, as the coefficients of a polynomial in
    n, the highest power first: [2, 3] is 2·n + 3, and [1, 0, 0] is n²."""
    pairs: ranges.Count = 1000
    """How many different input/output pairs all restarts of a run may see in all."""
    longer_pairs: ranges.Count = 128
    """How many of them are twice as long as the longest instance in training: a program is judged
    on these at the end, and never learns from them."""
    test_lengths: ranges.Counts = ()
    """The lengths that `evaluate` scores at; empty: the longest in training, 2 and 10 times it."""

    start: str = ""
    """Circuits to begin with, in place of random weights: a pretrained agent's name, a run folder,
    or "expert" (the task's own algorithm)."""
    sharpness: Annotated[float, ranges.Within(0)] = 5.0
    """The logit of each choice when circuits are written into weights: about 5 can be trained on,
    60 is as good as certain."""
    turns: ranges.Count = 4
    """How many turns a restart takes. A turn is gradient descent, then local search (`repair`)."""
    repair: ranges.Natural = 500_000
    """How many changes of the circuits the local search of a turn tries; 0: the gradient alone."""
    initial_temperature: ranges.Positive = 0.012
    """The temperature at the start of a local search (simulated annealing). Scores are 0 to 1."""
    final_temperature: ranges.Positive = 0.006
    """The temperature at its end."""
    hint: Half = 0.0
    """The share of the search's score for having read the answer's value, or holding it in a
    register, at any time. It helps where one cell is the answer."""
    contrast: Half = 0.0
    """The share of the search's score for controller inputs that differ between two pairs exactly
    if their answers differ."""

    batch: ranges.Count = 16
    """How many input/output pairs each gradient step uses."""
    budget: ranges.Natural = 1000
    """The most gradient steps in a turn."""
    patience: ranges.Count = 300
    """A turn's gradient descent stops when the curriculum has not advanced for so many steps."""

    learning_rate: Range = (1e-2, 6e-2)
    """The learning rate of Adam."""
    noise: Range = (0.0, 0.0)
    """η of the noise added to gradients: step t has the variance η / (1 + t)^0.55."""
    entropy: Range = (3e-3, 2e-2)
    """The weight, at the start, of the bonus for undecided choices (their entropy)."""
    entropy_half_life: Range = (200, 5000)
    """After how many gradient steps that weight has halved."""
    clip_activations: Range = (20.0, 200.0)
    """C1: the gradient with respect to each activation is cut off at plus and minus this."""
    clip_norm: Range = (0.5, 10.0)
    """C2: a longer gradient is scaled down to this norm."""
    threshold: ranges.Share = 0.05
    """The curriculum moves on to longer instances once fewer cells than this share are wrong."""
    spacing: ranges.Count = 50
    """The fewest gradient steps between two such moves."""
    uniform_lengths: bool = False
    """Whether all lengths are drawn equally often, at every level of the curriculum."""

    success_rate: ranges.Share = 0.98
    """Training hardens once more than this share of the longest instances' cells is right."""
    harden_steps: ranges.Count = 800
    """How many steps hardening takes: training without noise and without the entropy bonus."""
    sharpening: ranges.NonNegative = 0.0
    """By which share the output layer's weights grow in 1,000 steps of hardening: softmaxes go
    towards certain choices (a falling temperature)."""

    population: ranges.Count = 1
    """How many restarts train as one population (population-based training, Jaderberg et al. 2017),
    which counts as one restart; gradient only."""
    population_steps: ranges.Count = 200
    """After how many gradient steps of each member the worst copy the best (exploit)."""
    replaced: Half = 0.25
    """The share of the members that then copies the best ones."""
    perturbation: ranges.NonNegative = 0.05
    """The standard deviation of noise on copied weights (explore). A copied learning rate is
    multiplied by 0.7, 1 or 1.4, and the entropy bonus by 0.5, 1 or 2."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if sum(c * self.length[0] ** k for k, c in enumerate(self.time_limit)) < 1:
            raise ValueError(f"steps must give at least one step, got {list(self.steps)}")
        if self.pairs - self.longer_pairs < LEAST_PAIRS:
            raise ValueError(
                f"pairs must be at least {LEAST_PAIRS} more than longer_pairs "
                f"({self.longer_pairs}), got {self.pairs}"
            )
        if self.final_temperature > self.initial_temperature:
            raise ValueError("final_temperature must be at most initial_temperature")
        self._check_repair()

    def _check_repair(self) -> None:
        if self.repair and self.population > 1:
            raise ValueError("a population needs repair: 0")
        if self.hint + self.contrast > _MOST_HELP:
            raise ValueError("hint and contrast must be at most 0.5 together")
        if self.repair and (self.repetitions > 1 or self.controller != "mlp"):
            raise ValueError("repair needs an mlp controller and one repetition of the modules")
        if self.repair and self.hidden < 2**self.registers:
            raise ValueError(
                f"hidden must be at least {2**self.registers}, a unit for each pattern of "
                f"{self.registers} registers, to hold repaired circuits, got {self.hidden}"
            )

    @property
    def time_limit(self) -> tuple[int, ...]:
        """(c_0, c_1, c_2): an instance of length n runs for at most Σ_k c_k · n^k steps."""
        return coefficients(self.steps)
