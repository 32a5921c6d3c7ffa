"""What a synthesis can be told; YAML files hold differences from these defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """One library of recursive programs, their bodies found from their specifications."""

    env: str
    """The task's environment id."""
    seed: int = 0
    """Restart i draws everything from (seed, i)."""
    restarts: int = 5
    """The most restarts that `train` tries before it gives up."""
    length: tuple[int, int] = (1, 4)
    """The shortest and the longest instances; a body must be right in every state on them."""
    beyond: int = 5
    """The longest instances in every state on which `prove` checks the bodies."""

    examples: int = 16
    """The states that the search for a body begins with; others join that a body fails in."""
    joining: int = 32
    """The most states that join at once."""
    calls: int = 8
    """The most calls on any way through a body."""
    looks: int = 4
    """The most components of the view looked at on any way through a body."""
    budget: int = 5_000_000
    """The most calls that are tried for one body."""

    distil: bool = False
    """Whether an NPI learns from runs of the bodies, and acts in their place."""
    traced: tuple[int, int] = (1, 5)
    """The shortest and the longest instances of these runs."""
    traces: int = 64
    """Runs on each length."""
    state: int = 64
    """D: what the NPI's encoder gives."""
    program: int = 32
    """P: the width of its program memory."""
    key: int = 16
    """K: the width of its key memory."""
    hidden: int = 64
    """Units in its core's MLP and in each of its LSTM layers."""
    layers: int = 1
    """LSTM layers."""
    learning_rate: float = 8e-3
    """Adam's, at the start."""
    half_life: int = 2000
    """Gradient steps in which the learning rate halves."""
    batch: int = 128
    """Frames in a gradient step."""
    boost: float = 0.5
    """The fraction of a batch that is drawn from the frames that are wrong."""
    clip_norm: float = 1.0
    """The gradient's norm is at most this."""
    updates: int = 8000
    """The most gradient steps."""

    test_lengths: tuple[int, ...] = (10, 100)
    """Where `evaluate` scores by default."""

    def __post_init__(self) -> None:
        for holds, words in self._ranges():
            if not holds:
                raise ValueError(words)

    def _ranges(self) -> Iterator[tuple[bool, str]]:
        """Yield whether each setting is in its range, and what to say if not."""
        for name in _AT_LEAST_ONE:
            value = getattr(self, name)
            yield value >= 1, f"{name} must be at least 1, got {value}"
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            yield value > 0, f"{name} must be above 0, got {value}"
        for name in ("length", "traced"):
            low, high = getattr(self, name)
            yield 1 <= low <= high, f"{name} must be two ascending lengths, got {[low, high]}"
        yield self.looks >= 0, f"looks must be at least 0, got {self.looks}"
        yield 0 <= self.boost < 1, f"boost must be at least 0 and below 1, got {self.boost}"
        least = self.length[1]
        yield self.beyond >= least, f"beyond must be at least {least}, got {self.beyond}"


_AT_LEAST_ONE = (
    "restarts", "examples", "joining", "calls", "budget", "traces", "state", "program", "key",
    "hidden", "layers", "half_life", "batch", "updates",
)  # fmt: skip
