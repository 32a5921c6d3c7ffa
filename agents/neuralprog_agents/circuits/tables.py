"""Tables of circuits: programs that look at zero registers, and act on the tape machine.

A program without a memory of its own is a table with one circuit for each of the 2^R patterns of
zero registers (Kurach et al. 2016, section 3.4). A pattern is Σ_j [r_j = 0] · 2^j.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.training.ranges import Each, Within
from neuralprog_envs.core import batch
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.ops import MODULES, Module
from neuralprog_envs.tape.state import TapeInstances, TapeState

CircuitTable = NDArray[np.int64]
"""One circuit for each pattern, shape (2^R, K)."""

Coefficients = Annotated[tuple[int, ...], Each(Within(0, 10_000))]
"""Those of a polynomial in n: the most steps of an instance of length n. Cards have c_0 first,
settings the highest power."""

Choose = Callable[[NDArray[Any]], NDArray[np.int64]]
"""What chooses circuits, shape (n, K), by looking at zero-flags, shape (n, R)."""


def coefficients(steps: Sequence[int]) -> tuple[int, ...]:
    """Return (c_0, c_1, c_2) from the setting ``steps``, whose highest power is first."""
    return tuple(reversed((0, 0, *steps)))[:3]


def limits(coefficients: Sequence[int], lengths: Any) -> Any:
    """Return T, at least 1, of each length n, like ``lengths``: an integer or an array."""
    n = np.asarray(lengths, dtype=np.int64)
    return np.maximum(1, sum(c * n**k for k, c in enumerate(coefficients)))


def settings(
    registers: int, repetitions: int, limit: int, modules: Sequence[Module] = MODULES
) -> dict[str, Any]:
    """Return the environment's arguments for a program: circuit mode, flags, and T."""
    own = {} if modules == MODULES else {"modules": modules}
    return {
        "action": "circuit",
        "observation": "flags",
        "registers": registers,
        "repetitions": repetitions,
        "max_steps": limit,
        **own,
    }


def patterns(flags: NDArray[Any]) -> NDArray[np.int64]:
    """Return the pattern of each row of zero-flags, shape (n,), from shape (n, R)."""
    return flags.astype(np.int64) @ (1 << np.arange(flags.shape[1], dtype=np.int64))


def look_up(table: CircuitTable) -> Choose:
    """Return the choices of a table."""
    return lambda flags: table[patterns(flags)]


def check_table(table: CircuitTable, machine: TapeMachine) -> None:
    """Raise ValueError unless a table holds circuits of a machine: compiled code does not look."""
    wanted = (1 << machine.registers, len(machine.actions))
    if table.shape != wanted:
        raise ValueError(f"a table of circuits of shape {table.shape} should be {wanted}")
    if (table < 0).any() or (table >= np.array(machine.actions)).any():
        raise ValueError("the table wires a circuit to a source that does not exist")


def run(
    machine: TapeMachine,
    program: CircuitTable | Choose,
    instances: TapeInstances,
    limits: NDArray[Any],
) -> TapeState:
    """Run a program on n instances until each halts or reaches its own limit.

    The limits have shape (n,), at least 1. The machine is in circuit mode. The program is a table,
    or whatever else chooses circuits; one with a memory begins anew here.

    Returns:
        The final states; a row that has ended stays as it was then.
    """
    choose = look_up(program) if isinstance(program, np.ndarray) else program
    state = final = machine.initial(instances)
    for step in range(1, int(limits.max()) + 1):
        state = machine.step(state, choose(state.registers == 0))
        ended = np.flatnonzero((final.steps == 0) & (state.halted | (limits == step)))
        batch.assign(final, ended, batch.take(state, ended))
        if final.steps.all():
            break
    return final
