"""The settings of the Neural Programmer; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from neuralprog_agents.training import ranges

ValueRange = Annotated[float, ranges.Within(0.01)]


@dataclass(frozen=True)
class Stage:
    """A stage of the gradient learner's curriculum."""

    steps: ranges.Count
    """The number of gradient steps."""
    numbers: ranges.Natural = 2
    """Questions with more numbers than this are left out."""
    mixture: bool = False
    """Whether the last operation is a mixture component, not a weight in a mean."""
    pull: ranges.NonNegative = 1.0
    """β of the pull to uniform choices at the stage's start."""
    pull_half_life: ranges.Positive = 150.0
    """After how many gradient steps β has halved."""
    dropout: ranges.Share = 0.3
    """The share of operations that may not be chosen, at first; it falls to 0."""


STAGES = (
    Stage(600, numbers=0, mixture=True, pull=0.3, dropout=0.0, pull_half_life=120),
    Stage(1100),
    Stage(600, pull=4.0, dropout=0.0, pull_half_life=120),
    Stage(800),
)


@dataclass(frozen=True)
class Config:
    """A Neural Programmer for one kind of questions on tables, and its training.

    ``README.md`` beside this file says what the paper publishes and what it leaves open. Settings
    that only one learner has begin their help with its name.
    """

    env: str
    """The id of the environment to learn, such as NPSingleColumn-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same weights, bit for bit."""
    restarts: ranges.Count = 5
    """How many times training may start again from new random weights."""

    columns: ranges.Lengths = (1, 1)
    """The fewest and the most columns of a table in training; tests have the most."""
    length: ranges.Lengths = (30, 100)
    """The fewest and the most rows of a table in training."""
    value_range: ValueRange = 100.0
    """Numbers in tables and questions are between minus and plus this in training."""
    test_lengths: ranges.Counts = (120,)
    """The numbers of rows that `evaluate` scores at."""
    test_value_range: ValueRange = 200.0
    """Numbers are between minus and plus this when `evaluate` scores."""
    examples: ranges.Count = 50_000
    """How many different questions there are in training."""

    learner: Literal["programs", "gradient"] = "programs"
    """"programs": a search finds the programs that answer each question, and the network learns to
    choose one of them (ours). "gradient": as published, through a machine that runs all choices at
    once, each by its weight."""

    steps: ranges.Count = 4
    """T: how many operations a program has."""
    hidden: ranges.Count = 64
    """d: how many numbers word vectors, states and operations' vectors have."""
    bidirectional: bool = False
    """Whether the question is also read from right to left, as the paper does for synonyms."""
    attention: bool = True
    """Whether each step looks at the question's words again, as the 2017 system does."""

    batch: ranges.Count = 100
    """How many questions each gradient step uses."""
    budget: ranges.Count = 2500
    """The most gradient steps of a restart."""
    judged_every: ranges.Count = 500
    """How many gradient steps lie between two validations, in which every choice is hard."""
    patience: ranges.Count = 2500
    """A restart is given up when validation has not improved for so many gradient steps."""
    success_rate: ranges.Share = 1.0
    """A restart succeeds when it answers this share of the validation questions."""

    max_programs: ranges.Count = 64
    """"programs": questions that more programs than this answer are left out."""
    simplicity: ranges.NonNegative = 1.0
    """"programs": λ: each step of a program costs so much (in log probability) at the start, so
    that short programs are preferred."""
    simplicity_steps: ranges.Count = 200
    """"programs": after how many gradient steps that cost has fallen to 0."""

    learning_rate: ranges.Positive = 3e-3
    """The learning rate of Adam."""
    noise: ranges.NonNegative = 0.0
    """η of the noise added to gradients: step t has the variance η / (1 + t)^0.55."""
    clip_norm: ranges.Positive = 1.0
    """A longer gradient is scaled down to this norm, before noise is added."""
    stages: tuple[Stage, ...] = STAGES
    solved_every: ranges.Count = 50
    huber: ranges.Positive = 10.0
    """"gradient": δ: answers that are wrong by more than this cost linearly, not quadratically."""
    power: ranges.Positive = 0.5
    """"gradient": p: Huber's loss counts by its p-th power, see ``soft.loss``; 1 as published."""
    entropy: ranges.NonNegative = 1.0
    """"gradient": the weight, at the start, of the bonus for undecided choices (their entropy)."""
    entropy_half_life: ranges.Positive = 400.0
    """"gradient": after how many gradient steps that weight has halved."""
    dropout: ranges.Share = 0.3
    """"gradient": the share of operations that each question may not choose in a step, at first."""
    dropout_steps: ranges.Count = 1500
    """"gradient": after how many gradient steps that share has fallen to 0."""
    last_dropout: ranges.Share = 0.1
    """"gradient": the same for step T; with more, earlier steps answer for "difference"."""
    lookup_weight: ranges.NonNegative = 10.0
    """"gradient": λ: the weight of the loss of answers that are cells of the table."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.batch > self.examples:
            raise ValueError(f"batch must be at most examples ({self.examples}), got {self.batch}")
