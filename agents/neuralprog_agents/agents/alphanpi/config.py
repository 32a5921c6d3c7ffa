"""What an AlphaNPI training run can be told; YAML files hold differences from these defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """One library of programs, learned by search from their specifications."""

    env: str
    """The task's environment id."""
    seed: int = 0
    """Restart i draws everything from (seed, i)."""
    restarts: int = 5
    """The most restarts that `train` tries before it gives up."""
    recursive: bool = True
    """Whether programs call themselves, or else loop."""
    length: tuple[int, int] = (1, 7)
    """The shortest and the longest instances that programs are learned on."""

    episodes: int = 16
    """Searched calls of each program in an iteration."""
    simulations: int = 64
    """Simulations before each action of a call."""
    steps: tuple[int, int] = (5, 0)
    """a and b: a call on an instance of length n may take a + b n actions, its return included."""
    exploration: float = 1.0
    """c of PUCT: what the prior weighs against the values found."""
    noise: float = 0.25
    """The share of Dirichlet noise in the prior of a call's first action."""
    discount: float = 0.97
    """A success after k actions is worth discount^k."""

    state: int = 32
    """D: what the encoder gives."""
    program: int = 16
    """P: the width of the program memory."""
    hidden: int = 64
    """Units in the encoder's layer and in the LSTM."""

    learning_rate: float = 3e-3
    """Adam's."""
    batch: int = 128
    """Calls in a gradient step."""
    updates: int = 40
    """Gradient steps in an iteration."""
    memory: int = 8
    """Iterations whose calls are kept to learn from."""
    checks: int = 64
    """Calls of each program, never searched, on which the network alone is judged."""
    budget: int = 200
    """The most iterations of a restart."""

    test_lengths: tuple[int, ...] = (10, 20)
    """Where `evaluate` scores by default."""

    def most_steps(self, length: int) -> int:
        """Return how many actions a call on an instance may take, its return included."""
        return self.steps[0] + self.steps[1] * length

    def __post_init__(self) -> None:
        for holds, words in self._ranges():
            if not holds:
                raise ValueError(words)

    def _ranges(self) -> Iterator[tuple[bool, str]]:
        """Yield whether each setting is in its range, and what to say if not."""
        for name in _AT_LEAST_ONE:
            value = getattr(self, name)
            yield value >= 1, f"{name} must be at least 1, got {value}"
        for name in ("learning_rate", "exploration"):
            value = getattr(self, name)
            yield value > 0, f"{name} must be above 0, got {value}"
        yield 0 <= self.noise < 1, f"noise must be at least 0 and below 1, got {self.noise}"
        kept = f"discount must be above 0 and at most 1, got {self.discount}"
        yield 0 < self.discount <= 1, kept
        ascending = 1 <= self.length[0] <= self.length[1]
        yield ascending, f"length must be two ascending lengths, got {list(self.length)}"
        room = f"steps must leave room for a return, got {list(self.steps)}"
        yield min(self.steps) >= 0 and self.most_steps(self.length[0]) >= 1, room


_AT_LEAST_ONE = (
    "restarts", "episodes", "simulations", "state", "program", "hidden", "batch", "updates",
    "memory", "checks", "budget",
)  # fmt: skip
