"""One tape machine in plain Python integers: the fast path behind ``gym.make``.

At a batch of one, NumPy's call overhead is most of the time. These two classes run the
same module table on lists of integers; a contract test compares them with the batch machine
on every environment. They also record what the last step read and wrote, in order.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.tape.ops import HALT, MODULES, READ, WRITE
from neuralprog_envs.tape.state import TapeInstances, TapeState

if TYPE_CHECKING:
    from neuralprog_envs.tape.machine import TapeMachine


class _Cells:
    """Tape and registers of one machine, and how they are observed."""

    __slots__ = ("accesses", "machine", "mask", "registers", "tape")

    def __init__(self, machine: TapeMachine, tape: NDArray[Any], registers: list[int]) -> None:
        self.machine = machine
        self.mask = machine.every_choice
        self.tape = tape
        self.registers = registers
        self.accesses: list[tuple[str, int, int]] = []

    def read(self, address: int) -> int:
        value: int = self.tape.item(address)
        self.accesses.append(("READ", address, value))
        return value

    def write(self, address: int, value: int) -> int:
        self.tape[address] = value
        self.accesses.append(("WRITE", address, value))
        return 0

    def observe(self) -> dict[str, NDArray[Any]]:
        mode = self.machine.observation_mode
        if mode == "flags":
            return {"flags": np.array([r == 0 for r in self.registers], dtype=np.int8)}
        full = {"registers": np.array(self.registers, dtype=np.int32), "tape": self.tape.copy()}
        return full if mode == "full" else full | self._pointed()

    def _pointed(self) -> dict[str, NDArray[Any]]:
        cells = [self.tape.item(r) for r in self.registers]
        equal = [a == b for a, b in itertools.combinations([*self.registers, *cells], 2)]
        return {
            "pointed": np.array(cells, dtype=np.int32),
            "equal": np.array(equal, dtype=np.int8),
        }


class InstructionEpisode:
    """One instance, one instruction at a time."""

    __slots__ = ("_R", "cells", "halted", "steps")

    def __init__(self, machine: TapeMachine, instances: TapeInstances | TapeState) -> None:
        self.cells, self.steps = _start(machine, instances)
        self.halted = False
        self._R = machine.registers

    def step(self, action: Any) -> None:
        """Execute ``(operation, a, b, destination)``."""
        operation, a, b, destination = numbers = arguments.action(action, 4)
        R = self._R
        if not (0 <= operation <= HALT and 0 <= a < R and 0 <= b < R and 0 <= destination < R):
            raise arguments.out_of_range(self.cells.machine, numbers)
        cells = self.cells
        cells.accesses.clear()
        self.steps += 1
        if operation == HALT:
            self.halted = True
            return
        registers = cells.registers
        A, B = registers[a], registers[b]
        apply = MODULES[operation].apply
        if apply is not None:
            registers[destination] = apply(A, B, cells.machine.memory_size)
        elif operation == READ:
            registers[destination] = cells.read(A)
        else:
            registers[destination] = cells.write(A, B)

    def observe(self) -> dict[str, NDArray[Any]]:
        """Return new observation arrays."""
        return self.cells.observe()

    def action_mask(self) -> NDArray[np.bool_]:
        """Return all True, a new array: every choice is legal."""
        return self.cells.mask.copy()

    def state(self) -> TapeState:
        """Return the state as a batch of one row."""
        return _as_state(self.cells, self.halted, self.steps)


class CircuitEpisode:
    """One instance, one circuit at a time."""

    __slots__ = ("cells", "halted", "steps")

    def __init__(self, machine: TapeMachine, instances: TapeInstances | TapeState) -> None:
        self.cells, self.steps = _start(machine, instances)
        self.halted = False

    def step(self, action: Any) -> None:
        """Execute the wiring: arguments of every module, sources of every register, finish."""
        cells, machine = self.cells, self.cells.machine
        wires = arguments.action(action, len(machine.actions))
        if any(not 0 <= wire < n for wire, n in zip(wires, machine.actions, strict=True)):
            raise arguments.out_of_range(machine, wires)
        cells.accesses.clear()
        self.steps += 1
        sources = list(cells.registers)
        wire = 0
        for position, module in enumerate(machine.modules):
            a = sources[wires[wire]] if module.arity > 0 else 0
            b = sources[wires[wire + 1]] if module.arity > 1 else 0
            wire += module.arity
            sources.append(_run_module(cells, position % len(MODULES), a, b))
        cells.registers = [sources[w] for w in wires[wire:-1]]
        self.halted = wires[-1] == 1

    def observe(self) -> dict[str, NDArray[Any]]:
        """Return new observation arrays."""
        return self.cells.observe()

    def action_mask(self) -> NDArray[np.bool_]:
        """Return all True, a new array: every choice is legal."""
        return self.cells.mask.copy()

    def state(self) -> TapeState:
        """Return the state as a batch of one row."""
        return _as_state(self.cells, self.halted, self.steps)


def _run_module(cells: _Cells, number: int, a: int, b: int) -> int:
    apply = MODULES[number].apply
    if apply is not None:
        return int(apply(a, b, cells.machine.memory_size))
    return cells.write(a, b) if number == WRITE else cells.read(a)


def _start(machine: TapeMachine, start: TapeInstances | TapeState) -> tuple[_Cells, int]:
    registers = getattr(start, "registers", None)
    values = [0] * machine.registers if registers is None else registers[0].tolist()
    steps = getattr(start, "steps", None)
    return _Cells(machine, start.tape[0].copy(), values), 0 if steps is None else int(steps[0])


def _as_state(cells: _Cells, halted: bool, steps: int) -> TapeState:
    return TapeState(
        tape=cells.tape[None].copy(),
        registers=np.array([cells.registers], dtype=np.int32),
        halted=np.array([halted]),
        steps=np.array([steps], dtype=np.int32),
    )
