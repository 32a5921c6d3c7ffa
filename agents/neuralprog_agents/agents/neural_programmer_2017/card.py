"""The schema of the card of the 2017 system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from neuralprog_agents.training.ranges import Within
from neuralprog_agents.training.schema import Size

PARTS = ("links", "traits", "selection", "sums")
"""What programs and networks may do without, besides operations: the links of words to columns, the
features of columns, what a program has selected, and the sums of programs with the same answer."""

Steps = Annotated[int, Within(1, 64)]
Beam = Annotated[int, Within(1, 1024)]


@dataclass(frozen=True)
class Shape:
    """Sizes of the networks.

    Attributes:
        words: The number of words in the vocabulary.
        operations: The names of the operations, by number.
        hidden: d, an even number.
        embedding: The size of words' and operations' vectors.
        steps: T.
        without: Operations that no program has, and ``PARTS`` that are left out.
    """

    words: Size
    operations: tuple[str, ...]
    hidden: Size
    embedding: Size
    steps: Steps = 4
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """The id of the environment, its settings, the networks' sizes and number, and the beam."""

    env: str
    settings: dict[str, Any]
    shape: Shape
    networks: Annotated[int, Within(1, 64)]
    beam: Beam
