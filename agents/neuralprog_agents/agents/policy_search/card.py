"""What the card of a table policy must hold, besides its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from neuralprog_agents.training.ranges import Within

OwnActions = Annotated[int, Within(0, 64)]


@dataclass(frozen=True)
class Card:
    """Where it acts, and how many of a call's own last actions are part of a situation."""

    env: str
    settings: dict[str, Any]
    own_actions: OwnActions
