"""The one table of agents.

Adding an agent is one folder in ``agents/``, whose module ``agent`` has what
``neuralprog_agents.agent.AgentModule`` describes, and one row in ``AGENTS``. A package of its own
adds one through the entry point group ``neuralprog.agents`` (name = module).
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, cast

from neuralprog_agents.agent import AgentModule

AGENTS: Mapping[str, str] = MappingProxyType(
    {
        "alphanpi": "neuralprog_agents.agents.alphanpi.agent",
        "library_learning": "neuralprog_agents.agents.library_learning.agent",
        "neural_programmer": "neuralprog_agents.agents.neural_programmer.agent",
        "neural_programmer_2017": "neuralprog_agents.agents.neural_programmer_2017.agent",
        "npi": "neuralprog_agents.agents.npi.agent",
        "nram": "neuralprog_agents.agents.nram.agent",
        "ntm": "neuralprog_agents.agents.ntm.agent",
        "policy_gradient": "neuralprog_agents.agents.policy_gradient.agent",
        "policy_search": "neuralprog_agents.agents.policy_search.agent",
        "rl": "neuralprog_agents.agents.rl.agent",
        "search": "neuralprog_agents.agents.search.agent",
        "seq2seq": "neuralprog_agents.agents.seq2seq.agent",
        "synthesis": "neuralprog_agents.agents.synthesis.agent",
    }
)
"""The module of every agent that comes with this package, imported when first used."""


def names() -> list[str]:
    """Return the name of every agent, sorted."""
    return sorted({*AGENTS, *_installed()})


def find(name: str) -> AgentModule:
    """Return the module of an agent.

    Raises:
        ValueError: There is no such agent; the message names the nearest ones.
    """
    module = AGENTS.get(name) or _installed().get(name)
    if module is None:
        known = names()
        matches = difflib.get_close_matches(name, known, n=3) or known
        raise ValueError(f"unknown agent {name!r}: did you mean {', '.join(matches)}?")
    return cast(AgentModule, importlib.import_module(module))


def check(name: str, config: Any) -> None:
    """Raise ValueError if an agent refuses its settings."""
    own = getattr(find(name), "check", None)
    if own is not None:
        own(config)


def supervision(name: str, config: Any) -> str:
    """Return what an agent learns from, under its settings."""
    module = find(name)
    own = getattr(module, "supervision", None)
    return module.SUPERVISION if own is None else str(own(config))


def _installed() -> dict[str, str]:
    return {point.name: point.value for point in entry_points(group="neuralprog.agents")}
