"""The action probabilities of an MLP controller, for the viewer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.discretise import unpack
from neuralprog_agents.agents.nram.shape import Shape
from neuralprog_envs.tape.machine import TapeMachine


def probability_table(theta: NDArray[Any], shape: Shape) -> dict[str, NDArray[np.float64]]:
    """Return an MLP's softmaxes, by the inputs' names, and "finish".

    Returns:
        For each integer of an action (``action_names``) its distribution for each pattern of
        flags, shape (2^R, choices), rows as in ``discretise.circuit_table``.
    """
    logits = _logits(theta, shape)
    machine = TapeMachine(shape.memory, shape.registers, "circuit", repetitions=shape.repetitions)
    parts = [logits[:, softmax.slice] for softmax in shape.softmaxes]
    finish = np.stack([np.zeros(len(logits)), logits[:, -1]], axis=1)
    weights = [_softmax(part) for part in (*parts, finish)]
    return dict(zip(machine.action_names, weights, strict=True))


def _logits(theta: NDArray[Any], shape: Shape) -> NDArray[np.float64]:
    rows = np.arange(2**shape.registers)
    x = (rows[:, None] >> np.arange(shape.registers) & 1).astype(np.float64)
    *hidden, (weight, bias) = unpack(np.asarray(theta, np.float64), shape)
    for inner, offset in hidden:
        x = np.maximum(x @ inner.T + offset, 0)
    return x @ weight.T + bias


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
