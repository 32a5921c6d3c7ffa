"""What a sequence-to-sequence network can be told; YAML files hold differences from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Config:
    """One task's network and its training on input/output pairs."""

    env: str
    """The task's environment id."""
    seed: int = 0
    """The pairs come from the seed, the weights of restart i from (seed, i)."""
    restarts: int = 3
    """The most restarts that `train` tries before it gives up."""

    model: Literal["lstm", "lstm-attention", "transformer"] = "lstm-attention"
    """The kind of network."""
    format: Literal["text", "stacked", "aligned"] = "text"
    """How an instance is read: as a text; with the rows of its pad side by side (addition:
    "stacked", digits from the units on); or so, and the answer said in step with it (Reed and de
    Freitas' "easy")."""
    hidden: int = 128
    """Units of each LSTM layer; a transformer's width is half of that."""
    layers: int = 1
    """LSTM layers; a transformer has twice as many."""

    length: tuple[int, int] = (1, 5)
    """The shortest and the longest instance seen in training."""
    pairs: int = 0
    """Different pairs that it may see, a multiple of the batch; 0: new ones in each step."""
    test_lengths: tuple[int, ...] = ()
    """Where `evaluate` scores; by default the longest trained length, twice and ten times that."""

    batch: int = 32
    """Pairs in a gradient step."""
    learning_rate: float = 4e-3
    """Adam's."""
    clip_norm: float = 1.0
    """The gradient's norm is at most this."""
    budget: int = 20_000
    """The most gradient steps of a restart."""
    judged: int = 200
    """Held-out pairs of the trained lengths on which it is judged."""
    judged_every: int = 50
    """Gradient steps between two judgements."""
    solved: float = 0.99
    """The fraction of them that must be right."""
    in_a_row: int = 2
    """How many judgements in a row must be so."""

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        self._check_training()
        if self.hidden % 8:
            raise ValueError(f"hidden must be a multiple of 8, got {self.hidden}")
        if self.format == "aligned" and self.model != "lstm":
            raise ValueError("format aligned is read and answered in step: model must be lstm")

    def _check_training(self) -> None:
        if not 1 <= self.length[0] <= self.length[1]:
            raise ValueError(f"length must be two ascending lengths, got {list(self.length)}")
        if not 0 < self.solved <= 1:
            raise ValueError(f"solved must be above 0 and up to 1, got {self.solved}")
        if self.pairs < 0 or self.pairs % self.batch:
            raise ValueError(f"pairs must be 0 or a multiple of batch, got {self.pairs}")


_AT_LEAST_ONE = ("restarts", "hidden", "layers", "batch", "budget", "judged", "judged_every",
                 "in_a_row")  # fmt: skip
