"""The action probabilities of a program, step by step, for the viewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agents.neural_programmer_2017.features import Features
from neuralprog_agents.agents.neural_programmer_2017.model import Encoding, Programmer
from neuralprog_envs.table.ops import OPERATIONS

Probabilities = dict[str, NDArray[Any]]


def action_probabilities(
    models: Sequence[Programmer], features: Features, programs: NDArray[np.int64]
) -> list[Probabilities]:
    """Return the action probabilities of each step, given the program's earlier steps.

    The beam search also looks at what programs do, so the likeliest choice is not always taken.

    Args:
        models: The networks, whose probabilities are averaged.
        features: B questions.
        programs: The program of each, resets in front, (B, T, 3).

    Returns:
        For each of T steps the distributions "operation" (B, O), "column" (B, C), "numbers"
        (B, N) and "words" (B, Q); all 0 where a step is padding, or reads no column or number.
    """
    with torch.no_grad():
        found = [_of_one(model, features, torch.as_tensor(programs)) for model in models]
    return [
        {name: np.mean([each[t][name].numpy() for each in found], axis=0) for name in found[0][t]}
        for t in range(programs.shape[1])
    ]


def _of_one(model: Programmer, features: Features, programs: Tensor) -> list[dict[str, Tensor]]:
    seen, steps, every = model.encode(features), [], torch.arange(len(programs))
    h, names = model.initial_history(seen), model.shape.operations
    for operation, column, _ in (step.unbind(dim=1) for step in programs.unbind(dim=1)):
        goes = _where(lambda name: name != "reset", names, operation)
        reads = _where(lambda name: OPERATIONS[name].column, names, operation)
        compares = _where(lambda name: OPERATIONS[name].pivot, names, operation)
        steps.append(_weights(model, seen, h, operation, (goes, reads, compares)))
        h = torch.where(goes > 0, model.next_history(h, operation, seen.P[every, column]), h)
    return steps


def _where(holds: Callable[[str], bool], names: Sequence[str], operation: Tensor) -> Tensor:
    """Return 1 where something holds of an operation's name, else 0, (B, 1)."""
    return torch.tensor([float(holds(name)) for name in names])[operation][:, None]


def _weights(
    model: Programmer, seen: Encoding, h: Tensor, operation: Tensor, masks: tuple[Tensor, ...]
) -> dict[str, Tensor]:
    goes, reads, compares = masks
    context = model.context(seen, h)
    return {
        "operation": model.operations(seen, context).exp() * goes,
        "column": model.columns(seen, context, operation).exp() * goes * reads,
        "numbers": model.pivots(seen, operation).exp() * goes * compares,
        "words": model.attention(seen, h) * goes,
    }
