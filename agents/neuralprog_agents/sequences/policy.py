"""A trained network as a policy that says its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray

from neuralprog_agents.sequences.learner import Learner


class Saying:
    """A network that reads what is posed and says the answer; see ``agent.Answerer``.

    Args:
        env_id: The environment whose pairs it learned from.
        learner: The network.
        settings: The environment's keyword arguments, besides the length.
    """

    def __init__(self, env_id: str, learner: Learner, settings: Mapping[str, Any]) -> None:
        self.env_id, self._learner, self._settings = env_id, learner, dict(settings)
        learner.model.eval()

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's arguments, the same for every length."""
        return dict(self._settings)

    def answer(self, task: Any, instances: Any) -> list[list[Any]]:
        """Return the answer to each of n instances, the likeliest symbol after symbol."""
        with torch.inference_mode():
            return self._learner.answer(task, instances)


def restore(learner: Learner, weights: Mapping[str, NDArray[Any]]) -> None:
    """Put trained weights into a network.

    Raises:
        ValueError: They are not of its sizes.
    """
    wanted = {name: tuple(array.shape) for name, array in learner.model.named_parameters()}
    if {name: array.shape for name, array in weights.items()} != wanted:
        raise ValueError("these weights do not fit the network that the card describes")
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    learner.model.load_state_dict(tensors)
