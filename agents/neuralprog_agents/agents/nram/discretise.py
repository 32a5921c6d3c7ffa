"""From a soft controller to certain choices (paper, section 3.4), in plain NumPy.

Every softmax becomes its largest logit, and the finish bit is finish logit > 0. Choices are
actions of the env's circuit mode: arguments in module order, register sources, finish.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.shape import Shape
from neuralprog_agents.circuits.tables import patterns

State = tuple[NDArray[Any], NDArray[Any]]
"""Cell c and output h of the LSTM, each (N, H)."""


def unpack(theta: NDArray[Any], shape: Shape) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """(weight, bias) of every linear layer, as views of theta (P,)."""
    blocks = [theta[p.slice].reshape(p.shape) for p in shape.parameters]
    return list(zip(blocks[::2], blocks[1::2], strict=True))


def choices(logits: NDArray[Any], shape: Shape) -> NDArray[np.int64]:
    """The largest logit of every softmax, and finish: (N, outputs) to (N, K)."""
    columns = [logits[:, s.slice].argmax(1) for s in shape.softmaxes]
    return np.stack([*columns, logits[:, -1] > 0], axis=1).astype(np.int64)


def wiring(
    theta: NDArray[Any], shape: Shape, flags: NDArray[Any], state: State | None = None
) -> NDArray[np.int64] | tuple[NDArray[np.int64], State]:
    """Choices (N, K) for flags (N, R), where 1 says that a register holds 0.

    With an LSTM also the next state; ``state`` None is the state before the first step.
    """
    layers = unpack(np.asarray(theta, np.float64), shape)
    x = np.asarray(flags, np.float64)
    if shape.controller == "lstm":
        x, state = _lstm(layers, shape, x, state)
        weight, bias = layers[-1]
        return choices(x @ weight.T + bias, shape), state
    for weight, bias in layers[:-1]:
        x = np.maximum(x @ weight.T + bias, 0)
    weight, bias = layers[-1]
    return choices(x @ weight.T + bias, shape)


def _lstm(
    layers: list[tuple[NDArray[Any], NDArray[Any]]],
    shape: Shape,
    x: NDArray[Any],
    state: State | None,
) -> tuple[NDArray[Any], State]:
    (weight, bias), (gate_weight, gate_bias), _ = layers
    zeros = np.zeros((len(x), shape.hidden))
    c, h = state if state is not None else (zeros, zeros)
    hidden = np.maximum(x @ weight.T + bias, 0)
    gates = np.concatenate([hidden, h], axis=1) @ gate_weight.T + gate_bias
    i, f, g, o = np.split(gates, 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    h = _sigmoid(o) * np.tanh(c)
    return h, (c, h)


def _sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    return 0.5 * (1 + np.tanh(0.5 * x))  # never overflows


def circuit_table(theta: NDArray[Any], shape: Shape) -> NDArray[np.int64]:
    """The whole program of an MLP: choices (2^R, K), row Σ_j flag_j 2^j."""
    if shape.controller != "mlp":
        raise ValueError("only an MLP has a table: an LSTM's choices depend on its past")
    rows = np.arange(2**shape.registers)
    flags = rows[:, None] >> np.arange(shape.registers) & 1
    table = wiring(theta, shape, flags)
    assert not isinstance(table, tuple)
    return table


class Stepper:
    """A discretised controller of either kind at work: flags (n, R) in, choices (n, K) out.

    An MLP's choices are looked up in its table. An LSTM's depend on all flags since ``reset``.
    """

    def __init__(self, theta: NDArray[Any], shape: Shape) -> None:
        self.theta, self.shape = theta, shape
        self.state: State | None = None
        self.table = circuit_table(theta, shape) if shape.controller == "mlp" else None

    def reset(self) -> None:
        """Forget the past."""
        self.state = None

    def __call__(self, flags: NDArray[Any]) -> NDArray[np.int64]:
        """Return the choices of the next step."""
        if self.table is not None:
            return self.table[patterns(flags)]
        result = wiring(self.theta, self.shape, flags, self.state)
        assert isinstance(result, tuple)
        result, self.state = result
        return result
