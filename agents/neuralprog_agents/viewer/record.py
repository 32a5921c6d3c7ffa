"""Pages of the episodes that anyone plays in the environments, as they are played."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym

from neuralprog_agents.training.files import write_atomically
from neuralprog_agents.viewer.notebook import framed
from neuralprog_agents.viewer.page import page
from neuralprog_envs.interfaces.env import TaskEnv
from neuralprog_envs.interfaces.trace import heading, trace


class RecordPages(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Writes each episode as a page to step through, whoever plays it.

    It takes the place that Gymnasium's ``RecordVideo`` has elsewhere::

        env = RecordPages(gym.make("NRAMSort-v0"), "pages")

    An episode is written when it ends, or when it is left by ``reset`` or ``close``. Wrappers that
    change actions, such as ``TextEnv``, go around this one.

    Args:
        env: From ``gym.make``, with any settings.
        folder: Where ``episode-0.html``, ``episode-1.html`` … are written; made if it is not there.
        episode_trigger: Says of an episode's number, from 0, whether it is written; None: all are.
        name_prefix: What the files' names begin with.
        agent: What the pages call the agent.

    Raises:
        TypeError: It is not an environment of ``neuralprog_envs``.
        OSError: The folder can't be made.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        folder: str | Path,
        episode_trigger: Callable[[int], bool] | None = None,
        name_prefix: str = "episode",
        agent: str = "",
    ) -> None:
        gym.utils.RecordConstructorArgs.__init__(
            self,
            folder=folder,
            episode_trigger=episode_trigger,
            name_prefix=name_prefix,
            agent=agent,
        )
        if not isinstance(env.unwrapped, TaskEnv):
            raise TypeError(f"RecordPages takes an environment of neuralprog_envs, got {env}")
        super().__init__(env)
        self._env: TaskEnv = env.unwrapped
        self._folder, self._prefix, self._agent = Path(folder), name_prefix, agent
        self._trigger = episode_trigger or (lambda episode: True)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._episode, self._written = -1, True
        self._actions: list[Any] = []
        self._head: dict[str, Any] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; write the one that is left."""
        self._write()
        found = self.env.reset(seed=seed, options=options)
        posed = {} if seed is None else {"seed": seed}
        self._head = heading(self._env.env_id, self._agent, **posed)
        self._episode, self._actions, self._written = self._episode + 1, [], False
        return found

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Do an action; write the episode if it ends."""
        found = self.env.step(action)
        self._actions.append(action)
        if found[2] or found[3]:
            self._write()
        return found

    def close(self) -> None:
        """Write the episode that is left."""
        self._write()
        super().close()

    def page(self) -> str:
        """Return the page of the episode so far."""
        self._env.text()  # raises ResetNeeded before the first episode
        return page(self._head | trace(self._env.task, self._env.instance, self._actions))

    def _write(self) -> None:
        if not self._written and self._trigger(self._episode):
            path = self._folder / f"{self._prefix}-{self._episode}.html"
            write_atomically(path, self.page().encode())
        self._written = True

    def _repr_html_(self) -> str:
        return framed(self.page())
