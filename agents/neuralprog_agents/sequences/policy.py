"""A trained network as a policy that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from neuralprog_agents.agent import Tensors
from neuralprog_agents.sequences.training import SequenceModel
from neuralprog_agents.training.network import check_fits, set_weights


class SequencePolicy:
    """A network that reads an instance and writes the answer; see ``agent.Answerer``.

    ``settings`` are the environment's keyword arguments, besides the length.

    Raises:
        ValueError: The weights are not those of this network.
    """

    def __init__(
        self,
        env_id: str,
        settings: Mapping[str, Any],
        build: Callable[[], SequenceModel],
        weights: Tensors,
    ) -> None:
        check_fits(lambda: build().model, weights)
        self.env_id, self._settings, self._network = env_id, dict(settings), build()
        set_weights(self._network.model, weights)
        self._network.model.eval()

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's arguments, the same for every length."""
        return dict(self._settings)

    def answer(self, task: Any, instances: Any) -> list[list[Any]]:
        """Return the answer to each of n instances, the likeliest symbol after symbol."""
        with torch.inference_mode():
            return self._network.answer(task, instances)
