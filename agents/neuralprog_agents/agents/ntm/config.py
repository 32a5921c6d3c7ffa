"""The settings of the Neural Turing Machine; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from neuralprog_agents.agents.ntm.card import Bits, Controller, Hidden, Rows, Width
from neuralprog_agents.training import ranges


@dataclass(frozen=True)
class Config:
    """A Neural Turing Machine for one tape task, and its training on input/output pairs.

    Sizes are those of Graves et al. 2014, section 4.6 (100 units, one head of each kind, rows of 20
    numbers), except for the number of rows, of which they have 128; the training is ours.
    """

    env: str
    """The id of the environment to learn, such as NRAMCopy-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same weights, bit for bit."""
    restarts: ranges.Restarts = 3
    """How many times training may start again from new random weights."""

    controller: Controller = "lstm"
    """The network that moves the heads: recurrent, or feed-forward."""
    hidden: Hidden = 100
    """How many units the controller has."""
    rows: Rows = 32
    """N: the fewest rows of the memory; a longer input gets a row for each cell, and one more."""
    width: Width = 20
    """W: how many numbers a row of the memory holds."""
    bits: Bits = 12
    """How many bits a cell has in the input and in the answer: values up to 2^bits - 1."""

    length: ranges.Lengths = (1, 5)
    """The shortest and the longest instance in training."""
    memory_size: ranges.Natural = 0
    """M: the cells of the task's tape, whose values are below M; 0: as many as a length needs."""
    pairs: ranges.Natural = 0
    """How many different input/output pairs training may see; 0: new ones in every step."""
    test_lengths: ranges.Counts = ()
    """The lengths that `evaluate` scores at; empty: the longest in training, 2 and 10 times it."""

    batch: ranges.Count = 8
    """How many pairs each gradient step uses."""
    learning_rate: ranges.Positive = 1e-2
    """The learning rate of Adam."""
    clip_norm: ranges.Positive = 1.0
    """A longer gradient is scaled down to this norm."""
    budget: ranges.Count = 20_000
    """The most gradient steps of a restart."""
    validation_pairs: ranges.Count = 200
    """On how many validation pairs of the trained lengths the network is judged."""
    validation_interval: ranges.Count = 200
    """How many gradient steps lie between two judgements."""
    success_rate: Annotated[float, ranges.Within(0, 1, above=True)] = 0.99
    """The share of the validation pairs that must be right."""
    in_a_row: ranges.Count = 1
    """In how many judgements in a row it must be reached."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.pairs % self.batch:
            raise ValueError(f"pairs must be 0 or a multiple of batch, got {self.pairs}")
