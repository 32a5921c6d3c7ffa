"""A tape task: an algorithm bound to a machine of some size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.draws import Bits, Draws, mix
from neuralprog_envs.core.events import Act
from neuralprog_envs.core.task import Floats, Ints, fraction
from neuralprog_envs.tape.algorithm import Algorithm
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.ops import MODULES, Module
from neuralprog_envs.tape.state import TapeInstances, TapeState


@dataclass(frozen=True)
class TapeTask:
    """An algorithm on a machine; see ``neuralprog_envs.core.task.Task``.

    Raise ValueError if the memory is too small for the algorithm's shortest instance.
    """

    algorithm: Algorithm
    machine: TapeMachine

    def __post_init__(self) -> None:
        name, shortest = self._name, self.algorithm.shortest
        need = self.algorithm.memory_size(shortest)
        if self.machine.memory_size < need:
            raise ValueError(
                f"memory_size {self.machine.memory_size} is too small for {name}: "
                f"its shortest instance (length {shortest}) needs {need} cells"
            )

    @property
    def _name(self) -> str:
        """What messages call the algorithm."""
        return getattr(self.algorithm, "name", type(self.algorithm).__name__)

    @cached_property
    def lengths(self) -> tuple[int, int]:
        """The shortest legal length and the longest that fits the memory."""
        low, high = self.algorithm.shortest, self.machine.memory_size
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.algorithm.memory_size(middle) <= self.machine.memory_size
            low, high = (middle, high) if fits else (low, middle - 1)
        return self.algorithm.shortest, low

    @property
    def split_from(self) -> int:
        """The shortest length whose instances are divided into splits."""
        return self.algorithm.split_from

    def sample(self, draws: Draws, lengths: Ints) -> TapeInstances:
        """Return one instance for each address."""
        return self.pose(self.algorithm.sample(draws, lengths, self.machine.memory_size), lengths)

    def pose(self, tape: Ints, lengths: Ints) -> TapeInstances:
        """Return given tapes, shape (B, M), as instances with their answers."""
        answer, scored = self.algorithm.answer(tape, lengths)
        return TapeInstances(tape, np.where(scored, answer, 0).astype(np.int32), scored, lengths)

    def encode(self, values: Sequence[int]) -> tuple[list[int], int]:
        """Return the tape (without its trailing zeros) and the length of a user's input.

        Raise ValueError if the form is wrong.
        """
        return self.algorithm.encode(arguments.integers("the numbers of an input", values))

    def pose_input(self, values: Sequence[int]) -> TapeInstances:
        """Return a user's input as a batch of one instance.

        Raise ValueError if the form is wrong, the tape too long, or a value is not in 0..M-1.
        """
        cells, length = self.encode(values)
        M = self.machine.memory_size
        need = max(len(cells), self.algorithm.memory_size(length))
        if need > M:
            raise ValueError(f"this input needs {need} cells, but memory_size is {M}")
        for value in cells:
            if not 0 <= value < M:
                raise ValueError(
                    f"value {arguments.shown(value)} is not in 0..{M - 1} (memory_size is {M})"
                )
        tape = np.zeros((1, M), dtype=np.int32)
        tape[0, : len(cells)] = cells
        return self.pose(tape, np.array([length], dtype=np.int32))

    def fingerprint(self, instances: TapeInstances) -> Bits:
        """Return Σ kᵢ · tape[i] mod 2**64 with random kᵢ; unused cells hold 0 and add nothing."""
        factors = mix(np.arange(1, instances.tape.shape[1] + 1, dtype=np.uint64))
        return instances.tape.astype(np.uint64) @ factors

    def score(self, state: TapeState, instances: TapeInstances) -> Floats:
        """Return the fraction of the scored cells that hold the answer, shape (B,)."""
        return fraction(state.tape == instances.answer, instances.mask)

    def answers(self, state: TapeState, instances: TapeInstances) -> tuple[list[int], list[int]]:
        """Return what the scored cells of a state of one row hold, and what they should hold."""
        scored = instances.mask[0]
        return state.tape[0][scored].tolist(), instances.answer[0][scored].tolist()

    def horizon(self, lengths: Ints) -> NDArray[np.int64]:
        """Return twice what the expert needs in instruction mode, shape (B,)."""
        return 2 * self.algorithm.steps(lengths.astype(np.int64))

    def expert(self, instances: TapeInstances) -> Iterator[Act]:
        """Solve a batch of one instance; raise ValueError if the machine has too few registers."""
        if self.machine.registers < self.algorithm.registers:
            raise ValueError(
                f"the expert of {self._name} needs {self.algorithm.registers} "
                f"registers, the machine has {self.machine.registers}"
            )
        own = self.machine
        machine = TapeMachine(own.memory_size, own.registers, module_list=own.module_list)
        episode = machine.begin(instances)
        cpu = Cpu(episode.registers, machine.operations)
        for act in self.algorithm.expert(cpu):
            yield act
            episode.step(act.action)


def build(
    algorithm: Algorithm,
    *,
    length: int | tuple[int, int],
    memory_size: int | None = None,
    registers: int | None = None,
    action: Any = "instruction",
    observation: Any = "full",
    repetitions: int = 1,
    modules: Sequence[Module] = MODULES,
    last_actions: int = 0,
) -> TapeTask:
    """Return the task of the given settings: the family's keyword arguments.

    Args:
        algorithm: What is to be computed.
        length: The length or the range of lengths that the memory must hold.
        memory_size: M; by default the least that the longest length needs.
        registers: R; by default what the algorithm's expert needs.
        action: "instruction" or "circuit".
        observation: "full", "flags" or "pointers", see ``TapeMachine``.
        repetitions: Repetitions of the module list in a circuit.
        modules: That list; by default the paper's fourteen. ``learned.LearnedModule`` makes a
            program that was learned into one more.
        last_actions: How many of the last actions an observation shows.

    Raises:
        ValueError: A setting is out of its range.
    """
    least = algorithm.memory_size(max(arguments.span(length)[1], algorithm.shortest))
    machine = TapeMachine(
        memory_size=least if memory_size is None else memory_size,
        registers=algorithm.registers if registers is None else registers,
        action=action,
        observation_mode=observation,
        repetitions=repetitions,
        module_list=tuple(modules),
        last_actions=last_actions,
    )
    return TapeTask(algorithm, machine)
