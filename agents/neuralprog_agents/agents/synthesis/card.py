"""What the card of a synthesis must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from neuralprog_agents.npi_network.sizes import Sizes
from neuralprog_agents.training.ranges import Within


@dataclass(frozen=True)
class Card:
    """Where it acts, how far beyond its training it is proven, and the sizes of a network."""

    env: str
    settings: dict[str, Any]
    beyond: Annotated[int, Within(0, 8)]
    sizes: Sizes | None = None
