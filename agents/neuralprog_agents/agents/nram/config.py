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
    """(a, b): an instance of length n runs for at most T = square·n² + a·n + b steps."""
    square: int = 0
    """See ``steps``."""
    pairs: int = 1000
    """The pairs that all restarts of a run together may see."""
    far: int = 128
    """Of these, held-out ones of twice the longest length that a circuit is judged on."""
    test_lengths: tuple[int, ...] = ()
    """Where `evaluate` scores; by default the longest pair's length, twice and ten times that."""

    start: str = ""
    """Whose circuits are compiled into the controller before training: an agent's (a pretrained
    name or a run folder) or the "expert"'s; by default the weights are random."""
    sharpness: float = 5.0
    """The logits of compiled choices that training may still change; see ``compile.py``."""
    turns: int = 1
    """A restart takes turns: gradient descent, then, if ``repair`` is set, discrete repair."""
    repair: int = 0
    """Proposals of local search in each turn; 0: gradient alone."""
    hot: float = 0.012
    """The temperature at the beginning of a repair; scores go from 0 to 1."""
    cold: float = 0.006
    """The temperature at its end."""
    hint: float = 0.0
    """The part of its score for "the answer was ever read, or stands in a register"."""
    contrast: float = 0.0
    """The part for "flags differ in time exactly if the answers do" in neighbouring pairs."""

    batch: int = 16
    """Input/output pairs in a gradient step."""
    budget: int = 4000
    """The most gradient steps of a turn."""
    patience: int = 600
    """The gradient's turn ends when its curriculum level has not risen for so many steps."""

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
    """Steps of the hardening phase: neither noise nor a bonus for entropy."""

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
        if self.time_limit[1] < 0 or _limit(self.time_limit, self.length[0]) < 1:
            raise ValueError(f"steps (a, b) must give at least one step, got {list(self.steps)}")
        if self.pairs - self.far < _LEAST_PAIRS:
            raise ValueError(f"pairs must be at least {_LEAST_PAIRS} more than far ({self.far})")
        self._check_repair()

    def _check_repair(self) -> None:
        if min(self.repair, self.budget, self.sharpness) < 0:
            raise ValueError("repair, budget and sharpness must be at least 0")
        if not 0 < self.cold <= self.hot:
            raise ValueError(f"need 0 < cold <= hot, got {self.cold} and {self.hot}")
        if min(self.hint, self.contrast) < 0 or self.hint + self.contrast > _MOST_HELP:
            raise ValueError("hint and contrast must be at least 0, at most 0.5 together")
        if self.repair and (self.repetitions > 1 or self.controller != "mlp"):
            raise ValueError("repair needs an mlp controller and one repetition of the modules")
        if self.repair and self.hidden < 2**self.registers:
            raise ValueError(
                f"hidden must be at least {2**self.registers}, a unit for each pattern of "
                f"{self.registers} registers, to hold repaired circuits, got {self.hidden}"
            )

    @property
    def time_limit(self) -> tuple[int, int, int]:
        """(c_0, c_1, c_2): an instance of length n runs for at most Σ_k c_k · n^k steps."""
        return self.steps[1], self.steps[0], self.square


_LEAST_PAIRS = 128
_MOST_HELP = 0.5
_AT_LEAST_ONE = (
    "restarts", "registers", "repetitions", "hidden", "layers", "far", "turns",
    "batch", "patience", "spacing", "harden_steps",
)  # fmt: skip
_RANGES = (
    "learning_rate", "noise", "entropy", "entropy_half_life", "clip_activations", "clip_norm",
)  # fmt: skip


def _limit(time_limit: tuple[int, ...], n: int) -> int:
    return sum(c * n**k for k, c in enumerate(time_limit))


def _check_range(name: str, bounds: Range) -> None:
    low, high = bounds
    if not (0 < low <= high or low == high == 0):
        raise ValueError(
            f"{name} must be two ascending numbers above 0 (or 0 twice), got {list(bounds)}"
        )
