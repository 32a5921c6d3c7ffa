"""What a synthesis can be told; YAML files hold differences from these defaults."""

from __future__ import annotations

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

    test_lengths: tuple[int, ...] = (10, 100)
    """Where `evaluate` scores by default."""

    def __post_init__(self) -> None:
        for name in ("restarts", "examples", "joining", "calls", "budget"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.looks < 0:
            raise ValueError(f"looks must be at least 0, got {self.looks}")
        if not 1 <= self.length[0] <= self.length[1]:
            raise ValueError(f"length must be two ascending lengths, got {list(self.length)}")
        if self.beyond < self.length[1]:
            raise ValueError(f"beyond must be at least {self.length[1]}, got {self.beyond}")
