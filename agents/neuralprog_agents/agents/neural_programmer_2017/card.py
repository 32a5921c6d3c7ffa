"""What the card of the 2017 system must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from neuralprog_agents.training.ranges import Within
from neuralprog_agents.training.schema import Size


@dataclass(frozen=True)
class Shape:
    """Sizes of the networks.

    Attributes:
        words: Words of the vocabulary.
        operations: Their names, by number.
        hidden: d, an even number.
        embedding: The size of words' and operations' vectors.
        steps: T.
    """

    words: Size
    operations: tuple[str, ...]
    hidden: Size
    embedding: Size
    steps: Annotated[int, Within(1, 64)] = 4


@dataclass(frozen=True)
class Card:
    """Where it acts, how many networks of which sizes decide together, and with which beam."""

    env: str
    settings: dict[str, Any]
    shape: Shape
    networks: Annotated[int, Within(1, 64)]
    beam: Annotated[int, Within(1, 1024)]
