"""How a tape machine is shown: the paper's table as text, a drawing, wires in the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Drawing
from neuralprog_envs.tape import circuit
from neuralprog_envs.tape.drawing import drawing
from neuralprog_envs.tape.episode import TapeEpisode
from neuralprog_envs.tape.look import Look
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.state import TapeInstances, TapeState
from neuralprog_envs.tape.wiring import live_inputs, node_values, wiring


@dataclass(frozen=True)
class TapeDisplay:
    """The views of a tape machine; see ``neuralprog_envs.core.display.Display``."""

    machine: TapeMachine

    def meanings(self) -> dict[str, tuple[str, ...]]:
        """Return operations or, where an integer chooses a source, registers and modules."""
        machine = self.machine
        fixed = {"operation": machine.operations, "finish": ("0", "1")}
        counts = zip(machine.action_names, machine.actions, strict=True)
        return {name: fixed.get(name, machine.source_names[:count]) for name, count in counts}

    def describe(self, state: TapeState, action: NDArray[Any]) -> str:
        """Return an instruction with its values, or the reads and writes of a circuit."""
        numbers = [int(number) for number in np.ravel(action)]
        if self.machine.action == "circuit":
            return _describe_circuit(self.machine, state, numbers)
        return _describe_instruction(self.machine, state, numbers)

    def text(self, state: TapeState, instances: TapeInstances) -> str:
        """Return the state as one row, with a heading, of the paper's table."""
        return self.transcript([(state, "")])

    def transcript(self, steps: Sequence[tuple[TapeState, str]]) -> str:
        """Return the table of the paper's figures: step, tape, registers, and the next action."""
        machine = self.machine
        width = len(str(machine.memory_size - 1))
        cells = " ".join(f"{cell:>{width}}" for cell in range(machine.memory_size))
        names = " ".join(f"{f'r{j + 1}':>{max(width, 2)}}" for j in range(machine.registers))
        heading = f"step | {cells} | {names} |"
        lines = [heading, "-" * len(heading)]
        for state, words in steps:
            tape = " ".join(f"{value:>{width}}" for value in state.tape[0])
            registers = " ".join(f"{value:>{max(width, 2)}}" for value in state.registers[0])
            lines.append(f"{state.steps[0]:>4} | {tape} | {registers} | {words}".rstrip())
        return "\n".join(lines)

    def drawing(self, task: Any, moment: Moment) -> Drawing:
        """Return the tape and the registers, as the algorithm's ``look`` says, if it has one."""
        look = getattr(task.algorithm, "look", Look())
        if moment.before is None:
            return drawing(look, moment, {}, ())
        notes = self.notes(moment.before, moment.action, moment.state)
        return drawing(look, moment, notes, wiring(self.machine, moment.action).after)

    def is_known(self, instances: TapeInstances) -> bool:
        """Return True: each instance has its answer."""
        return True

    def scene(self, instances: TapeInstances) -> dict[str, Any]:
        """Return the machine's size, and the scored cells with what they must hold."""
        scored = instances.mask[0]
        return {
            "memory_size": self.machine.memory_size,
            "registers": self.machine.registers,
            "scored": scored.nonzero()[0].tolist(),
            "answer": instances.answer[0][scored].tolist(),
        }

    def layers(self, state: TapeState) -> dict[str, NDArray[Any]]:
        """Return the tape and the registers."""
        return {"tape": state.tape[0], "registers": state.registers[0]}

    def explain(self, action: tuple[int, ...]) -> dict[str, Any]:
        """Return an action's wiring without dead parts, and a circuit as lines of a program."""
        machine = self.machine
        wires = wiring(machine, action)
        is_circuit = machine.action == "circuit"
        return {
            "lines": circuit.lines(machine, action) if is_circuit else [],
            "nodes": [[term.name, *term.arguments] for term in wires.nodes],
            "writes": [list(pair) for pair in wires.writes],
            "after": [[register, node] for register, node in wires.after.items()],
            "finish": wires.finish,
            "live": live_inputs(machine, action) if is_circuit else list(machine.action_names),
        }

    def notes(self, before: TapeState, action: tuple[int, ...], after: TapeState) -> dict[str, Any]:
        """Return the value of each node of the wiring, and the cells that are read and written."""
        wires = wiring(self.machine, action)
        values = node_values(self.machine, wires, before)
        reads = [values[term.arguments[0]] for term in wires.nodes if term.name == "READ"]
        return {
            "values": values,
            "reads": reads,
            "writes": [values[address] for address, _ in wires.writes],
        }


def _describe_instruction(machine: TapeMachine, state: TapeState, numbers: list[int]) -> str:
    episode = TapeEpisode(machine, state)
    operation, a, b, to = numbers
    name, (A, B) = machine.operations[operation], (int(state.registers[0, r]) for r in (a, b))
    episode.step(numbers)
    if name == "HALT":
        return "halt"
    if name == "WRITE":
        return f"WRITE(cell r{a + 1}={A}, r{b + 1}={B}), r{to + 1} := 0"
    arity = next(m.arity for m in machine.modules if m.name == name)
    inputs = ", ".join([f"r{a + 1}={A}", f"r{b + 1}={B}"][:arity])
    call = f"{name}({inputs})" if arity else name
    return f"r{to + 1} := {call} = {episode.registers[to]}"


def _describe_circuit(machine: TapeMachine, state: TapeState, numbers: list[int]) -> str:
    episode = TapeEpisode(machine, state)
    episode.step(numbers)
    words = [
        f"READ({address}) = {value}" if name == "READ" else f"WRITE({address}, {value})"
        for name, address, value in episode.accesses
    ]
    return ", ".join([*words, *(["finish"] if episode.halted else [])])
