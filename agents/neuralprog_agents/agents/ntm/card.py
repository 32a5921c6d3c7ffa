"""What the card of a Neural Turing Machine must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from neuralprog_agents.training.ranges import Within

Controller = Literal["lstm", "mlp"]
Hidden = Annotated[int, Within(1, 2**16)]
Width = Annotated[int, Within(1, 2**10)]
Rows = Annotated[int, Within(3, 2**12)]
Bits = Annotated[int, Within(1, 30)]


@dataclass(frozen=True)
class Form:
    """The sizes of a machine, and the bits in which it reads and answers a cell; see ``Config``."""

    controller: Controller
    hidden: Hidden
    width: Width
    rows: Rows
    bits: Bits


@dataclass(frozen=True)
class Card:
    """Where its pairs come from, with which settings, and the machine's form."""

    env: str
    settings: dict[str, Any]
    form: Form
