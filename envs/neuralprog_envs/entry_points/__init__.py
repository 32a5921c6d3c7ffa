"""What ``gym.make`` and ``gym.make_vec`` call.

Each family has a module of its own here, because ``gym.pprint_registry`` groups ids by the third
name in the path of their entry point.
"""

from __future__ import annotations

import sys
from typing import Any

from gymnasium.envs import registration

from neuralprog_envs.interfaces.env import TaskEnv
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv
from neuralprog_envs.registry import import_task


def make(**settings: Any) -> TaskEnv:
    """Return an environment; see ``interfaces.env.TaskEnv``.

    ``gym.make`` does not pass ``max_episode_steps`` on: it wraps the environment in ``TimeLimit``.
    But an environment must know when its episode ends to judge it. So the limit is read from the
    caller, if that is ``gym.make``.
    """
    caller = sys._getframe(1)
    if caller.f_code is registration.make.__code__:
        limit, spec = caller.f_locals["max_episode_steps"], caller.f_locals["env_spec"]
        settings["max_episode_steps"] = spec.max_episode_steps if limit is None else limit
    return TaskEnv(**_prepared(settings))


def make_vec(**settings: Any) -> TaskVectorEnv:
    """Return a vector environment; see ``interfaces.vector_env.TaskVectorEnv``."""
    return TaskVectorEnv(**_prepared(settings))


def _prepared(settings: dict[str, Any]) -> dict[str, Any]:
    """Import the module that a spec names; return the settings, in which -1 means no limit.

    A spec names code by Gymnasium's design: its entry point, and here the module of a user's task.
    """
    import_task(settings["env_id"])
    if settings.get("max_episode_steps") == -1:
        return {**settings, "max_episode_steps": None}
    return settings


make.metadata = TaskEnv.metadata  # type: ignore[attr-defined]
"""``gym.make`` reads the render modes here."""
