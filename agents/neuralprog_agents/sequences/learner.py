"""What a network must offer to be trained on pairs, and to answer."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn


class Learner(Protocol):
    """A network that reads instances and says answers."""

    @property
    def model(self) -> nn.Module:
        """What is trained."""

    def loss(self, task: Any, instances: Any) -> Tensor:
        """Return the mean cost of the right answers of n instances."""

    def answer(self, task: Any, instances: Any) -> list[list[Any]]:
        """Return the answer to each of n instances, as ``Task.answers`` lists it."""
