"""A trained network as a policy that says its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from neuralprog_agents.agent import Tensors
from neuralprog_agents.sequences.learner import Learner
from neuralprog_agents.training.network import check_fits, set_weights


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


def restore(
    env_id: str, settings: Mapping[str, Any], build: Callable[[], Learner], weights: Tensors
) -> Saying:
    """Return the policy of a network with trained weights; see ``Saying``.

    Raises:
        ValueError: They are not of its sizes.
    """
    check_fits(lambda: build().model, weights)
    learner = build()
    set_weights(learner.model, weights)
    return Saying(env_id, learner, settings)
