"""The settings of the Neural Programmer; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from neuralprog_agents.agents.neural_programmer.card import (
    Columns,
    Steps,
    ValueRange,
    check_pointer,
)
from neuralprog_agents.training import ranges
from neuralprog_agents.training.schema import Size


@dataclass(frozen=True)
class Stage:
    """A stage of the gradient learner's training."""

    steps: ranges.Count
    """How many gradient steps it lasts."""
    max_numbers: ranges.Natural = 2
    """Only questions with at most so many numbers are asked."""
    mixture: bool = False
    """Whether the loss takes the last step as a mixture of operations, of which one must be right,
    instead of the weighted mean of their answers."""
    pull: ranges.NonNegative = 1.0
    """β, at the stage's start: the weight of KL(uniform ‖ operations), which keeps the choices of
    questions that are not answered yet from saturating."""
    pull_half_life: ranges.Positive = 150.0
    """After how many gradient steps β has halved."""
    dropout: ranges.Share = 0.0
    """The share of operations that such questions may not choose in a step; it falls to 0."""
    imitation: ranges.Natural = 0
    """In how many of its first steps new random networks learn the hard choices of the old ones,
    for questions that these answer."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.imitation > self.steps:
            raise ValueError(
                f"imitation must be at most steps ({self.steps}), got {self.imitation}"
            )
        if self.imitation and self.mixture:
            raise ValueError("imitation needs mixture: false")


STAGES = (
    Stage(600, max_numbers=0, mixture=True, pull=0.3, pull_half_life=120),
    Stage(1100, pull=1.0, dropout=0.3),
    Stage(800, pull=1.0, dropout=0.3, imitation=300),
)
"""Differences are found by questions without numbers, before those with numbers get in the way. The
last stage is a new generation: what is not answered yet begins where the rest generalises to."""


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
    restarts: ranges.Restarts = 5
    """How many times training may start again from new random weights."""

    columns: Columns = (1, 1)
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

    learner: Literal["programs", "gradient", "rewards"] = "programs"
    """"programs": a search finds the programs that answer each question, and the network learns to
    choose one of them (ours). "gradient": as published, through a machine that runs all choices at
    once, each by its weight. "rewards": reinforcement learning, from whether the answers of
    programs that are tried are right."""

    steps: Steps = 4
    """T: how many operations a program has."""
    hidden: Size = 64
    """d: how many numbers word vectors, states and operations' vectors have."""
    bidirectional: bool = False
    """Whether the question is also read from right to left, as the paper does for synonyms."""
    attention: bool = True
    """Whether each step looks at the question's words again, as the 2017 system does."""
    pointer: bool = False
    """Whether a column's score also has the log of the attention that falls on its name, so that a
    step points at a column (ours; a soft form of the 2017 system's one-hot column features)."""

    batch: ranges.Count = 100
    """How many questions each gradient step uses."""
    budget: ranges.Count = 2500
    """The most gradient steps of a restart."""
    validation_interval: ranges.Count = 500
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

    tries: ranges.Count = 32
    """"rewards": how many programs each question tries, besides remembered ones."""
    explore: ranges.PartialShare = 0.5
    """"rewards": the share of tries that are not the policy's, but random programs, or remembered
    ones of any question with a step drawn anew."""
    remembered: ranges.Count = 32
    """"rewards": the most programs that are remembered for questions of one text."""

    learning_rate: ranges.Positive = 3e-3
    """The learning rate of Adam."""
    noise: ranges.NonNegative = 0.0
    """η of the noise added to gradients: step t has the variance η / (1 + t)^0.55."""
    clip_norm: ranges.Positive = 1.0
    """A longer gradient is scaled down to this norm, before noise is added."""
    stages: tuple[Stage, ...] = STAGES
    """"gradient": the stages of training; the last one repeats until the budget is spent."""
    scales: Literal["template", "operation"] = "template"
    """"gradient": what the answers' errors count relative to in a stage with a mixture: to the mean
    square error of their template, or to that of each last operation in it. With the latter, an
    operation that is far off at first is not left for one that is nearer and cannot be right."""
    least_solved: ranges.Share = 0.0
    """"gradient": a restart is given up when its first stage ends and a smaller share of that
    stage's training questions has solved templates (``soft._SOLVED``); 0: never."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.batch > self.examples:
            raise ValueError(f"batch must be at most examples ({self.examples}), got {self.batch}")
        check_pointer(self.pointer, self.attention)
        if not self.stages:
            raise ValueError("stages must be at least one")
