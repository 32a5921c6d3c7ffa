"""The settings of the synthesis; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_agents.agents.synthesis.card import Beyond
from neuralprog_agents.npi_network.sizes import Layers
from neuralprog_agents.training import ranges
from neuralprog_agents.training.schema import Size


@dataclass(frozen=True)
class Config:
    """A library of recursive programs whose bodies are found from their specifications."""

    env: str
    """The id of the environment to learn, such as NPIHanoi-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same programs."""
    restarts: ranges.Restarts = 5
    """How many times the search may start again with other examples."""
    length: ranges.Lengths = (1, 4)
    """The shortest and the longest instance: a body must be right in every state of all these."""
    beyond: Beyond = 5
    """`prove` checks the bodies in every state of all instances up to this length."""

    examples: ranges.Count = 16
    """With how many states the search for a body begins; states where a body fails are added."""
    counterexamples_per_round: ranges.Count = 32
    """The most states that are added at once."""
    calls: ranges.Count = 8
    """The most calls on any path through a body."""
    looks: ranges.Natural = 4
    """The most components of the observation that any path through a body tests."""
    budget: ranges.Count = 5_000_000
    """The most calls that are tried for one body."""

    distil: bool = False
    """Whether an NPI then learns from runs of the bodies, and acts in their place. All settings
    below are this NPI's."""
    traced: ranges.Lengths = (1, 5)
    """The shortest and the longest instance of these runs."""
    traces: ranges.Count = 64
    """How many runs there are of each length."""
    state: Size = 64
    """D: how many numbers the encoder makes of an observation."""
    program: Size = 32
    """P: how many numbers stand for a program."""
    key: Size = 16
    """K: how many numbers the key has by which a program is looked up."""
    hidden: Size = 64
    """How many units the core's hidden layer has, and each of its LSTM layers."""
    layers: Layers = 1
    """How many LSTM layers there are."""
    learning_rate: ranges.Positive = 8e-3
    """The learning rate of Adam at the start."""
    half_life: ranges.Count = 2000
    """After how many gradient steps the learning rate has halved."""
    batch: ranges.Count = 128
    """How many frames (one decision of a trace each) a gradient step uses."""
    boost: ranges.PartialShare = 0.5
    """The share of a batch that is drawn from the frames that the network still gets wrong."""
    clip_norm: ranges.Positive = 1.0
    """A longer gradient is scaled down to this norm."""
    updates: ranges.Count = 8000
    """The most gradient steps."""

    test_lengths: ranges.Counts = (10, 100)
    """The lengths that `evaluate` scores at."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.beyond < self.length[1]:
            raise ValueError(f"beyond must be at least {self.length[1]}, got {self.beyond}")
