"""What the card of a synthesis must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from neuralprog_agents.npi_network.sizes import Sizes
from neuralprog_agents.training.ranges import Within

Beyond = Annotated[int, Within(1, 8)]
"""The longest instance of a proof, which checks every state of all instances up to it."""


@dataclass(frozen=True)
class Card:
    """Where it acts, how far beyond its training it is proven, and the sizes of a network."""

    env: str
    settings: dict[str, Any]
    beyond: Beyond
    sizes: Sizes | None = None
