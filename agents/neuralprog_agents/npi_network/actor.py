"""Inference with a core: many environments in lock-step, or whole episodes from the memo table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuralprog_agents.npi_network.memo import Memo, Rollout
from neuralprog_agents.npi_network.stack import Actions, Core, Floats, LockStep
from neuralprog_envs.core import batch


class Actor:
    """Chooses actions with a core.

    Args:
        core: Computes the action of one step; see ``stack.Core``.
        size: S, the size of the core's state. The state of a new call is 0.
    """

    def __init__(self, core: Core, size: int) -> None:
        self._steps, self._memo = LockStep(core, size), Memo(core, size)

    def start(self, n: int) -> None:
        """Start n episodes."""
        self._steps.start(n)

    def act(self, observation: Any) -> Actions:
        """Return the action of each environment, shape (n, 4)."""
        return self._steps.act(observation)

    def scattered(self, values: Floats) -> Floats:
        """Return values of the environments that acted last as n rows; the other rows are 0."""
        return self._steps.scattered(values)

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Rollout]:
        """Play whole episodes from the memo table; see ``agent.Player``."""
        rows = [slice(row, row + 1) for row in range(len(instances.length))]
        episodes = [task.machine.begin(batch.take(instances, row)) for row in rows]
        return self._memo.play(task, episodes, limits, keep)
