"""The action probabilities of a program, step by step, for the viewer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softmax

from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.model import (
    Encoding,
    Parameters,
    attention,
    encode,
    history,
    pivot_weights,
    scores,
)
from neuralprog_agents.agents.neural_programmer.tensors import Questions

Probabilities = dict[str, NDArray[Any]]


def action_probabilities(
    p: Parameters, shape: Shape, questions: Questions, programs: NDArray[np.int64]
) -> list[Probabilities]:
    """Return the action probabilities of each step, given the program's earlier steps.

    Args:
        p: The parameters.
        shape: The networks' sizes.
        questions: B questions.
        programs: The program of each, (B, T, 3).

    Returns:
        For each of T steps the distributions "operation" (B, O) and "column" (B, C); "numbers"
        (B, N), the pivot's, all 0 where none is read; and "words" (B, Q) if the network attends.
    """
    with torch.no_grad():
        seen, every = encode(p, shape, questions), torch.arange(len(programs))
        h, found = seen.q.new_zeros(len(programs), shape.hidden), []
        for action in torch.as_tensor(programs).unbind(dim=1):
            operation, column, _ = action.unbind(dim=1)
            found.append(_choices(p, shape, seen, h) | _pivots(p, seen, questions, operation))
            h = history(p, p["U"][operation], seen.names[every, column], h)
        return found


def _choices(p: Parameters, shape: Shape, seen: Encoding, h: Tensor) -> Probabilities:
    operations, columns = scores(p, shape, seen, h)
    weights = {"operation": softmax(operations, dim=1), "column": softmax(columns, dim=1)}
    if shape.attention:
        weights["words"] = attention(p, seen, h)
    return {name: value.numpy() for name, value in weights.items()}


def _pivots(
    p: Parameters, seen: Encoding, questions: Questions, operation: Tensor
) -> Probabilities:
    weights = torch.zeros(seen.left.shape[:2])
    for name in ("greater", "lesser"):
        rows = operation == OPERATIONS.index(name)
        weights[rows] = pivot_weights(p, name, seen.left, questions)[rows]
    return {"numbers": weights.numpy()}
