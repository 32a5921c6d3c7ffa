"""A run of an expert or an agent on one instance, state by state and as a readable text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_envs.core.events import Act
from neuralprog_envs.core.task import Machine, Task
from neuralprog_envs.interfaces.display import display_of


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Attributes:
        state: The machine's state before the action, a batch of one row.
        action: The action, K integers; empty in the last step, which holds the final state.
        words: What the action does.
    """

    state: Any
    action: tuple[int, ...]
    words: str


def demonstration(task: Task, instances: Any) -> list[tuple[int, ...]]:
    """Return the expert's actions on a batch of one instance."""
    return [event.action for event in task.expert(instances) if isinstance(event, Act)]


def replay(machine: Machine, instances: Any, actions: Iterable[Any]) -> Iterator[Step]:
    """Run actions on a batch of one instance; yield every step, and at last the final state."""
    display, state = display_of(machine), machine.initial(instances)
    for action in actions:
        row = np.asarray(action, dtype=np.int64).reshape(1, -1)
        yield Step(state, tuple(int(n) for n in row[0]), display.describe(state, row))
        state = machine.step(state, row)
    yield Step(state, (), "")


def transcript(task: Task, instances: Any, steps: Iterable[Step]) -> str:
    """Return a run as text; it ends with "success" or "failure" if the right answer is known."""
    run = list(steps)
    table = display_of(task.machine).transcript([(step.state, step.words) for step in run])
    if task.answers(run[-1].state, instances)[1] is None:
        return table
    right = task.score(run[-1].state, instances)[0] == 1.0
    return f"{table}\n{'success' if right else 'failure'}"
