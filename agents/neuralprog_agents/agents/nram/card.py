"""What the card of an NRAM must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_agents.agents.nram.shape import Shape
from neuralprog_agents.circuits.tables import Coefficients
from neuralprog_agents.training.schema import Count


@dataclass(frozen=True)
class Card:
    """Where it acts, the controller's shape, the time limit, and the lengths it learned from."""

    env: str
    shape: Shape
    time_limit: Coefficients
    trained_lengths: tuple[Count, Count]
