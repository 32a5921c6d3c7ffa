"""What the card of an NRAM must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from neuralprog_agents.agents.nram.shape import Sizes
from neuralprog_agents.circuits.library import ModuleCard
from neuralprog_agents.circuits.tables import Coefficients
from neuralprog_agents.training.schema import Count


@dataclass(frozen=True)
class Card:
    """Where it acts, its sizes, the time limit, the lengths it learned from, and its modules.

    ``settings`` are those that its restart drew.
    ``calls`` names the learned modules that stand before WRITE in its list; ``modules`` are these
    and what they call.
    """

    env: str
    shape: Sizes
    time_limit: Coefficients
    trained_lengths: tuple[Count, Count]
    settings: dict[str, Any] = field(default_factory=dict)
    modules: tuple[ModuleCard, ...] = ()
    calls: tuple[str, ...] = ()
