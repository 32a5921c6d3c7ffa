"""What an NRAM training run can be told; YAML files hold differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Range = tuple[float, float]
"""Bounds from which every restart draws its own value, log-uniformly; equal bounds fix it."""


@dataclass(frozen=True)
class Config:
    """One task's NRAM and its training.

    The paper publishes no value of any of these (its hyper-parameters came from a large random
    search); ours come from ``README.md`` in this folder.
    """

    env: str
    """The task's environment id."""
    seed: int = 0
    """Restart i draws everything from (seed, i)."""
    restarts: int = 400
    """The most restarts that `train` tries before it gives up."""

    registers: int = 6
    """R."""
    repetitions: int = 1
    """How often the list of fourteen modules stands in a step's circuit."""
    controller: Literal["mlp", "lstm"] = "mlp"
    """The controller's kind."""
    hidden: int = 32
    """Units in each hidden layer, and LSTM cells."""
    layers: int = 2
    """Hidden layers of the MLP, 1 or 2."""

    length: tuple[int, int] = (1, 5)
    """The shortest and the longest instance seen in training."""
    steps: tuple[int, int] = (1, 1)
    """(a, b): an instance of length n runs for at most T = a·n + b steps."""
    least_memory: int = 8
    """M is what the longest instance of a chunk of batches needs, but at least this."""
    batch: int = 16
    """Input/output pairs in a gradient step."""
    budget: int = 4000
    """The most gradient steps of a restart."""
    patience: int = 600
    """A restart whose curriculum level has not risen for so many steps is given up."""

    learning_rate: Range = (1e-2, 6e-2)
    """Adam's."""
    noise: Range = (0.0, 0.0)
    """η of the gradient noise, σ² = η / (1 + t)^0.55."""
    entropy: Range = (3e-3, 2e-2)
    """λ₀ of the bonus for the entropy of the controller's choices."""
    entropy_half_life: Range = (200, 5000)
    """Steps in which λ halves."""
    clip_activations: Range = (20.0, 200.0)
    """C1: gradients of intermediate activations are cropped to ±C1."""
    clip_norm: Range = (0.5, 10.0)
    """C2: the gradient's norm is at most this."""
    threshold: float = 0.05
    """The curriculum's level rises when the fraction of wrong cells is below this."""
    spacing: int = 50
    """The fewest batches between two rises."""

    solved: float = 0.02
    """Hardening starts when the error at the highest level is below this."""
    harden_steps: int = 800
    """Steps of the hardening phase: no noise, and entropy is a growing cost."""
    harden: float = 0.3
    """The cost of entropy at the end of hardening."""

    device: str = "cpu"
    """Where to train: cpu runs the compiled kernel, any other (cuda) the torch model."""

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in _RANGES:
            _check_range(name, getattr(self, name))
        if not 1 <= self.length[0] <= self.length[1]:
            raise ValueError(f"length must be two ascending lengths, got {list(self.length)}")
        a, b = self.steps
        if a < 0 or a * self.length[0] + b < 1:
            raise ValueError(f"steps (a, b) must give at least one step, got {list(self.steps)}")


_AT_LEAST_ONE = (
    "restarts", "registers", "repetitions", "hidden", "layers", "least_memory", "batch", "budget",
    "patience", "spacing", "harden_steps",
)  # fmt: skip
_RANGES = (
    "learning_rate", "noise", "entropy", "entropy_half_life", "clip_activations", "clip_norm",
)  # fmt: skip


def _check_range(name: str, bounds: Range) -> None:
    low, high = bounds
    if not (0 < low <= high or low == high == 0):
        raise ValueError(
            f"{name} must be two ascending numbers above 0 (or 0 twice), got {list(bounds)}"
        )
