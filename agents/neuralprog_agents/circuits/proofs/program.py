"""What the proofs are about: a table of circuits for one task, and how long it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from numpy.typing import NDArray

from neuralprog_agents.circuits.program import with_learned
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.tape.algorithm import Algorithm
from neuralprog_envs.tape.learned import LearnedModule
from neuralprog_envs.tape.ops import Module
from neuralprog_envs.tape.task import TapeTask


@dataclass(frozen=True)
class TapeProgram:
    """A program of the tape family: one circuit for each pattern of zero registers, (2^R, K).

    ``limit`` gives T for the length of an instance: after so many steps its tape is judged. A
    circuit has the list of modules ``repetitions`` times; ``learned`` ones stand before WRITE.
    """

    env_id: str
    table: NDArray[Any]
    limit: Callable[[int], int]
    repetitions: int = 1
    learned: tuple[LearnedModule, ...] = ()

    @property
    def task_name(self) -> str:
        """The environment's name without its version."""
        return find(self.env_id).id.partition("-v")[0]

    @property
    def registers(self) -> int:
        """R."""
        return len(self.table).bit_length() - 1

    @property
    def modules(self) -> tuple[Module, ...]:
        """The modules of a circuit, in order."""
        return with_learned(self.learned) * self.repetitions

    @property
    def algorithm(self) -> Algorithm:
        """What is to be computed."""
        return cast(TapeTask, make_task(self.env_id)).algorithm

    def task(self, length: int, memory_size: int) -> TapeTask:
        """Return the task on a machine of M cells that runs this program."""
        task = make_task(
            self.env_id,
            length=length,
            memory_size=memory_size,
            action="circuit",
            registers=self.registers,
            repetitions=self.repetitions,
            modules=with_learned(self.learned),
        )
        return cast(TapeTask, task)
