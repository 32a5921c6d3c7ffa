"""A table of circuits as a policy: it acts on the tape machine, can be printed, and is proven."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits import proofs, tables
from neuralprog_agents.circuits.decompile import python_function
from neuralprog_agents.circuits.program import with_learned
from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.circuit import occurring, program_text
from neuralprog_envs.tape.functions import Function
from neuralprog_envs.tape.learned import LearnedModule, check_limit
from neuralprog_envs.tape.machine import TapeMachine

_HALTS = (8, 13)
"""The M for which a program's halts are checked before it becomes a module."""
_SHOWN = 64
"""Instances that are run to see which patterns occur."""

_EXAMPLE = 3
"""The length of the example in a Python file, if it was learned from."""


class TablePolicy:
    """A table of circuits as a policy: it acts in circuit mode and sees only the flags.

    An instance of length n has at most Σ_k c_k · n^k steps: (c_0, c_1, ...) is ``time_limit``. It
    was learned from instances of ``lengths``, from the shortest to the longest. A circuit has the
    list of modules ``repetitions`` times. If the circuits come from probabilities, ``weights`` has
    for each integer of an action, by its name, a distribution for each pattern, shape (2^R,
    choices). ``learned`` are the modules that stand before WRITE in the machine's list.

    Raises:
        ValueError: The table has not the shape of one for some number of registers.
    """

    def __init__(
        self,
        env_id: str,
        table: tables.CircuitTable,
        time_limit: Sequence[int],
        lengths: tuple[int, int],
        repetitions: int = 1,
        weights: Mapping[str, NDArray[np.float64]] | None = None,
        learned: Sequence[LearnedModule] = (),
    ) -> None:
        check_limit(tuple(time_limit))
        self.env_id, self.table = env_id, np.asarray(table, dtype=np.int64)
        self._weights, self._seen = weights or {}, np.zeros(0, dtype=np.int64)
        self.time_limit, self.lengths = tuple(time_limit), lengths
        self.repetitions, self.learned = repetitions, tuple(learned)
        self.registers = max(len(self.table).bit_length() - 1, 0)
        tables.check_table(self.table, self.machine(lengths[1]))

    def limit(self, length: int) -> int:
        """Return T for an instance of a length."""
        return int(tables.limits(self.time_limit, length))

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's arguments: circuit mode, flags, and the time limit T."""
        modules = with_learned(self.learned)
        return tables.settings(self.registers, self.repetitions, self.limit(length), modules)

    def start(self, n: int) -> None:
        """Begin n episodes; a table has no state."""

    def act(self, observation: Any, action_mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return each slot's circuit, shape (n, K)."""
        self._seen = tables.patterns(observation)
        return self.table[self._seen]

    def action_probabilities(self) -> dict[str, NDArray[np.float64]]:
        """Return the probabilities behind the last circuits; none where there are none."""
        return {name: weights[self._seen] for name, weights in self._weights.items()}

    def machine(self, length: int) -> TapeMachine:
        """Return the machine for instances of a length."""
        return self.task(length).machine  # type: ignore[no-any-return]

    @property
    def algorithm(self) -> Any:
        """What is to be computed."""
        return self.task(self.lengths[1]).algorithm

    @property
    def program(self) -> proofs.TapeProgram:
        """The program as the proofs take it."""
        return proofs.TapeProgram(
            self.env_id, self.table, self.limit, self.repetitions, self.learned
        )

    def occurring(self) -> tuple[int, ...]:
        """Return the patterns that occur on instances like those it was learned from."""
        seen: dict[int, None] = {}
        for length in range(self.lengths[0], self.lengths[1] + 1):
            task = self.task(length)
            instances = draw(task, 0, np.arange(_SHOWN), (length, length))
            found = occurring(task.machine, self.table, instances, self.limit(length))
            seen |= dict.fromkeys(found)
        return tuple(seen)

    def program_text(self) -> str:
        """Return the circuits that occur, dead wiring removed, one block a case of flags."""
        return program_text(self.machine(self.lengths[1]), self.table, self.occurring())

    def program_source(self) -> str:
        """Return a Python file that stands alone: a function of a tape, with a doctest."""
        name = _function_name(self.env_id)
        docstring = [
            f"Act on a tape of {self.env_id} as the learned program does, and return it.",
            "",
            "The tape holds integers from 0 to M - 1, M = len(tape); n is the instance's length.",
            "",
            *self._example(name),
        ]
        machine = self.machine(self.lengths[1])
        return python_function(
            name, machine, self.table, self.occurring(), self.time_limit, docstring
        )

    def _example(self, name: str) -> list[str]:
        """Return a doctest: what the function called ``name`` does with one instance."""
        n = min(max(_EXAMPLE, self.lengths[0]), self.lengths[1])
        task = self.task(n)
        instances = draw(task, 0, [0], (n, n), "all")
        final = tables.run(task.machine, self.table, instances, np.array([self.limit(n)]))
        return [f">>> {name}({instances.tape[0].tolist()}, {n})", str(final.tape[0].tolist())]

    def as_module(self) -> LearnedModule:
        """Return a program of a function of numbers as a module, named after its task.

        Raises:
            ValueError: It is another task's program, or does not halt by itself on some numbers.
        """
        algorithm = self.algorithm
        name = _function_name(self.env_id).upper()
        if not isinstance(algorithm, Function) or self.repetitions > 1:
            raise ValueError(f"{self.env_id} is no function of numbers: its program is no module")
        module = LearnedModule(
            name, algorithm.arity, self.table, self.time_limit, with_learned(self.learned)
        )
        if not all(module.halts(M) for M in _HALTS):
            raise ValueError(
                f"the program of {name} does not halt in time for all numbers modulo 8 and 13"
            )
        return module

    def prove(self) -> list[Proof]:
        """Check the program completely, up to sizes that the proofs name."""
        return proofs.prove(self.program)

    def task(self, length: int) -> Any:
        """Return the task on the machine for instances of a length."""
        settings = self.settings(length)
        del settings["max_steps"]
        return make_task(self.env_id, length=length, **settings)


def _function_name(env_id: str) -> str:
    """Turn "NRAMListK-v0" into "list_k", and "own:Max-v0" into "run_max": max has a meaning."""
    task = env_id.rpartition(":")[2].removesuffix("-v0").removeprefix("NRAM")
    name = re.sub(r"\W", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", task).lower())
    taken = not name.isidentifier() or keyword.iskeyword(name) or hasattr(builtins, name)
    return f"run_{name}" if taken else name
