"""Gymnasium environments for learning programs.

Importing this package registers every environment with Gymnasium::

    import gymnasium as gym
    import neuralprog_envs

    env = gym.make("NRAMCopy-v0", length=4)
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import parse_env_id

from neuralprog_envs import registry
from neuralprog_envs.core.arguments import shown, span
from neuralprog_envs.core.instances import SPLITS
from neuralprog_envs.registry import REGISTRY, Row, make_task

__all__ = ["REGISTRY", "SPLITS", "Row", "__version__", "make_task", "register", "register_all"]

__version__ = "0.1.0"
"""The version of this distribution, `neuralprog`: pyproject.toml reads it here."""


def register(
    name: str,
    family: str,
    definition: type,
    *,
    length: tuple[int, int],
    **defaults: Any,
) -> None:
    """Make an environment of a task of your own.

    Call it in the module of the class: other processes, to which specs of the environment may be
    sent, import that module and so register it too.

    Args:
        name: The id without its version, as in "NRAMDouble".
        family: "tape", "program" or "table".
        definition: A class, at the top level of its module, that has the members of the family's
            protocol (``tape.algorithm.Algorithm``, ``program.definition.Definition``,
            ``table.task.Definition``) and is made without arguments.
        length: The shortest and the longest instances by default.
        **defaults: Other defaults of the family's ``build``.

    Raises:
        ValueError: The id is taken by another task, there is no such family, or the definition or
            the length has not that form.
        gymnasium.error.Error: The name makes no id.
    """
    parse_env_id(f"{name}-v0")  # before anything is kept
    if not isinstance(definition, type) or "." in definition.__qualname__:
        raise ValueError(f"{name} must be a class at the top of its module: {shown(definition)}")
    length = span(length)
    task = f"{definition.__module__}:{definition.__qualname__}"
    registry.add(Row(name, family, task, {"length": length, **defaults}, frozenset({"user"})))
    register_all()


def register_all() -> None:
    """Register every environment that Gymnasium does not know yet."""
    for row in REGISTRY.values():
        if row.id not in gym.registry:
            gym.register(
                id=row.id,
                entry_point=f"neuralprog_envs.entry_points.{row.family}:make",
                vector_entry_point=f"neuralprog_envs.entry_points.{row.family}:make_vec",
                kwargs={"env_id": row.address},
            )


register_all()
