"""What a training run can be told; YAML files hold differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Config:
    """One task, one algorithm, one network; ``README.md`` in this folder tells what was tuned."""

    env: str
    """The task's environment id."""
    algorithm: Literal["PPO", "A2C", "DQN", "MaskablePPO", "RecurrentPPO", "BC"] = "PPO"
    """"BC" clones the expert's demonstrations with the network of PPO."""
    seed: int = 0
    """Restart i draws everything from (seed, i)."""
    restarts: int = 3
    """The most restarts that `train` tries before it gives up."""

    length: tuple[int, int] | None = None
    """The shortest and the longest instance in training; by default the environment's own."""
    test_lengths: tuple[int, ...] = ()
    """Where `evaluate` scores; by default the longest trained, twice and ten times that."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The environment's own arguments: action, observation, memory_size, recursive, columns ….
    Where a network sees a tape, memory_size is by default enough for twice the longest length."""
    fields: tuple[str, ...] = ()
    """The observation's arrays that the network sees; by default all."""
    flat: bool = False
    """Whether a policy chooses one of all distinct actions, not each integer of an action by
    itself; DQN always does. Masks are then exact."""
    reward: Literal["sparse", "shaped", "progress"] = "shaped"
    """The reward of training (``interfaces.setting.Setting``); success alone is judged. "progress"
    comes undiscounted, lest what is right of an answer lose value with every step."""
    gamma: float = 0.95
    """The learner's discount, and that of the shaped reward."""

    envs: int = 64
    """Environments that act at the same time."""
    budget: int = 2_000_000
    """The most environment steps of a restart (BC: samples, repeats counted)."""
    judged_every: int = 50_000
    """Environment steps between two validations."""
    judged: int = 500
    """Validation episodes."""
    solved: float = 0.99
    """A restart whose validation success is at least this has succeeded and ends."""

    width: int = 128
    """Units of the first layer, which sees one-hots."""
    layers: tuple[int, ...] = (64, 64)
    """Units of the layers after it: of the policy, and of the value."""
    linger: float = 4.0
    """On tapes, by how much an untrained policy's logit of halting is lowered."""
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By algorithm, its own arguments over ours (``algorithms.ALGORITHMS``):
    {PPO: {ent_coef: 0.02}, DQN: {buffer_size: 10000}}."""

    def __post_init__(self) -> None:
        for name in ("restarts", "envs", "budget", "judged_every", "judged", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.length is not None and not 1 <= self.length[0] <= self.length[1]:
            raise ValueError(f"length must be two ascending numbers, got {list(self.length)}")
        if not 0 < self.gamma <= 1:
            raise ValueError(f"gamma must be in (0, 1], got {self.gamma}")
        if not 0 <= self.solved <= 1:
            raise ValueError(f"solved must be in [0, 1], got {self.solved}")
        if any(units < 1 for units in self.layers):
            raise ValueError(f"layers must have at least 1 unit each, got {list(self.layers)}")
