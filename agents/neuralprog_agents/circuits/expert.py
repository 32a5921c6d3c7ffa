"""A task's expert as a table of circuits.

An expert is a generator of instructions that looks at nothing but which registers hold 0. Its place
in its own code is a state, which a table does not have. So the states are numbered, and further
registers hold the number, one bit each. A circuit executes the instruction of its state and pattern
of flags, and writes the number of the state that follows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.events import Act
from neuralprog_envs.tape.algorithm import Algorithm
from neuralprog_envs.tape.circuit import encode
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.ops import MIN_MEMORY, MODULES, OPERATIONS

_ARITY = {module.name: module.arity for module in MODULES}
Answers = dict[int, int]
"""What an expert knows of registers: 0, or 1 for anything else."""


class _UnknownError(Exception):
    """The expert reads a register of which nothing is known."""


class _Known(dict[int, int]):
    def __missing__(self, register: int) -> int:
        raise _UnknownError(register)


@dataclass(frozen=True)
class Rule:
    """In a state, where registers hold ``answers``: an instruction, and the next state."""

    state: int
    answers: Answers
    act: Act
    after: int


@dataclass
class _Walk:
    """The states found so far, numbered by their place in the code; answers that lead there."""

    algorithm: Algorithm
    numbers: dict[Hashable, int] = field(default_factory=lambda: {"start": 0})
    paths: list[tuple[Answers, ...]] = field(default_factory=lambda: [()])

    def rules(self) -> Iterator[Rule]:
        """Yield the rules of every state, the first state first."""
        for state, path in enumerate(self.paths):  # grows meanwhile
            cases: list[Answers] = [{}]
            while cases:
                answers = cases.pop()
                try:
                    act, key = self._play((*path, answers))
                except _UnknownError as unknown:
                    register = unknown.args[0]
                    cases += [answers | {register: 1}, answers | {register: 0}]
                    continue
                halts = OPERATIONS[act.action[0]] == "HALT"
                after = state if halts else self._number(key, (*path, answers))
                yield Rule(state, answers, act, after)

    def _play(self, path: tuple[Answers, ...]) -> tuple[Act, Hashable]:
        """Return an expert's last instruction after these answers, and its place in its code."""
        known: Any = _Known()
        steps: Any = self.algorithm.expert(Cpu(known))
        act = Act(())
        for answers in path:
            known.clear()
            known.update(answers)
            act = next(steps)
        return act, _place(steps)

    def _number(self, key: Hashable, path: tuple[Answers, ...]) -> int:
        if key not in self.numbers:
            self.numbers[key] = len(self.paths)
            self.paths.append(path)
        return self.numbers[key]


def _place(steps: Any) -> Hashable:
    """Return where a generator, and whatever it yields from, is suspended, and its variables."""
    frame: FrameType | None = getattr(steps, "gi_frame", None)
    if frame is None:
        return ()
    known = [(name, v) for name, v in frame.f_locals.items() if isinstance(v, int)]
    return frame.f_lasti, tuple(known), _place(steps.gi_yieldfrom)


def expert_table(algorithm: Algorithm) -> NDArray[np.int64]:
    """Return an expert's circuits, shape (2^R, K); R counts the registers of its states too."""
    rules = list(_Walk(algorithm).rules())
    bits = max(rule.state for rule in rules).bit_length()
    R = algorithm.registers + bits
    machine = TapeMachine(MIN_MEMORY, R, "circuit", "flags")
    table = np.zeros((1 << R, len(machine.actions)), dtype=np.int64)
    values = (np.arange(1 << R)[:, None] >> np.arange(R) & 1) ^ 1
    for rule in rules:
        wanted = rule.answers | _state(algorithm, bits, rule.state)
        meant = np.all([values[:, j] == value for j, value in wanted.items()], axis=0)
        table[meant] = encode(machine, _wires(algorithm, bits, rule))
    return table


def _state(algorithm: Algorithm, bits: int, state: int) -> Answers:
    """Return what the registers of a state hold; register R + i has bit i."""
    return {algorithm.registers + i: state >> i & 1 for i in range(bits)}


def _wires(algorithm: Algorithm, bits: int, rule: Rule) -> dict[str, str]:
    """Return the circuit of an instruction; one that is no WRITE writes back what it reads."""
    number, *registers = rule.act.action
    name = OPERATIONS[number]
    a, b, to = (f"r{j + 1}" for j in registers)
    wires = {f"r{j + 1}": f"r{j + 1}" for j in range(algorithm.registers)}
    after = _state(algorithm, bits, rule.after)
    wires |= {f"r{j + 1}": "ONE" if value else "ZERO" for j, value in after.items()}
    if name == "HALT":
        return wires | {"WRITE.b": "READ", "finish": "1"}
    wires |= {"READ.a": a, "WRITE.a": a, "WRITE.b": "READ", to: name}
    return wires | dict(zip((f"{name}.a", f"{name}.b")[: _ARITY[name]], (a, b), strict=False))
