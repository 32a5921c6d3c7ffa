"""Acting through calls, whatever decides: in lock-step, or whole episodes from the memo table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuralprog_agents.npi_network.memo import Memo, Run
from neuralprog_agents.npi_network.stack import Actions, Core, Floats, LockStep
from neuralprog_envs.core import batch


class Actor:
    """Acts as a core decides.

    Args:
        core: What decides.
        size: S, the numbers in a state; the state of a new call is 0.
    """

    def __init__(self, core: Core, size: int) -> None:
        self._steps, self._memo = LockStep(core, size), Memo(core, size)

    def start(self, n: int) -> None:
        """Begin n episodes."""
        self._steps.start(n)

    def act(self, observation: Any) -> Actions:
        """Return each slot's call or return, shape (n, 4)."""
        return self._steps.act(observation)

    def scattered(self, values: Floats) -> Floats:
        """Return what the core said of the slots that acted last in all n rows, else 0."""
        return self._steps.scattered(values)

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Run]:
        """Play whole episodes from the memo table; see ``agent.Player``."""
        rows = [slice(row, row + 1) for row in range(len(instances.length))]
        episodes = [task.machine.begin(batch.take(instances, row)) for row in rows]
        return self._memo.play(task, episodes, limits, keep)
