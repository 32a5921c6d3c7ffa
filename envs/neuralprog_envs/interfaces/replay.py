"""Traces: an expert's or an agent's run on one instance, step by step, for people and programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_envs.core.events import Act
from neuralprog_envs.core.task import Machine, Task


@dataclass(frozen=True)
class Step:
    """One step of a trace.

    Attributes:
        state: The machine's state before the action, a batch of one row.
        action: The action, K integers; empty in the last step, which shows the final state.
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
    state = machine.initial(instances)
    for action in actions:
        row = np.asarray(action, dtype=np.int64).reshape(1, -1)
        words = machine.describe(state, row)
        yield Step(state, tuple(int(n) for n in row[0]), words)
        state = machine.step(state, row)
    yield Step(state, (), "")


def transcript(task: Task, instances: Any, steps: Iterable[Step]) -> str:
    """Return a readable text of a trace, ending with the verdict if the right answer is known."""
    shown = list(steps)
    table = task.machine.render_trace([(step.state, step.words) for step in shown])
    if task.answers(shown[-1].state, instances)[1] is None:
        return table
    right = task.score(shown[-1].state, instances)[0] == 1.0
    return f"{table}\n{'success' if right else 'failure'}"
