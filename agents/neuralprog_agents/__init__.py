"""Agents that learn programs, and the commands to train, score and apply them.

::

    import neuralprog_agents

    agent = neuralprog_agents.load("nram-sort")
    print(agent.run([3, 1, 2]).answer)

Importing this package imports nothing else; ``load`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuralprog_agents.loaded import LoadedAgent

    __version__: str

__all__ = ["__version__", "load"]


def load(name: str, env: str | None = None, seed: int = 0) -> LoadedAgent:
    """Return a trained agent, ready to use.

    Args:
        name: A pretrained agent's name ("nram-sort"; ``neuralprog list`` shows all), a run folder,
            "random" or "expert".
        env: The id of the environment where it is to act; by default where it was trained.
            "random" and "expert" need it.
        seed: The seed of "random".

    Raises:
        ValueError: There is no such agent or environment, or the agent can't act there.
        ModuleNotFoundError: A library is missing that the agent needs.
    """
    from neuralprog_agents.evaluation.agents import open_agent
    from neuralprog_agents.loaded import LoadedAgent

    return LoadedAgent(open_agent(name, env, seed))


def __getattr__(name: str) -> str:
    """Return ``__version__``, which is that of the environments."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from neuralprog_envs import __version__

    return __version__
