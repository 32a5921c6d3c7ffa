"""Gymnasium environments for learning programs.

Importing this package registers every environment with Gymnasium::

    import gymnasium as gym
    import neuralprog_envs

    env = gym.make("NRAMCopy-v0", length=4)
"""

from __future__ import annotations

import gymnasium as gym

from neuralprog_envs.core.instances import SPLITS
from neuralprog_envs.registry import REGISTRY, Row, make_task

__all__ = ["REGISTRY", "SPLITS", "Row", "make_task", "register_all"]


def register_all() -> None:
    """Register every environment that Gymnasium does not know yet."""
    for row in REGISTRY.values():
        if row.id not in gym.registry:
            gym.register(
                id=row.id,
                entry_point="neuralprog_envs.faces.single:ProgramEnv",
                vector_entry_point="neuralprog_envs.faces.vector:ProgramVectorEnv",
                kwargs={"env_id": row.id},
            )


register_all()
