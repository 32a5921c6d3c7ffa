"""One tape machine in plain Python integers: the fast path behind ``gym.make``.

At a batch of one, NumPy's call overhead is most of the time. So an episode runs the same table of
modules on lists of integers; a contract test compares it with the batch machine on every
environment.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.task import remember
from neuralprog_envs.tape.ops import Module
from neuralprog_envs.tape.state import TapeState

if TYPE_CHECKING:
    from neuralprog_envs.tape.machine import TapeMachine


class TapeEpisode:
    """One instance, one action at a time; see ``neuralprog_envs.core.task.Episode``.

    Attributes:
        tape: The cells, shape (M,).
        registers: What the registers hold.
        accesses: What the last step read and wrote: "READ" or "WRITE", the address, the value.
        halted: Whether the machine has halted by its own action.
        steps: Steps executed.
        last_actions: The last k actions, see ``TapeState``, shape (1, k, K).
    """

    __slots__ = (
        "_machine", "accesses", "halted", "last_actions", "registers", "steps", "tape",
    )  # fmt: skip

    def __init__(self, machine: TapeMachine, start: TapeState) -> None:
        self._machine = machine
        self.tape = start.tape[0].copy()
        self.registers: list[int] = start.registers[0].tolist()
        self.accesses: list[tuple[str, int, int]] = []
        self.halted = False
        self.steps = int(start.steps[0])
        self.last_actions = start.last_actions.copy()

    def step(self, action: Any) -> None:
        """Execute one action; raise ValueError when it has another form or is out of range."""
        numbers = arguments.action(self._machine, action)
        self.accesses.clear()
        self.steps += 1
        if self._machine.last_actions:
            remember(self.last_actions, np.array(numbers, dtype=np.int32))
        if self._machine.action == "circuit":
            self._run_circuit(numbers)
        else:
            self._instruct(*numbers)

    def _instruct(self, operation: int, a: int, b: int, destination: int) -> None:
        modules, registers = self._machine.module_list, self.registers
        if operation == len(modules):
            self.halted = True
            return
        registers[destination] = self._apply(modules[operation], registers[a], registers[b])

    def _run_circuit(self, wires: list[int]) -> None:
        sources, wire = list(self.registers), 0
        for module in self._machine.modules:
            a = sources[wires[wire]] if module.arity > 0 else 0
            b = sources[wires[wire + 1]] if module.arity > 1 else 0
            wire += module.arity
            sources.append(self._apply(module, a, b))
        self.registers = [sources[w] for w in wires[wire:-1]]
        self.halted = wires[-1] == 1

    def _apply(self, module: Module, a: int, b: int) -> int:
        """Return the output of a module; READ and WRITE also note which cell they accessed."""
        if module.apply is not None:
            return module.apply(a, b, self._machine.memory_size)  # type: ignore[no-any-return]
        if module.name == "WRITE":
            self.tape[a] = b
        value = self.tape.item(a)
        self.accesses.append((module.name, a, value))
        return value if module.name == "READ" else 0

    def observe(self) -> dict[str, NDArray[Any]]:
        """Return new observation arrays."""
        mode = self._machine.observation_mode
        if mode == "flags":
            seen: dict[str, NDArray[Any]] = {
                "flags": np.array([r == 0 for r in self.registers], dtype=np.int8)
            }
        else:
            registers = np.array(self.registers, dtype=np.int32)
            seen = {"registers": registers, "tape": self.tape.copy()}
        if mode == "pointers":
            seen |= self._pointed()
        if self._machine.last_actions:
            seen["last_actions"] = self.last_actions[0].copy()
        return seen

    def _pointed(self) -> dict[str, NDArray[Any]]:
        cells = [self.tape.item(r) for r in self.registers]
        pairs = itertools.combinations([0, *self.registers, *cells], 2)
        return {
            "pointed": np.array(cells, dtype=np.int32),
            "order": np.array([(a > b) + (a >= b) for a, b in pairs], dtype=np.int8),
        }

    def action_mask(self) -> NDArray[np.bool_]:
        """Return all True, a new array: every choice is legal."""
        return self._machine.every_choice.copy()

    def state(self) -> TapeState:
        """Return the state as a batch of one row."""
        return TapeState(
            tape=self.tape[None].copy(),
            registers=np.array([self.registers], dtype=np.int32),
            halted=np.array([self.halted]),
            steps=np.array([self.steps], dtype=np.int32),
            last_actions=self.last_actions.copy(),
        )
