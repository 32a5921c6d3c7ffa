"""The schema of the card of a Neural Programmer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from neuralprog_agents.training.ranges import Ascending, Within
from neuralprog_agents.training.schema import Size

Steps = Annotated[int, Within(1, 64)]
_COLUMNS = Within(1, 1000)
Columns = Annotated[tuple[int, int], Ascending(_COLUMNS)]
ValueRange = Annotated[float, Within(0.01, 1e6)]


@dataclass(frozen=True)
class Shape:
    """Sizes of the networks, with the paper's d, ``hidden``, and T, ``steps``.

    ``words`` is the number of words in the vocabulary. If ``bidirectional``, the question is also
    read from right to left; with ``attention`` each step attends to the states of its words, and
    with ``pointer`` a column's score has the log of the attention on its name.
    """

    words: Size
    hidden: Size
    steps: Steps
    bidirectional: bool = False
    attention: bool = False
    pointer: bool = False

    def __post_init__(self) -> None:
        check_pointer(self.pointer, self.attention)

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter; q has size d, or 2 d if the question is read both ways."""
        from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS

        d = self.hidden
        q = 2 * d if self.bidirectional else d
        seen = q + d if self.attention else q
        shapes: dict[str, tuple[int, ...]] = {
            "V": (self.words, d),
            "U": (len(OPERATIONS), d),
            "W_question": (d, 2 * d),
            "W_operation": (d, seen + d),
            "W_column": (d, seen + d),
            "W_history": (d, 3 * d),
        }
        backward: dict[str, tuple[int, ...]] = {"W_backward": (d, 2 * d)}
        attention: dict[str, tuple[int, ...]] = {"W_attention": (d, q + d)}
        return (
            shapes
            | (backward if self.bidirectional else {})
            | (attention if self.attention else {})
        )

    @property
    def size(self) -> int:
        """P, the number of parameters."""
        return sum(math.prod(shape) for shape in self.parameters.values())


def check_pointer(pointer: bool, attention: bool) -> None:
    """Raise ValueError if a pointer has no attention to point with."""
    if pointer and not attention:
        raise ValueError("pointer needs attention: true")


@dataclass(frozen=True)
class Card:
    """The id of the environment, the sizes of the networks, and the kind of test tables."""

    env: str
    shape: Shape
    columns: Annotated[int, _COLUMNS]
    value_range: ValueRange
