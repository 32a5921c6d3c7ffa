"""The Neural Programmer as a policy, with its action probabilities, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softmax

from neuralprog_agents.agents.neural_programmer import model
from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.tensors import Questions, questions_seen

Probabilities = dict[str, NDArray[Any]]


class ProgrammerPolicy:
    """Reads the question, chooses T actions by argmax, and plays them.

    The networks' parameters θ have shape (P,); the test tables have ``columns`` columns, and their
    numbers the range ``value_range``.
    """

    def __init__(
        self,
        env_id: str,
        shape: Shape,
        theta: NDArray[np.float32],
        columns: int,
        value_range: float,
    ) -> None:
        self.env_id, self.shape = env_id, shape
        self.theta = torch.tensor(theta)
        self.columns, self.value_range = columns, value_range
        self._program: NDArray[np.int64] | None = None
        self._observation: Any = None
        self._step = 0

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings: the kind of tables, T, the operations."""
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
        if self._program is None:
            raise ValueError("there are no action probabilities before the first action")
        parameters = model.unflatten(self.theta, self.shape)
        questions = questions_seen(self._observation)
        return action_probabilities(parameters, self.shape, questions, self._program)[self._step]

    def _choose(self, observation: Any) -> NDArray[np.int64]:
        """Return each environment's program, (n, T, 3); it does not depend on the table."""
        with torch.no_grad():
            parameters = model.unflatten(self.theta, self.shape)
            questions = questions_seen(observation)
            return model.actions(model.choose(parameters, self.shape, questions, hard=True)).numpy()


def action_probabilities(
    p: model.Parameters, shape: Shape, questions: Questions, programs: NDArray[np.int64]
) -> list[Probabilities]:
    """Return the action probabilities of each step of programs, (B, T, 3), given the earlier steps.

    Returns:
        For each of T steps the distributions "operation" (B, O) and "column" (B, C); "numbers"
        (B, N), the pivot's, all 0 where none is read; and "words" (B, Q) if the network attends.
    """
    with torch.no_grad():
        seen, every = model.encode(p, shape, questions), torch.arange(len(programs))
        h, found = seen.q.new_zeros(len(programs), shape.hidden), []
        for action in torch.as_tensor(programs).unbind(dim=1):
            operation, column, _ = action.unbind(dim=1)
            found.append(_choices(p, shape, seen, h) | _pivots(p, seen, questions, operation))
            h = model.history(p, p["U"][operation], seen.names[every, column], h)
        return found


def _choices(p: model.Parameters, shape: Shape, seen: model.Encoding, h: Tensor) -> Probabilities:
    operations, columns = model.scores(p, shape, seen, h)
    weights = {"operation": softmax(operations, dim=1), "column": softmax(columns, dim=1)}
    if shape.attention:
        weights["words"] = model.attention(p, seen, h)
    return {name: value.numpy() for name, value in weights.items()}


def _pivots(
    p: model.Parameters, seen: model.Encoding, questions: Questions, operation: Tensor
) -> Probabilities:
    weights = torch.zeros(seen.left.shape[:2])
    for name in ("greater", "lesser"):
        rows = operation == OPERATIONS.index(name)
        weights[rows] = model.pivot_weights(p, name, seen.left, questions)[rows]
    return {"numbers": weights.numpy()}
