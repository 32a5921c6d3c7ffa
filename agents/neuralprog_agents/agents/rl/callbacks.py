"""What happens between two rollouts: leaving, falling entropy, and the next length."""

from __future__ import annotations

from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from neuralprog_agents.agent import Pulse
from neuralprog_agents.training.decay import geometric


class WholeError(Exception):
    """A learner is between two rollouts, where its state is whole."""


class Chunk(BaseCallback):  # type: ignore[misc]
    """Leaves ``learn`` before the rollout that begins with so many samples."""

    def __init__(self, samples: int, pulse: Pulse) -> None:
        super().__init__()
        self._samples, self._pulse = samples, pulse

    def _on_rollout_start(self) -> None:
        if self.model.num_timesteps >= self._samples:
            raise WholeError

    def _on_step(self) -> bool:
        self._pulse()
        return True


class EntropyDecay(BaseCallback):  # type: ignore[misc]
    """Lets the entropy coefficient fall geometrically until the budget is spent."""

    def __init__(self, start: float, end: float, budget: int) -> None:
        super().__init__()
        self._start, self._end, self._budget = start, end, budget

    def _on_rollout_start(self) -> None:
        share = self.model.num_timesteps / self._budget
        self.model.ent_coef = geometric(self._start, self._end, share)

    def _on_step(self) -> bool:
        return True


class Curriculum(BaseCallback):  # type: ignore[misc]
    """Adds the next length when enough of the last episodes succeed.

    Args:
        share: How many must succeed, of as many as the learner's statistics hold.
        lengths: The shortest and the longest.

    Attributes:
        top: The longest length so far.
    """

    def __init__(self, share: float, lengths: tuple[int, int]) -> None:
        super().__init__()
        self._share, (self._low, self._high) = share, lengths
        self.top = self._low

    def apply(self, env: Any) -> None:
        """Let an environment's next episodes have the lengths so far."""
        env.set_attr("lengths", (self._low, self.top))

    def _on_rollout_start(self) -> None:
        last = self.model.ep_success_buffer
        full = len(last) == last.maxlen
        if full and self.top < self._high and np.mean(last) >= self._share:
            self.top += 1
            last.clear()
            self.apply(self.training_env)

    def _on_step(self) -> bool:
        return True
