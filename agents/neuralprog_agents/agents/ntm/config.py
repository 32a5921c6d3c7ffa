"""What a Neural Turing Machine can be told; YAML files hold differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Config:
    """One tape task's machine and its training on input/output pairs.

    Sizes are those of Graves et al. 2014, section 4.6 (100 units, one head of each kind, rows of 20
    numbers), but for the rows, of which they have 128; how it is trained is ours.
    """

    env: str
    """The task's environment id."""
    seed: int = 0
    """The pairs come from the seed, the weights of restart i from (seed, i)."""
    restarts: int = 3
    """The most restarts that `train` tries before it gives up."""

    controller: Literal["lstm", "mlp"] = "lstm"
    """The controller's kind."""
    hidden: int = 100
    """Its units."""
    rows: int = 32
    """N: the rows of the memory, at least; longer inputs get one for each cell, and one more."""
    width: int = 20
    """W: the numbers in a row."""
    bits: int = 12
    """In which a cell is read and answered: values from 0 to 2^bits - 1."""

    length: tuple[int, int] = (1, 5)
    """The shortest and the longest instance seen in training."""
    memory_size: int = 0
    """M of the environment, whose values go to M - 1; 0: what each length needs."""
    pairs: int = 0
    """Different pairs that it may see, a multiple of the batch; 0: new ones in each step."""
    test_lengths: tuple[int, ...] = ()
    """Where `evaluate` scores; by default the longest trained length, twice and ten times that."""

    batch: int = 8
    """Pairs in a gradient step."""
    learning_rate: float = 1e-2
    """Adam's."""
    clip_norm: float = 1.0
    """The gradient's norm is at most this."""
    budget: int = 20_000
    """The most gradient steps of a restart."""
    judged: int = 200
    """Held-out pairs of the trained lengths on which it is judged."""
    judged_every: int = 200
    """Gradient steps between two judgements."""
    solved: float = 0.99
    """The fraction of them that must be right."""
    in_a_row: int = 1
    """How many judgements in a row must be so."""

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 1 <= self.bits <= _MOST_BITS:
            raise ValueError(f"bits must be 1 to {_MOST_BITS}, got {self.bits}")
        if self.rows < _LEAST_ROWS:
            raise ValueError(f"rows must be at least {_LEAST_ROWS}, got {self.rows}")
        self._check_training()

    def _check_training(self) -> None:
        if not 1 <= self.length[0] <= self.length[1]:
            raise ValueError(f"length must be two ascending lengths, got {list(self.length)}")
        if self.memory_size < 0:
            raise ValueError(f"memory_size must be at least 0, got {self.memory_size}")
        if not 0 < self.solved <= 1:
            raise ValueError(f"solved must be above 0 and up to 1, got {self.solved}")
        if self.pairs < 0 or self.pairs % self.batch:
            raise ValueError(f"pairs must be 0 or a multiple of batch, got {self.pairs}")


_MOST_BITS = 31
_LEAST_ROWS = 3
_AT_LEAST_ONE = (
    "restarts", "hidden", "width", "batch", "budget", "judged", "judged_every", "in_a_row",
)  # fmt: skip
