"""Validation: the success rate at the training lengths, on held-out instances."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.policy import LearnedPolicy, weights_of
from neuralprog_agents.evaluation.evaluate import play
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv


class Validation:
    """The validations of a restart, and the weights of the best one.

    Args:
        config: The settings.
        policy: The policy that is validated.

    Attributes:
        found: The last success rate.
        best: The best success rate; -1 before the first validation, and just below
            ``success_rate`` after ``take_back``.
        at: The number of samples at the last validation.
    """

    def __init__(self, config: Config, policy: LearnedPolicy) -> None:
        self._config, self._policy = config, policy
        self.found, self.best, self.at = 0.0, -1.0, 0
        self._weights = weights_of(policy.network)

    @property
    def solved(self) -> bool:
        """Whether the best success rate is high enough."""
        return self.best >= self._config.success_rate

    def evaluate_if_due(self, samples: int, pulse: Pulse) -> None:
        """Validate the policy at each ``validation_interval``, and when the budget is spent.

        ``pulse`` is called in each step.
        """
        due = (
            samples - self.at >= self._config.validation_interval or samples >= self._config.budget
        )
        if due:
            self.found = success(self._policy, self._config.validation_episodes, pulse)
            self.at = samples
            if self.found > self.best:
                self.best, self._weights = self.found, weights_of(self._policy.network)

    def take_back(self) -> None:
        """Count the best weights as not good enough: the next that are good enough replace them."""
        self.best = float(np.nextafter(self._config.success_rate, 0.0))

    def status(self) -> dict[str, float]:
        """Return the reported metrics."""
        progress = min(1.0, self.at / self._config.budget)
        return {"step": self.at, "progress": progress, "success": self.found, "best": self.best}

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the best weights and the success rates."""
        best = {f"best.{name}": array for name, array in self._weights.items()}
        return best, {"found": self.found, "best": self.best, "at": self.at}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._weights = {name: tensors[f"best.{name}"] for name in self._weights}
        self.found, self.best, self.at = (metadata[name] for name in ("found", "best", "at"))

    def outcome(self) -> Outcome:
        """Return the best weights, or the current ones before the first validation."""
        weights = self._weights if self.best >= 0 else weights_of(self._policy.network)
        numbers = sum(array.size for array in weights.values())
        metrics = {"success": self.best, "parameters": float(numbers)}
        return Outcome(self.solved, metrics, weights, asdict(self._policy.setup))


def success(policy: LearnedPolicy, episodes: int, pulse: Pulse) -> float:
    """Return the success rate on validation episodes; ``pulse`` is called in each step.

    Each length has an equal share. Lengths with too few instances for a validation split use their
    training instances.
    """
    shares = _shares(*policy.setup.length, policy.setup.task().split_from)
    rates = [_rate(policy, lengths, split, episodes, pulse) for lengths, split in shares]
    counts = [high - low + 1 for (low, high), _ in shares]
    return sum(r * c for r, c in zip(rates, counts, strict=True)) / sum(counts)


def _shares(low: int, high: int, split_from: int) -> list[tuple[tuple[int, int], str]]:
    """Return ranges of lengths, each with its split."""
    few = ((low, min(high, split_from - 1)), "train")
    many = ((max(low, split_from), high), "validation")
    return [share for share in (few, many) if share[0][0] <= share[0][1]]


def _rate(
    policy: LearnedPolicy, lengths: tuple[int, int], split: str, episodes: int, pulse: Pulse
) -> float:
    env = TaskVectorEnv(
        policy.env_id,
        episodes,
        autoreset_mode=AutoresetMode.NEXT_STEP,
        split=split,
        **{**policy.setup.settings, "length": lengths},
    )
    return float(play(policy, env, 0, pulse)[0].mean())
