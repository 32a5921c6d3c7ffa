"""What the card of a sequence-to-sequence network must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from neuralprog_agents.training.ranges import Within

Model = Literal["lstm", "lstm-attention", "transformer"]
Format = Literal["text", "stacked", "aligned"]
Hidden = Annotated[int, Within(8, 2**16)]
Layers = Annotated[int, Within(1, 32)]


@dataclass(frozen=True)
class Form:
    """The sizes of a network and its format; see ``Config``."""

    model: Model
    format: Format
    hidden: Hidden
    layers: Layers

    def __post_init__(self) -> None:
        if self.hidden % 8:
            raise ValueError(f"hidden must be a multiple of 8, got {self.hidden}")
        if self.format == "aligned" and self.model != "lstm":
            raise ValueError("format aligned is read and answered in step: model must be lstm")


@dataclass(frozen=True)
class Card:
    """Where its pairs come from, with which settings, and the network's form."""

    env: str
    settings: dict[str, Any]
    form: Form
