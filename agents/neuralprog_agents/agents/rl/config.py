"""The settings of reinforcement learning; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from neuralprog_agents.training import ranges

Algorithm = Literal["PPO", "A2C", "DQN", "MaskablePPO", "RecurrentPPO", "BC"]
_UNITS = ranges.Within(1, 4096)
Width = Annotated[int, _UNITS]
Layers = Annotated[tuple[int, ...], ranges.Each(_UNITS)]


@dataclass(frozen=True)
class Config:
    """One task, one algorithm, one network; ``README.md`` beside this says what was tuned."""

    env: str
    """The id of the environment to learn, such as NRAMAccess-v0."""
    algorithm: Algorithm = "PPO"
    """The algorithm of Stable-Baselines3 or sb3-contrib; "BC" imitates the expert's
    demonstrations with the network of PPO."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same weights, bit for bit."""
    restarts: ranges.Restarts = 3
    """How many times training may start again from new random weights."""

    length: Annotated[tuple[int, int] | None, ranges.Ascending(ranges.Within(1))] = None
    """The shortest and the longest instance in training; null: the environment's own."""
    test_lengths: ranges.Counts = ()
    """The lengths that `evaluate` scores at; empty: the longest in training, 2 and 10 times it."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The environment's own arguments: action, observation, memory_size, recursive, columns ….
    Where a network sees a tape, memory_size is by default enough for twice the longest length."""
    fields: tuple[str, ...] = ()
    """The arrays of the observation that the network sees; empty: all."""
    flat: bool = False
    """Whether the policy chooses among all distinct actions, rather than each integer of an action
    by itself. Masks are then exact. DQN always does so."""
    reward: Literal["sparse", "shaped", "progress"] = "shaped"
    """The reward in training, see ``interfaces.setting.Setting``; success alone is judged.
    "progress" is undiscounted, or right parts of an answer would lose value with every step."""
    gamma: Annotated[float, ranges.Within(0, 1, above=True)] = 0.95
    """γ: the discount of the learner and of the shaped reward."""

    envs: ranges.Count = 64
    """How many environments act at the same time."""
    budget: ranges.Count = 2_000_000
    """The most environment steps of a restart (BC: demonstrated steps, repetitions included)."""
    validation_interval: ranges.Count = 50_000
    """How many environment steps lie between two validations."""
    validation_episodes: ranges.Count = 500
    """How many episodes a validation plays."""
    success_rate: ranges.Share = 0.99
    """A restart ends and succeeds when this share of the validation episodes succeeds."""

    width: Width = 128
    """How many units the first layer has."""
    layers: Layers = (64, 64)
    """How many units each later layer has, in the policy and in the value function."""
    halt_bias: float = -4.0
    """What is added to an untrained policy's logit of halting (tapes) or of RETURN (programs).
    Below 0, early episodes last."""
    curriculum: ranges.Share = 0.0
    """Training begins at the shortest length, and goes on to the next when this share of the last
    ``stats_window_size`` episodes succeeded; 0: all lengths from the start."""
    bonus: ranges.NonNegative = 0.0
    """What a success adds to the reward in training."""
    self_imitation: ranges.NonNegative = 0.0
    """The weight of imitating own successes, see ``self_imitation.SelfImitation``; 0: none."""
    exploration_envs: ranges.Natural = 0
    """How many further environments only explore: for better programs to imitate, see
    ``self_imitation``."""
    self_imitation_key: tuple[str, ...] = ("question",)
    """The arrays whose first observation says which successes belong together."""
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Arguments of an algorithm, over those of ``algorithms.ALGORITHMS``:
    {PPO: {ent_coef: 0.02}, DQN: {buffer_size: 10000}}. MaskablePPO and RecurrentPPO take PPO's too,
    below their own. ``ent_coef_end`` and ``learning_rate_end`` are what these fall to,
    geometrically, when the budget is spent."""

    def __post_init__(self) -> None:
        ranges.check(self)
