"""The settings of the NPI; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_agents.npi_network.sizes import Layers
from neuralprog_agents.training import ranges
from neuralprog_agents.training.schema import Size


@dataclass(frozen=True)
class TaskConfig:
    """A task and its training traces; ``also`` in a config has more tasks for the same network."""

    env: str
    """The id of the environment to learn, such as NPIAddition-v0."""
    recursive: bool = True
    """Whether the expert's programs call themselves; otherwise they repeat steps in loops."""
    observation: str = ""
    """What the network sees of the pad: a form of the task's; empty: its first."""
    length: ranges.Lengths = (1, 5)
    """The shortest and the longest instance whose traces it learns from."""
    traces: ranges.Count = 64
    """How many traces there are of each length."""
    wide: bool = False
    """Whether every program is also learned on pads that random effects of ACT have changed."""
    prove: bool = False
    """Whether training goes on until no frame of the verification set fails, and learns from
    those that fail."""
    test_lengths: ranges.Counts = (10, 100)
    """The lengths that `evaluate` scores at."""

    def __post_init__(self) -> None:
        ranges.check(self)


@dataclass(frozen=True)
class Config(TaskConfig):
    """An NPI of one task or several, and its training on the frames of experts' traces."""

    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same weights, bit for bit."""
    restarts: ranges.Restarts = 5
    """How many times training may start again from new random weights."""

    also: tuple[TaskConfig, ...] = ()
    """More tasks that the same network learns."""
    base: str = ""
    """A trained NPI to build on: a pretrained agent's name or a run folder. None of its weights
    changes; only programs that it lacks are learned, with its sizes. Empty: random weights."""

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
    """How many frames (calls of programs, each with all its steps) a gradient step uses."""
    boost: ranges.PartialShare = 0.5
    """The share of a batch that is drawn from the frames that the network still gets wrong."""
    clip_norm: ranges.Positive = 1.0
    """A longer gradient is scaled down to this norm."""
    budget: ranges.Count = 8000
    """The most gradient steps of a restart."""

    def __post_init__(self) -> None:
        ranges.check(self)
        envs = [task.env for task in self.tasks]
        if len(set(envs)) < len(envs):
            raise ValueError(f"each task is learned once, not {', '.join(envs)}")

    @property
    def tasks(self) -> tuple[TaskConfig, ...]:
        """Every task, the first one first."""
        return self, *self.also
