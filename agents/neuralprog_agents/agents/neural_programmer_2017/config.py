"""The settings of the 2017 system; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from neuralprog_agents.agents.neural_programmer_2017.card import Beam, Steps
from neuralprog_agents.training import ranges
from neuralprog_agents.training.schema import Size


@dataclass(frozen=True)
class Config:
    """The Neural Programmer for real tables, and its training; see ``README.md`` beside this."""

    env: str = "NPWikiTableQuestions-v0"
    """The id of the environment to learn."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same weights, bit for bit."""
    restarts: ranges.Restarts = 1
    """How many times training may start again from new random weights."""

    data: str = ""
    """The folder of the WikiTableQuestions release; empty: what the environment variable
    WIKITABLEQUESTIONS names, or else the sample in this package."""
    questions: str = "random-split-1-train"
    """The release's file of questions to learn from."""
    validation_questions: str = "random-split-1-dev"
    """The release's file of questions that choose the best epoch's networks."""
    test_lengths: ranges.Counts = (12,)
    """The numbers of rows that `evaluate` scores at, on questions of the sample."""
    success_rate: ranges.Share = 0.4
    """A restart succeeds when it answers this share of the validation questions."""

    steps: Steps = 4
    """T: how many operations a program has."""
    operations: str = "wiki"
    """The set of operations that programs are made of."""
    without: tuple[str, ...] = ()
    """What is left out, to measure what it is good for: operations of the set, "links" of words to
    columns, "traits" of columns, the "selection" of a program so far, "sums" of equal answers."""
    word_cutoff: ranges.Count = 3
    """Rarer words in questions and column names are treated as unknown."""
    hidden: Size = 160
    """d: how many numbers states and operations' vectors have."""
    embedding: Size = 96
    """How many numbers word vectors have."""
    programs_per_question: ranges.Count = 12
    """How many right programs of each question it learns from, drawn anew in each epoch."""

    simplicity: ranges.NonNegative = 1.0
    """Each step of a program costs so much (in log probability) at the start, so that short
    programs are preferred."""
    simplicity_share: Annotated[float, ranges.Within(0, 1, above=True)] = 0.3
    """The share of the training in which that cost falls to 0."""

    epochs: ranges.Count = 6
    """How many times training goes through all questions."""
    validation_interval: ranges.Count = 6
    """How many epochs lie between two validations; the last epoch is always validated."""
    batch: ranges.Count = 32
    """How many questions each gradient step uses."""
    learning_rate: ranges.Positive = 3e-3
    """The learning rate of AdamW at the start; it falls linearly to a twentieth."""
    clip_norm: ranges.Positive = 5.0
    """A longer gradient is scaled down to this norm."""
    weight_decay: ranges.NonNegative = 1e-5
    """The weight decay of AdamW."""
    dropout: ranges.PartialShare = 0.4
    """The share of the numbers of each vector that a gradient step leaves out at random."""
    beam: Beam = 8
    """How many programs beam search keeps in each step when it answers."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.hidden % 2:
            raise ValueError(f"hidden must be even, got {self.hidden}")
