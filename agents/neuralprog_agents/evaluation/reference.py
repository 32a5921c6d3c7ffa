"""Two references that need no training: random actions, and the task's own expert."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Actions, Masks
from neuralprog_envs.core import batch
from neuralprog_envs.core.task import Task
from neuralprog_envs.interfaces.replay import demonstration

REFERENCES = ("random", "expert")


class RandomPolicy:
    """Uniform over the legal choices of each integer of an action."""

    def __init__(self, env_id: str, seed: int = 0) -> None:
        self.env_id = env_id
        self._random = np.random.default_rng(seed)
        self._choices: tuple[int, ...] = ()

    def settings(self, length: int) -> dict[str, Any]:
        """Return nothing: the environment's defaults."""
        return {}

    def prepare(self, task: Task, instances: Any) -> None:
        """Learn how many choices an action has."""
        self._choices = task.machine.actions

    def start(self, n: int) -> None:
        """Do nothing: there is no memory of earlier episodes."""

    def act(self, observation: Any, action_mask: Masks) -> Actions:
        """Return actions of shape (n, K), each choice drawn among the legal ones."""
        keys = self._random.random(action_mask.shape) + action_mask
        ends = np.cumsum(self._choices)[:-1]
        return np.stack([part.argmax(axis=1) for part in np.split(keys, ends, axis=1)], axis=1)


class ExpertPolicy:
    """The expert's demonstration for each instance, played back."""

    def __init__(self, env_id: str) -> None:
        self.env_id = env_id
        self._actions: NDArray[np.int64] = np.zeros((0, 0, 0), dtype=np.int64)
        self._step = 0

    def settings(self, length: int) -> dict[str, Any]:
        """Return nothing: the environment's defaults."""
        return {}

    def prepare(self, task: Task, instances: Any) -> None:
        """Solve every instance; after its end a demonstration repeats its last action."""
        rows = [slice(i, i + 1) for i in range(len(instances.length))]
        plays = [np.array(demonstration(task, batch.take(instances, row))) for row in rows]
        longest = max(len(actions) for actions in plays)
        padded = [np.pad(play, ((0, longest - len(play)), (0, 0)), "edge") for play in plays]
        self._actions = np.stack(padded, axis=1).astype(np.int64)

    def start(self, n: int) -> None:
        """Go to the first step."""
        self._step = 0

    def act(self, observation: Any, action_mask: Masks) -> Actions:
        """Return every slot's next action, shape (n, K)."""
        actions = self._actions[min(self._step, len(self._actions) - 1)]
        self._step += 1
        return actions


def reference(name: str, env_id: str, seed: int = 0) -> RandomPolicy | ExpertPolicy:
    """Return a reference by its name; ValueError if there is none of that name."""
    if name == "random":
        return RandomPolicy(env_id, seed)
    if name == "expert":
        return ExpertPolicy(env_id)
    raise ValueError(f"unknown reference {name!r}: {', '.join(REFERENCES)}")
