"""A trace: one run in the types of JSON, as ``run --json`` prints it and the viewer draws it.

All families share one form, which ``trace.schema.json`` beside this file specifies. A state is a
few flat arrays of integers, its *layers*. A trace holds the layers of the first state and, for each
step, what changed. Each distinct action and text is stored once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Task
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.registry import find

FORMAT = "neuralprog-trace-2"


def heading(env_id: str, agent: str = "", **posed: Any) -> dict[str, Any]:
    """Return what a trace begins with: who acts, in which task, on what.

    Args:
        env_id: The environment.
        agent: Its name, if it has one.
        **posed: "input" or "seed", if there is one.
    """
    known = {"agent": agent, "env": env_id, "task": find(env_id).summary}
    return {name: text for name, text in known.items() if text} | posed


class _Distinct:
    """Numbers distinct things from 0, in the order in which they first come."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def number(self, thing: Hashable) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    def things(self) -> list[Any]:
        return list(self._numbers)


def trace(task: Task, instances: Any, actions: Iterable[Any]) -> dict[str, Any]:
    """Return the trace of a run, the actions taken, on a batch of one instance.

    It has "format", "family", "length", "answer", "expected", "success", "scene", "start",
    "actions", "texts" and "steps" of ``trace.schema.json``. The caller puts ``heading`` before
    it.
    """
    machine, display = task.machine, display_of(task.machine)
    distinct, texts = _Distinct(), _Distinct()
    state = machine.initial(instances)
    layers = display.layers(state)
    start = {name: layer.tolist() for name, layer in layers.items()}
    steps: dict[str, list[Any]] = {"action": [], "words": []}
    changes: dict[str, list[Any]] = {name: [] for name in layers}
    for action in actions:
        row = np.asarray(action, dtype=np.int64).reshape(1, -1)
        numbers = tuple(row[0].tolist())
        before, state = state, machine.step(state, row)
        words = display.describe(before, row).strip()
        notes = display.notes(before, numbers, state)
        step = {"action": distinct.number(numbers), "words": words, **notes}
        for name, value in step.items():
            stored = texts.number(value) if isinstance(value, str) else value
            steps.setdefault(name, []).append(stored)
        old, layers = layers, display.layers(state)
        for name, layer in layers.items():
            changes[name].append(_change(old[name], layer))
    return {
        "format": FORMAT,
        "family": type(task).__module__.split(".")[-2],
        "length": int(instances.length[0]),
        **_verdict(task, state, instances),
        "scene": display.scene(instances),
        "start": start,
        "actions": [{"choice": list(a), **display.explain(a)} for a in distinct.things()],
        "texts": texts.things(),
        "steps": {**steps, "changes": changes},
    }


def _change(old: NDArray[Any], new: NDArray[Any]) -> list[int]:
    """Return the places that differ, each followed by its new value."""
    places = np.flatnonzero(old != new).tolist()
    return [number for place in places for number in (place, int(new[place]))]


def _verdict(task: Task, state: Any, instances: Any) -> dict[str, Any]:
    answer, expected = task.answers(state, instances)
    right = bool(task.score(state, instances)[0] == 1.0)
    success = None if expected is None else right
    return {"answer": answer, "expected": expected, "success": success}


def layers_at(trace: Mapping[str, Any]) -> Iterator[dict[str, list[int]]]:
    """Yield the layers of a trace before its first step and after each of its steps."""
    layers = {name: list(values) for name, values in trace["start"].items()}
    changes = trace["steps"]["changes"]
    yield layers
    for step in range(len(trace["steps"]["action"])):
        layers = {name: list(values) for name, values in layers.items()}
        for name, layer in layers.items():
            change = changes[name][step]
            for place, value in zip(change[::2], change[1::2], strict=True):
                layer[place] = value
        yield layers
