"""The settings of AlphaNPI; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from neuralprog_agents.training import ranges
from neuralprog_agents.training.schema import Size


@dataclass(frozen=True)
class Config:
    """A library of programs, learned by tree search from their specifications."""

    env: str
    """The id of the environment to learn, such as NPIHanoi-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same weights, bit for bit."""
    restarts: ranges.Restarts = 5
    """How many times training may start again from new random weights."""
    recursive: bool = True
    """Whether programs may call themselves; otherwise they repeat steps in loops."""
    length: ranges.Lengths = (1, 7)
    """The shortest and the longest instance in training."""

    episodes: ranges.Count = 16
    """How many calls of each program the tree search plays in an iteration."""
    simulations: ranges.Count = 64
    """How many simulations the tree search makes before each action."""
    call_steps: Annotated[tuple[int, int], ranges.Each(ranges.Within(0))] = (0, 5)
    """[x, y]: one call may take x·n + y actions on an instance of length n, its return included."""
    exploration: ranges.Positive = 1.0
    """c of PUCT: how strongly the search prefers actions that it has tried less often."""
    noise: ranges.PartialShare = 0.25
    """The share of random (Dirichlet) noise in the network's probabilities at a call's start."""
    discount: Annotated[float, ranges.Within(0, 1, above=True)] = 0.97
    """γ: a call that succeeds after k actions has the outcome γ^k."""

    state: Size = 32
    """D: how many numbers the encoder makes of an observation."""
    program: Size = 16
    """P: how many numbers stand for a program."""
    hidden: Size = 64
    """How many units the encoder's hidden layer has, and the LSTM."""

    learning_rate: ranges.Positive = 3e-3
    """The learning rate of Adam."""
    batch: ranges.Count = 128
    """How many calls each gradient step uses."""
    updates: ranges.Count = 40
    """How many gradient steps follow each iteration of search."""
    memory: ranges.Count = 8
    """The network learns from the calls of so many last iterations."""
    checks: ranges.Count = 64
    """How many calls of each program test the network, which then acts without search."""
    budget: ranges.Count = 200
    """The most iterations of a restart."""

    test_lengths: ranges.Counts = (10, 20)
    """The lengths that `evaluate` scores at."""

    def most_steps(self, length: int) -> int:
        """Return how many actions a call may take on an instance, its return included."""
        return self.call_steps[0] * length + self.call_steps[1]

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.most_steps(self.length[0]) < 1:
            raise ValueError(
                f"call_steps must leave room for a return, got {list(self.call_steps)}"
            )
