"""From a soft controller to certain choices (paper, section 3.4), in plain NumPy.

Every softmax becomes its largest logit, and the finish bit is finish logit > 0. Choices are
actions of the env's circuit mode: arguments in module order, register sources, finish.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.shape import Shape, unpack
from neuralprog_agents.circuits.program import with_learned
from neuralprog_agents.circuits.tables import CircuitTable, patterns
from neuralprog_envs.tape.machine import TapeMachine

State = tuple[NDArray[Any], NDArray[Any]] | None
"""Cell c and output h of the LSTM, each (N, H); None before the first step, and for the MLP."""


def controller(
    theta: NDArray[Any], shape: Shape, flags: NDArray[Any], state: State = None
) -> tuple[NDArray[np.float64], State]:
    """Logits (N, outputs) and the next state for flags (N, R), where 1: a register holds 0."""
    *hidden, (weight, bias) = unpack(np.asarray(theta, np.float64), shape)
    x = np.asarray(flags, np.float64)
    if shape.controller == "lstm":
        (inner, offset), gates = hidden
        state = _cell(np.maximum(x @ inner.T + offset, 0), gates, state)
        x = state[1]
    else:
        for inner, offset in hidden:
            x = np.maximum(x @ inner.T + offset, 0)
    return x @ weight.T + bias, state


def _cell(
    x: NDArray[Any], gates: tuple[NDArray[Any], NDArray[Any]], state: State
) -> tuple[NDArray[Any], NDArray[Any]]:
    """One LSTM step: c' = σ(f) c + σ(i) tanh g and h' = σ(o) tanh c'."""
    c, h = state or (np.zeros_like(x), np.zeros_like(x))
    weight, bias = gates
    i, f, g, o = np.split(np.concatenate([x, h], axis=1) @ weight.T + bias, 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return c, _sigmoid(o) * np.tanh(c)


def _sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    return 0.5 * (1 + np.tanh(0.5 * x))  # never overflows


def choices(logits: NDArray[Any], shape: Shape) -> NDArray[np.int64]:
    """The largest logit of every softmax, and finish: (N, outputs) to (N, K)."""
    columns = [logits[:, s.slice].argmax(1) for s in shape.softmaxes]
    return np.stack([*columns, logits[:, -1] > 0], axis=1).astype(np.int64)


def circuit_table(theta: NDArray[Any], shape: Shape) -> CircuitTable:
    """The whole program of an MLP: choices (2^R, K), row Σ_j flag_j 2^j."""
    return choices(_table_logits(theta, shape), shape)


def probability_table(theta: NDArray[Any], shape: Shape) -> dict[str, NDArray[np.float64]]:
    """Return an MLP's softmaxes, by the inputs' names, and "finish".

    Returns:
        For each integer of an action (``action_names``) its distribution for each pattern of
        flags, shape (2^R, choices), rows as in ``circuit_table``.
    """
    logits = _table_logits(theta, shape)
    machine = TapeMachine(
        shape.memory,
        shape.registers,
        "circuit",
        repetitions=shape.repetitions,
        module_list=with_learned(shape.learned),
    )
    parts = [logits[:, softmax.slice] for softmax in shape.softmaxes]
    finish = np.stack([np.zeros(len(logits)), logits[:, -1]], axis=1)
    weights = [_softmax(part) for part in (*parts, finish)]
    return dict(zip(machine.action_names, weights, strict=True))


def _table_logits(theta: NDArray[Any], shape: Shape) -> NDArray[np.float64]:
    if shape.controller != "mlp":
        raise ValueError("only an MLP has a table: an LSTM's choices depend on its past")
    flags = np.arange(2**shape.registers)[:, None] >> np.arange(shape.registers) & 1
    return controller(theta, shape, flags)[0]


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


class Stepper:
    """A discretised controller of either kind at work: flags (n, R) in, choices (n, K) out.

    An MLP's choices are looked up in its table. An LSTM's depend on all flags since ``reset``.
    """

    def __init__(self, theta: NDArray[Any], shape: Shape) -> None:
        self.theta, self.shape = theta, shape
        self.state: State = None
        self.table = circuit_table(theta, shape) if shape.controller == "mlp" else None

    def reset(self) -> None:
        """Forget the past."""
        self.state = None

    def __call__(self, flags: NDArray[Any]) -> NDArray[np.int64]:
        """Return the choices of the next step."""
        if self.table is not None:
            return self.table[patterns(flags)]
        logits, self.state = controller(self.theta, self.shape, flags, self.state)
        return choices(logits, self.shape)
