"""The schema of the card of an AlphaNPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuralprog_agents.training.schema import Size


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network.

    ``view`` has the number of values of each of the E view components, at least one. There are C
    choices, D numbers ``state`` that the encoder makes, P numbers for a ``program``, and ``hidden``
    units in the encoder's layer and in the LSTM.
    """

    view: tuple[Size, ...]
    programs: Size
    choices: Size
    state: Size
    program: Size
    hidden: Size

    def __post_init__(self) -> None:
        if not self.view:
            raise ValueError("a view has at least one component")


@dataclass(frozen=True)
class Card:
    """The id of the environment, its settings, and the sizes of the network."""

    env: str
    settings: dict[str, Any]
    sizes: Sizes
