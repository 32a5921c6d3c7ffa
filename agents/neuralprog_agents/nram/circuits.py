"""The discretised NRAM at work: circuits executed by the tape machine of the environments.

A feed-forward controller, discretised, is a table with one circuit for each of the 2^R patterns of
zero registers (Kurach et al. 2016, section 3.4); the machine that runs them is the very one
behind the environment's circuit mode.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.nram.discretise import Stepper, circuit_table
from neuralprog_agents.nram.shape import Shape
from neuralprog_envs.core import batch
from neuralprog_envs.tape.machine import TapeInstances, TapeMachine, TapeState

Table = NDArray[np.int64]
Flags = NDArray[Any]


class Controller(Protocol):
    """Whatever chooses the circuits of n machines by looking at their zero registers."""

    def start(self, n: int) -> None:
        """Forget everything; n new runs begin."""

    def choose(self, flags: Flags) -> NDArray[np.int64]:
        """Return a circuit for each machine, shape (n, K), from its flags, shape (n, R)."""


class TableController:
    """A table of circuits, shape (2^R, K); it has no memory of its own."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def start(self, n: int) -> None:
        """Do nothing."""

    def choose(self, flags: Flags) -> NDArray[np.int64]:
        """Look the circuits up."""
        return self.table[patterns(flags)]


class RecurrentController:
    """A discretised LSTM, which remembers: its choices depend on all flags so far."""

    def __init__(self, theta: NDArray[Any], shape: Shape) -> None:
        self._stepper = Stepper(theta, shape)

    def start(self, n: int) -> None:
        """Forget all flags."""
        self._stepper.reset()

    def choose(self, flags: Flags) -> NDArray[np.int64]:
        """Advance the LSTM by one step."""
        return self._stepper(flags)


def controller(theta: NDArray[Any], shape: Shape) -> Controller:
    """Return the discretised controller of weights theta, shape (P,)."""
    if shape.controller == "mlp":
        return TableController(circuit_table(theta, shape))
    return RecurrentController(theta, shape)


def patterns(flags: Flags) -> NDArray[np.int64]:
    """Return the row of the table for each row of zero-flags: Σ_j flag_j · 2^j, shape (n,)."""
    return flags.astype(np.int64) @ (1 << np.arange(flags.shape[1], dtype=np.int64))


def run(
    machine: TapeMachine,
    controller: Controller,
    instances: TapeInstances,
    limits: NDArray[Any],
) -> TapeState:
    """Run a controller on n instances until each finishes or reaches its own limit.

    Args:
        machine: A machine in circuit mode.
        controller: What chooses the circuits.
        instances: What is posed.
        limits: The time limit T of each instance, shape (n,).

    Returns:
        The final states; a row that has ended stays as it was then.
    """
    state = final = machine.initial(instances)
    controller.start(len(limits))
    for step in range(1, int(limits.max()) + 1):
        state = machine.step(state, controller.choose(state.registers == 0))
        ended = np.flatnonzero((final.steps == 0) & (state.halted | (limits == step)))
        batch.put(final, ended, batch.take(state, ended))
        if final.steps.all():
            break
    return final


def visited(
    machine: TapeMachine, table: Table, instances: TapeInstances, limits: NDArray[Any]
) -> list[int]:
    """Return the patterns that occur while a table runs on some instances, in order of arrival."""
    seen: dict[int, None] = {}
    state = machine.initial(instances)
    for step in range(int(limits.max())):
        now = patterns(state.registers == 0)
        seen |= dict.fromkeys(now[~state.halted & (limits > step)].tolist())
        state = machine.step(state, table[now])
    return list(seen)
