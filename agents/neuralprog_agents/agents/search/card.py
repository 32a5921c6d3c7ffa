"""What the card of a found program must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_agents.circuits.tables import Coefficients
from neuralprog_agents.training.schema import Count


@dataclass(frozen=True)
class Card:
    """Where it acts, the time limit, and the lengths it learned from."""

    env: str
    time_limit: Coefficients
    trained_lengths: tuple[Count, Count]
