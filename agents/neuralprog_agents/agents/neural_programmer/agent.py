"""The Neural Programmer as an agent: its config, its learner, and its hard policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.neural_programmer.card import Card
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.training.checkpoint import check_arrays
from neuralprog_envs.registry import find

if TYPE_CHECKING:
    from neuralprog_agents.agent import Tensors
    from neuralprog_agents.agents.neural_programmer.card import Shape
    from neuralprog_agents.agents.neural_programmer.train import ProgrammerLearner

__all__ = ["SUPERVISION", "Card", "Config", "ProgrammerPolicy", "check", "learner", "load"]

SUPERVISION = "answers"


class ProgrammerPolicy:
    """Reads the question, chooses T actions by argmax, and plays them.

    Args:
        env_id: The id of the environment it was trained for.
        shape: The sizes of the networks.
        theta: θ, their parameters, (P,).
        columns: The number of columns of the test tables.
        value_range: The range of the numbers in the test tables.
    """

    def __init__(
        self,
        env_id: str,
        shape: Shape,
        theta: NDArray[np.float32],
        columns: int,
        value_range: float,
    ) -> None:
        import torch

        self.env_id, self.shape = env_id, shape
        self.theta = torch.tensor(theta)
        self.columns, self.value_range = columns, value_range
        self._program: NDArray[np.int64] | None = None
        self._observation: Any = None
        self._step = 0

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings: the kind of tables, T, the operations."""
        from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS

        return {
            "columns": self.columns,
            "value_range": self.value_range,
            "steps": self.shape.steps,
            "operations": list(OPERATIONS),
        }

    def start(self, n: int) -> None:
        """Forget the questions of earlier episodes."""
        self._program = None

    def act(self, observation: Any, action_mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the action of each environment, (operation, column, pivot), shape (n, 3)."""
        if self._program is None:
            self._program, self._observation = self._choose(observation), observation
        done = (observation["program"][:, :, 0] > 0).sum(axis=1)
        self._step = int(done.min())
        return self._program[np.arange(len(done)), np.minimum(done, self.shape.steps - 1)]

    def action_probabilities(self) -> dict[str, NDArray[Any]]:
        """Return the probabilities behind the last actions; see ``agent.Policy``."""
        from neuralprog_agents.agents.neural_programmer.model import unflatten
        from neuralprog_agents.agents.neural_programmer.probabilities import action_probabilities
        from neuralprog_agents.agents.neural_programmer.tensors import questions_seen

        if self._program is None:
            raise ValueError("there are no action probabilities before the first action")
        parameters = unflatten(self.theta, self.shape)
        questions = questions_seen(self._observation)
        return action_probabilities(parameters, self.shape, questions, self._program)[self._step]

    def _choose(self, observation: Any) -> NDArray[np.int64]:
        """Return each environment's program, (n, T, 3); it does not depend on the table."""
        import torch

        from neuralprog_agents.agents.neural_programmer.model import actions, choose, unflatten
        from neuralprog_agents.agents.neural_programmer.tensors import questions_seen

        with torch.no_grad():
            parameters = unflatten(self.theta, self.shape)
            questions = questions_seen(observation)
            return actions(choose(parameters, self.shape, questions, hard=True)).numpy()


def check(config: Config) -> None:
    """Raise ValueError if the environment is not a synthetic table task."""
    if find(config.env).family != "table" or "real" in find(config.env).tags:
        raise ValueError(
            f"neural_programmer supports synthetic table tasks only; {config.env} is not one"
        )
    from neuralprog_agents.agents.neural_programmer.data import task_of

    task_of(config)


def learner(config: Config, index: int) -> ProgrammerLearner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.neural_programmer import train

    return train.ProgrammerLearner(config, index)


def load(weights: Tensors, card: Card) -> ProgrammerPolicy:
    """Return the policy of "theta", shape (P,), float32; see ``AgentModule.load``."""
    check_arrays(weights, {"theta": ("float32", (card.shape.size,))})
    theta = weights["theta"]
    return ProgrammerPolicy(card.env, card.shape, theta, card.columns, card.value_range)
