"""The instructions of a tape machine as text: ``r2 = ADD(r1, r3)``, ``HALT``; circuits by wires."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_envs.core.language import Instruction, unknown
from neuralprog_envs.tape import circuit
from neuralprog_envs.tape.machine import TapeMachine

_INSTRUCTION = re.compile(r"(\w+)\s*=\s*(\w+)\s*(?:\(([^()]*)\))?")
_WIRE = re.compile(r"(\S+)\s*=\s*(\S+)")

_MEANINGS = {
    "READ": "the number in cell a",
    "ZERO": "0",
    "ONE": "1",
    "TWO": "2",
    "INC": "a + 1",
    "ADD": "a + b",
    "SUB": "a - b",
    "DEC": "a - 1",
    "LESS_THAN": "1 if a < b, else 0",
    "LESS_OR_EQUAL": "1 if a <= b, else 0",
    "EQUAL": "1 if a = b, else 0",
    "MIN": "the smaller of a and b",
    "MAX": "the larger of a and b",
    "WRITE": "puts b into cell a; the result is 0",
    "HALT": "ends the episode",
}


@dataclass(frozen=True)
class TapeLanguage:
    """The actions of a tape machine; see ``neuralprog_envs.core.language.Language``."""

    machine: TapeMachine

    @property
    def manual(self) -> str:
        """What the machine does, and every operation with its meaning."""
        M, R = self.machine.memory_size, self.machine.registers
        of = "module" if self._is_circuit else "operation"
        return "\n".join(
            [
                f"The machine has a tape of {M} cells, 0 to {M - 1}, and the registers "
                f"r1 to r{R}, which are 0 at first. Each holds",
                f"a whole number from 0 to {M - 1}: results are taken modulo {M}, and every "
                "number is also the address of a cell.",
                *(_CIRCUITS if self._is_circuit else _INSTRUCTIONS),
                f"Every {of} with its result, where a and b are the numbers that it is given:",
                *(f"  {each.form:22} {each.meaning}" for each in self.instructions),
            ]
        )

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """The operations with their results; the modules of a circuit do not halt."""
        names = self.machine.operations[: -1 if self._is_circuit else None]
        return tuple(
            Instruction(n, self._call(name), _MEANINGS.get(name, _LEARNED))
            for n, name in enumerate(names)
        )

    def write(self, action: Any) -> str:
        """Return an instruction, or the wires of a circuit that are not the default ones."""
        numbers = [int(number) for number in np.ravel(action)]
        return self._wires(numbers) if self._is_circuit else self._instruction(numbers)

    def read(self, text: str) -> tuple[int, ...]:
        """Return the action of a text."""
        if self._is_circuit:
            return self._circuit(text.strip())
        if text.strip() == "HALT":
            return (self.machine.number("HALT"), 0, 0, 0)
        found = _INSTRUCTION.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"type an instruction, such as {_EXAMPLE}, or HALT")
        to, name, inside = found.groups()
        arity = self._arity
        if name not in arity:
            raise unknown("operation", name, arity)
        words = [word.strip() for word in inside.split(",")] if (inside or "").strip() else []
        if len(words) != arity[name]:
            raise ValueError(f"{name} is typed as r1 = {self._call(name)}, a and b being registers")
        a, b = (*map(self._register, words), 0, 0)[:2]
        return (self.machine.number(name), a, b, self._register(to))

    @property
    def _is_circuit(self) -> bool:
        return self.machine.action == "circuit"

    @property
    def _arity(self) -> dict[str, int]:
        return {module.name: module.arity for module in self.machine.module_list}

    def _call(self, name: str) -> str:
        inputs = ", ".join("ab"[: self._arity.get(name, 0)])
        return f"{name}({inputs})" if inputs else name

    def _instruction(self, numbers: list[int]) -> str:
        operation, *inputs, to = numbers
        name = self.machine.operations[operation]
        if name == "HALT":
            return "HALT"
        inside = ", ".join(f"r{j + 1}" for j in inputs[: self._arity[name]])
        return f"r{to + 1} = {name}({inside})" if inside else f"r{to + 1} = {name}"

    def _register(self, word: str) -> int:
        names = self.machine.source_names[: self.machine.registers]
        if word not in names:
            raise unknown("register", word, names)
        return names.index(word)

    def _wires(self, numbers: list[int]) -> str:
        machine, sources = self.machine, self.machine.source_names
        pairs = list(zip(machine.action_names, numbers, strict=True))
        wires = [f"{name}={sources[n]}" for name, n in pairs[:-1] if n]
        return " ".join([*wires, f"finish={numbers[-1]}"])

    def _circuit(self, text: str) -> tuple[int, ...]:
        wires: dict[str, str] = {}
        for word in re.sub(r"\s*=\s*", "=", text).split():
            found = _WIRE.fullmatch(word)
            if found is None or found[1] in wires:
                raise ValueError(f"type each wire once, such as READ.a=r1 r2=READ finish=0: {word}")
            wires[found[1]] = found[2]
        if not wires:
            raise ValueError("type the wires of a circuit, such as READ.a=r1 r2=READ finish=0")
        return circuit.encode(self.machine, wires)


_LEARNED = "what a learned program answers"
_EXAMPLE = "r2 = READ(r1)"
_INSTRUCTIONS = (
    "Type one instruction a step: r2 = ADD(r1, r2) puts the sum of r1 and r2 into r2.",
)
_CIRCUITS = (
    "Type one circuit a step, as wires: READ.a=r1 WRITE.a=r2 WRITE.b=READ r1=INC finish=0. "
    "All modules run once,",
    "in the order below; an input, such as ADD.b, takes a register or an earlier module. Then "
    "all registers change at once:",
    "each takes a register or a module. An input or register that is not typed takes r1. "
    "finish=1 ends the episode.",
)
