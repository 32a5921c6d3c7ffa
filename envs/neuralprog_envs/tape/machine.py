"""The NRAM's machine: R registers, a tape of M cells, fourteen modules; exact integers.

Every cell and register holds an integer in 0..M-1, so any value is also an address. One step
is either

* an **instruction**: ``(operation, a, b, destination)`` computes one module on registers a and b
  into the destination register; operation 14 halts; or
* a **circuit**: the whole wiring of one NRAM step, exactly the choices of the paper's controller
  after discretisation. In order: for each module of the list, each argument's source (a
  register, or the output of an earlier module; only arguments that the module reads); for each
  register, the source of its new value (a register or any module); finish (1 ends the run).
  Modules run in order, so READ sees the tape before the WRITE of the same pass; registers
  change all at once.

Source: Kurach et al. 2016, section 3. All registers start at 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments, batch
from neuralprog_envs.core.task import Bools, Field, Ints, fields_only, ordered, remember
from neuralprog_envs.tape.episode import TapeEpisode
from neuralprog_envs.tape.ops import MIN_MEMORY, MODULES, Module
from neuralprog_envs.tape.state import TapeInstances, TapeState

OBSERVATIONS = ("full", "flags", "pointers")

MOST_MODULES = 32
"""So many modules fit the compiled search, which keeps sets of wires in 64 bits."""
LARGEST_TABLE = 64
"""Up to this memory size an operation is one look-up in a table of 15·M² entries."""


@dataclass(frozen=True)
class TapeMachine:
    """R registers and M cells; see the module's text for the two kinds of action.

    Attributes:
        memory_size: M, at least 3.
        registers: R, at least 1.
        action: "instruction" or "circuit".
        observation: "full" shows tape and registers; "flags" shows, for each register, whether
            it is 0, which is all that the NRAM's controller ever sees; "pointers" shows all that
            "full" does and what the registers point to, see ``observation``.
        repetitions: How many times a circuit has the list of modules.
        module_list: The modules, in the order of a circuit and of the operations' numbers: the
            paper's fourteen, or others among them, such as ``learned.LearnedModule``.
        last_actions: k, how many of the last actions observations show.

    Raises:
        ValueError: A setting is out of its range, or two modules have one name.
    """

    memory_size: int
    registers: int
    action: Literal["instruction", "circuit"] = "instruction"
    observation_mode: Literal["full", "flags", "pointers"] = "full"
    repetitions: int = 1
    module_list: tuple[Module, ...] = MODULES
    last_actions: int = 0

    def __post_init__(self) -> None:
        sizes = {"memory_size": (MIN_MEMORY, 2**24), "registers": (1, 2**10)}
        others = {"repetitions": (1, 2**6), "last_actions": (0, 2**10)}
        arguments.set_integers(self, {**sizes, **others})
        arguments.choice("action", self.action, ("instruction", "circuit"))
        arguments.choice("observation", self.observation_mode, OBSERVATIONS)
        named = all(isinstance(getattr(module, "arity", None), int) for module in self.module_list)
        if not named or not 1 <= len(self.module_list) <= MOST_MODULES:
            raise ValueError(
                f"modules must be 1 to {MOST_MODULES} modules, such as (*MODULES, gcd): "
                "ops.MODULES has the fourteen, learned.LearnedModule makes others"
            )
        if len(set(self.operations)) < len(self.operations):
            raise ValueError(f"two modules have one name: {', '.join(self.operations)}")

    __getstate__ = fields_only

    @property
    def modules(self) -> tuple[Module, ...]:
        """The Q modules of a circuit, in order: the list, as often as it is repeated."""
        return self.module_list * self.repetitions

    @cached_property
    def operations(self) -> tuple[str, ...]:
        """The operations of an instruction, by number: the modules, and HALT."""
        return (*(module.name for module in self.module_list), "HALT")

    def number(self, operation: str) -> int:
        """Return the number of an operation, -1 if this machine has none of that name."""
        return self.operations.index(operation) if operation in self.operations else -1

    @cached_property
    def special(self) -> tuple[int, int, int]:
        """The numbers of the operations that are no functions of two numbers."""
        return self.number("READ"), self.number("WRITE"), self.number("HALT")

    @cached_property
    def actions(self) -> tuple[int, ...]:
        """The number of choices of each integer of an action."""
        R, Q = self.registers, len(self.modules)
        if self.action == "instruction":
            return (len(self.operations), R, R, R)
        sources = [R + i for i, module in enumerate(self.modules) for _ in range(module.arity)]
        return (*sources, *[R + Q] * R, 2)

    @cached_property
    def every_choice(self) -> Bools:
        """The action mask of one row, which never changes: all True, read-only."""
        mask = np.ones(sum(self.actions), dtype=bool)
        mask.setflags(write=False)
        return mask

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        """What each integer of an action chooses."""
        if self.action == "instruction":
            return ("operation", "a", "b", "destination")
        inputs = [
            f"{module.name}{self._times(i)}.{argument}"
            for i, module in enumerate(self.modules)
            for argument in "ab"[: module.arity]
        ]
        return (*inputs, *self.source_names[: self.registers], "finish")

    @cached_property
    def source_names(self) -> tuple[str, ...]:
        """The R registers and the Q modules of a circuit, in the order of their numbers."""
        registers = (f"r{j + 1}" for j in range(self.registers))
        modules = (f"{module.name}{self._times(i)}" for i, module in enumerate(self.modules))
        return (*registers, *modules)

    def _times(self, i: int) -> str:
        return str(i // len(self.module_list) + 1) if self.repetitions > 1 else ""

    @cached_property
    def observation(self) -> Mapping[str, Field]:
        """The arrays of an observation.

        "pointed" is tape[r] of each register r. "order" compares each two of 2R + 1 values, which
        are 0, those in "registers" and those in "pointed": the first with the second, with the
        third, and so on. 0 is less, 1 equal, 2 greater. It does not grow with the memory.
        "last_actions" are the k latest actions, see ``TapeState``.
        """
        R, highest = self.registers, self.memory_size - 1
        if self.observation_mode == "flags":
            fields = {"flags": Field((R,), 0, 1, np.int8)}
        else:
            tape = Field((self.memory_size,), 0, highest)
            fields = {"registers": Field((R,), 0, highest), "tape": tape}
        if self.observation_mode == "pointers":
            order = Field((R * (2 * R + 1),), 0, 2, np.int8)
            fields |= {"pointed": Field((R,), 0, highest), "order": order}
        if self.last_actions:
            shape = (self.last_actions, len(self.actions))
            fields["last_actions"] = Field(shape, 0, max(self.actions))
        return fields

    def initial(self, instances: TapeInstances) -> TapeState:
        """Return the posed tapes with all registers at 0."""
        B = len(instances.tape)
        return TapeState(
            tape=instances.tape.copy(),
            registers=np.zeros((B, self.registers), dtype=np.int32),
            halted=np.zeros(B, dtype=bool),
            steps=np.zeros(B, dtype=np.int32),
            last_actions=np.zeros((B, self.last_actions, len(self.actions)), dtype=np.int32),
        )

    def step(self, state: TapeState, action: NDArray[Any]) -> TapeState:
        """Execute one instruction or one circuit on every row; ``action`` is (B, K), in range."""
        return self.advance(batch.copy(state), action)

    def advance(self, state: TapeState, action: NDArray[Any]) -> TapeState:
        """Do what ``step`` does, in place; return the same state."""
        if self.action == "instruction":
            halts = self._instruct(state, action)
        else:
            halts = self._run_circuit(state, action)
        np.logical_or(state.halted, halts, out=state.halted)
        np.add(state.steps, 1, out=state.steps)
        if self.last_actions:
            remember(state.last_actions, action)
        return state

    def _instruct(self, state: TapeState, action: NDArray[Any]) -> Bools:
        # Every index is in range; mode="clip" spares NumPy a buffer that checking would need.
        operation, a, b, destination = np.ascontiguousarray(action.T)
        READ, WRITE, HALT = self.special
        cells, values = state.tape.reshape(-1), state.registers.reshape(-1)
        first = row_starts(len(state.tape), self.registers)
        A, B = values.take(first + a, mode="clip"), values.take(first + b, mode="clip")
        address = row_starts(len(state.tape), self.memory_size) + A
        result = self._compute(operation, A, B)
        result = np.where(operation == READ, cells.take(address, mode="clip"), result)
        writes = np.flatnonzero(operation == WRITE)
        cells[address[writes]] = B[writes]
        target = first + destination
        halts = operation == HALT
        if halts.any():
            result[halts] = values[target[halts]]
        values[target] = result
        return halts

    def _compute(self, operation: NDArray[Any], A: Ints, B: Ints) -> Ints:
        """Return each row's operation on A and B, shape (B,); READ, WRITE and HALT give 0."""
        M = self.memory_size
        if M <= LARGEST_TABLE:
            return self.table.take((operation * M + A) * M + B, mode="clip")
        zero = np.zeros_like(A)
        results = [m.apply(A, B, M) if m.apply else zero for m in self.module_list]
        return np.choose(operation, [*results, zero]).astype(np.int32)

    @cached_property
    def table(self) -> Ints:
        """Every operation's results: entry (operation · M + a) · M + b, shape (15·M²,)."""
        return operation_table(self.memory_size, self.module_list)

    def _run_circuit(self, state: TapeState, action: NDArray[Any]) -> Bools:
        B, R, Q = len(state.tape), self.registers, len(self.modules)
        wires = np.ascontiguousarray(action.T)
        sources = np.empty((R + Q, B), dtype=np.int32)
        sources[:R] = state.registers.T
        flat, rows, first = sources.reshape(-1), np.arange(B), row_starts(B, self.memory_size)
        wire = 0
        for i, module in enumerate(self.modules):
            inputs = [flat.take(wires[wire + k] * B + rows) for k in range(module.arity)]
            wire += module.arity
            sources[R + i] = self._run_module(module, inputs, state.tape.reshape(-1), first)
        state.registers[:] = flat.take(wires[wire : wire + R] * B + rows).T
        return wires[-1] == 1

    def _run_module(
        self, module: Module, inputs: list[Ints], cells: Ints, first: NDArray[np.int64]
    ) -> Ints | int:
        """Return one module's output, shape (B,); WRITE changes ``cells`` in place."""
        if module.apply is not None:
            a, b = (*inputs, np.int32(0), np.int32(0))[:2]
            return module.apply(a, b, self.memory_size)  # type: ignore[no-any-return]
        if module.name == "READ":
            return cells.take(first + inputs[0])
        cells[first + inputs[0]] = inputs[1]
        return 0

    def halted(self, state: TapeState) -> Bools:
        """Return which rows have halted by their own action."""
        return state.halted

    def observe(self, state: TapeState, kept: Any = None) -> dict[str, NDArray[Any]]:
        """Return new observation arrays."""
        if self.observation_mode == "flags":
            seen: dict[str, NDArray[Any]] = {"flags": (state.registers == 0).astype(np.int8)}
        else:
            seen = {"registers": state.registers.copy(), "tape": state.tape.copy()}
        if self.observation_mode == "pointers":
            seen |= pointed(**seen)
        if self.last_actions:
            seen["last_actions"] = state.last_actions.copy()
        return seen

    def action_mask(self, state: TapeState, seen: Any = None) -> Bools:
        """Return all True, read-only: every choice of this machine is legal in every state."""
        return every_choice_of(self, len(state.tape))

    def begin(self, instances: TapeInstances) -> TapeEpisode:
        """Start an episode on a batch of one instance, in plain Python integers."""
        return TapeEpisode(self, self.initial(instances))


def pointed(registers: Ints, tape: Ints) -> dict[str, NDArray[Any]]:
    """Return "pointed" and "order" of an observation, each with the leading axis B."""
    cells = np.take_along_axis(tape, registers, axis=1)
    zero = np.zeros_like(cells[:, :1])
    return {"pointed": cells, "order": ordered(np.concatenate([zero, registers, cells], axis=1))}


@lru_cache(maxsize=16)
def every_choice_of(machine: TapeMachine, rows: int) -> Bools:
    """Return the action mask of so many rows, read-only."""
    mask = machine.every_choice
    return np.broadcast_to(mask, (rows, len(mask)))


@lru_cache(maxsize=16)
def row_starts(rows: int, width: int) -> NDArray[np.int64]:
    """Return the flat index of each row's first element, shape (rows,), read-only."""
    starts = np.arange(0, rows * width, width, dtype=np.int64)
    starts.setflags(write=False)
    return starts


@lru_cache(maxsize=16)
def operation_table(M: int, modules: tuple[Module, ...] = MODULES) -> Ints:
    """Return ``table[(operation · M + a) · M + b]``, flat, read-only; READ, WRITE, HALT give 0."""
    a, b = np.indices((M, M), dtype=np.int32)
    table = [m.apply(a, b, M) if m.apply else a * 0 for m in modules]
    flat = np.array([*table, a * 0], dtype=np.int32).reshape(-1)
    flat.setflags(write=False)
    return flat
