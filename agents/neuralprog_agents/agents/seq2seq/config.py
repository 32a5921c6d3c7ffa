"""The settings of sequence-to-sequence networks; a YAML file holds differences from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from neuralprog_agents.agents.seq2seq.card import Form, Format, Hidden, Layers, Model
from neuralprog_agents.training import ranges


@dataclass(frozen=True)
class Config:
    """A network for one task, and its training on input/output pairs."""

    env: str
    """The id of the environment to learn, such as NRAMCopy-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same weights, bit for bit."""
    restarts: ranges.Restarts = 3
    """How many times training may start again from new random weights."""

    model: Model = "lstm-attention"
    """The kind of network."""
    format: Format = "text"
    """How an instance is written as a sequence. "text": as one text; "stacked": column by column
    (addition: both numbers' digits together, the units first); "aligned": the same, and the network
    writes a digit of the answer with each column that it reads (the "easy" form of Reed and de
    Freitas)."""
    hidden: Hidden = 128
    """How many units each LSTM layer has; a transformer's vectors have half as many numbers."""
    layers: Layers = 1
    """How many LSTM layers there are; a transformer has twice as many layers."""

    length: ranges.Lengths = (1, 5)
    """The shortest and the longest instance in training."""
    pairs: ranges.Natural = 0
    """How many different input/output pairs training may see; 0: new ones in every step."""
    test_lengths: ranges.Counts = ()
    """The lengths that `evaluate` scores at; empty: the longest in training, 2 and 10 times it."""

    batch: ranges.Count = 32
    """How many pairs each gradient step uses."""
    learning_rate: ranges.Positive = 4e-3
    """The learning rate of Adam."""
    clip_norm: ranges.Positive = 1.0
    """A longer gradient is scaled down to this norm."""
    budget: ranges.Count = 20_000
    """The most gradient steps of a restart."""
    validation_pairs: ranges.Count = 200
    """On how many validation pairs of the trained lengths the network is judged."""
    validation_interval: ranges.Count = 50
    """How many gradient steps lie between two judgements."""
    success_rate: Annotated[float, ranges.Within(0, 1, above=True)] = 0.99
    """The share of the validation pairs that must be right."""
    in_a_row: ranges.Count = 2
    """In how many judgements in a row it must be reached."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.pairs % self.batch:
            raise ValueError(f"pairs must be 0 or a multiple of batch, got {self.pairs}")
        Form(self.model, self.format, self.hidden, self.layers)  # checks what goes together
