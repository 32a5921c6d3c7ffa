"""The golden files: texts that the environments must print, letter for letter.

``python -m tests.golden``, from the root of the repository, rewrites them all. Read the
difference before you commit it: it is what has changed for users.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neuralprog_envs import REGISTRY
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.replay import Step, demonstration, replay, transcript
from neuralprog_envs.program.frames import nested
from neuralprog_envs.program.state import ProgramInstances
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape import circuit
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.state import TapeInstances
from neuralprog_envs.tape.task import TapeTask
from tests.envs.tape.paper_circuits import PROGRAMS, Program
from tests.envs.tape.references import INPUTS

FOLDER = Path(__file__).parent / "golden"
COMMAND = "python -m tests.golden"

TRACES: dict[str, tuple[str, bool | str, Any]] = {
    "npi_addition": ("NPIAddition", False, "96 125"),
    "npi_addition_recursive": ("NPIAddition", True, "109 101"),
    "npi_bubble_sort": ("NPIBubbleSort", False, [9, 2, 5]),
    "npi_bubble_sort_partial": ("NPIBubbleSort", "partial", [3, 2]),
    "npi_bubble_sort_recursive": ("NPIBubbleSort", True, [9, 2, 5]),
    "npi_quick_sort": ("NPIQuickSort", False, [8, 2, 1, 2, 0, 8, 5, 8, 3, 7]),
    "npi_quick_sort_recursive": ("NPIQuickSort", True, [8, 2, 1, 2, 0, 8, 5, 8, 3, 7]),
    "npi_topological_sort": ("NPITopologicalSort", False, "1-2 1-5 2-4 2-5 3-5"),
    "npi_topological_sort_recursive": ("NPITopologicalSort", True, "1-2 1-5 2-4 2-5 3-5"),
    "npi_hanoi": ("NPIHanoi", True, 3),
    "npi_max": ("NPIMax", False, [9, 2, 5]),
    "npi_canonicalize": ("NPICanonicalize", False, "17 45 45"),
}
"""The inputs that the papers of the NPI print or name: environment, recursive, input."""


@dataclass(frozen=True)
class PaperRun:
    """A printed program of the paper on its machine."""

    program: Program

    @cached_property
    def task(self) -> TapeTask:
        """The task on the machine of the printed run."""
        return make_task(
            self.program.task,
            memory_size=len(self.program.tape),
            registers=self.program.registers,
            repetitions=self.program.repetitions,
            action="circuit",
        )

    @cached_property
    def instances(self) -> TapeInstances:
        """The printed input as a batch of one."""
        values = self.program.tape
        scored = sorted(self.program.output)
        length = {
            "NRAMCopy": len(scored),
            "NRAMIncrement": len(scored),
            "NRAMReverse": len(scored),
            "NRAMAccess": len(values) - 2,
            "NRAMSwap": values.index(0) - 2,
        }[self.program.task]
        tape = np.array([values], dtype=np.int32)
        return self.task.pose(tape, np.array([length], dtype=np.int32))

    @cached_property
    def actions(self) -> list[tuple[int, ...]]:
        """The circuit of each step."""
        encoded = [circuit.encode(self.task.machine, wires) for wires in self.program.circuits]
        return [encoded[i] for i in self.program.order]

    @cached_property
    def steps(self) -> list[Step]:
        """The run, step by step."""
        return list(replay(self.task.machine, self.instances, self.actions))

    @cached_property
    def table(self) -> tuple[np.ndarray, tuple[int, ...]]:
        """A circuit for each pattern of flags, as a controller has them, and those that occur."""
        table = np.tile(self.actions[0], (2**self.program.registers, 1))
        patterns = [pattern_of(step.state.registers[0]) for step in self.steps[:-1]]
        for pattern, action in zip(patterns, self.actions, strict=True):
            table[pattern] = action
        return table, tuple(dict.fromkeys(patterns))

    def text(self) -> str:
        """Return the program and the run, as people see them."""
        machine: TapeMachine = self.task.machine
        program = circuit.program_text(machine, *self.table)
        return f"{program}\n\n{transcript(self.task, self.instances, self.steps)}\n"


def pattern_of(registers: Any) -> int:
    """Return Σ_j [r_j = 0] · 2**j."""
    return sum(1 << j for j, value in enumerate(registers) if value == 0)


def expert_text(env_id: str) -> str:
    """Return the expert's run on the instance (0, 0) of an environment, at a small length."""
    shortest = make_task(env_id).lengths[0]
    length = max(3, shortest)
    task = make_task(env_id, length=length)
    instances = draw(task, 0, [0], (length, length), "all")
    steps = replay(task.machine, instances, demonstration(task, instances))
    run = transcript(task, instances, steps)
    heading = f"{env_id}, length {length}, seed 0, index 0"
    return f"{heading}\n\n{posed_text(env_id, task, instances)}{run}\n"


def posed_text(env_id: str, task: Any, instances: Any) -> str:
    """Return a tape's input, as typed and as posed, and its answer, or a pad at the start."""
    if isinstance(instances, ProgramInstances):
        return display_of(task.machine).text(task.machine.initial(instances), instances) + "\n\n"
    if not isinstance(instances, TapeInstances):
        return ""
    typed = INPUTS[env_id](instances.tape[0].tolist(), int(instances.length[0]))
    width = len(str(instances.tape.shape[1] - 1))
    rows = {
        "cell": [str(i) for i in range(instances.tape.shape[1])],
        "input": [str(value) for value in instances.tape[0]],
        "answer": [
            str(value) if scored else "."
            for value, scored in zip(instances.answer[0], instances.mask[0], strict=True)
        ],
    }
    lines = [f"{name:<7}" + " ".join(f"{s:>{width}}" for s in row) for name, row in rows.items()]
    return "\n".join([f"typed  {' '.join(map(str, typed))}", *lines]) + "\n\n"


def nested_text(name: str) -> str:
    """Return a trace as the papers print it, and the answer."""
    env_id, recursive, values = TRACES[name]
    _, length = make_task(env_id).definition.encode(values)
    task = make_task(env_id, length=length, recursive=recursive)
    instances = task.pose_input(values)
    *_, last = replay(task.machine, instances, actions := demonstration(task, instances))
    heading = f"{env_id}, recursive={recursive}, input {values}"
    answer = task.definition.read(last.state)
    trace = "\n".join(nested(task, instances, actions))
    return f"{heading}\n\n{trace}\n\nanswer {answer}\n"


def expected() -> Iterator[tuple[Path, str]]:
    """Yield each golden file and what it must hold."""
    for env_id in REGISTRY:
        yield FOLDER / f"{env_id}.txt", expert_text(env_id)
    for name, program in PROGRAMS.items():
        yield FOLDER / "paper" / f"{name}.txt", PaperRun(program).text()
    for name in TRACES:
        yield FOLDER / "paper" / f"{name}.txt", nested_text(name)


def check(path: Path, text: str) -> None:
    """Assert that a golden file is there and holds a text."""
    shown = path.relative_to(FOLDER.parent.parent)
    assert path.exists(), f"{shown} is missing: write it with `{COMMAND}`, and read it"
    message = f"{shown} is out of date: if the change is meant, rewrite it with `{COMMAND}`"
    assert path.read_text(encoding="utf-8") == text, message


def main() -> None:
    """Rewrite every golden file, and remove those that belong to nothing."""
    files = dict(expected())
    for old in set(FOLDER.rglob("*.txt")) - set(files):
        old.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"wrote {len(files)} files to {FOLDER}")


if __name__ == "__main__":
    main()
