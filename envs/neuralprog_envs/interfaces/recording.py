"""A run as one JSON object: what ``run --json`` prints, and what the viewer draws.

One shape serves all families. What a machine holds is a few flat arrays of integers, its *layers*;
a record has them at the start, and for each step what changed. Actions and texts that come again
are written once. ``trace.schema.json`` beside this file says what everything is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Task

FORMAT = "neuralprog-trace-1"

Layers = Mapping[str, NDArray[Any]]


class _Once:
    """Numbers distinct things from 0, in the order in which they first come."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def number(self, thing: Hashable) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    def things(self) -> list[Any]:
        return list(self._numbers)


def record(task: Task, instances: Any, actions: Iterable[Any]) -> dict[str, Any]:
    """Return a run on a batch of one instance, in the types of JSON.

    Args:
        task: The task.
        instances: A batch of one instance.
        actions: The actions that were taken, K integers each.

    Returns:
        "format", "family", "length", "answer", "expected", "success", "scene", "start",
        "actions", "texts" and "steps" of ``trace.schema.json``. What is known of who acted is the
        caller's to add.
    """
    machine, chosen, texts = task.machine, _Once(), _Once()
    state = machine.initial(instances)
    layers = machine.layers(state)
    start = {name: layer.tolist() for name, layer in layers.items()}
    steps: dict[str, list[Any]] = {"action": [], "words": []}
    changes: dict[str, list[Any]] = {name: [] for name in layers}
    for action in actions:
        row = np.asarray(action, dtype=np.int64).reshape(1, -1)
        numbers = tuple(row[0].tolist())
        before, state = state, machine.step(state, row)
        words = machine.describe(before, row).strip()
        notes = machine.notes(before, numbers, state)
        entry = {"action": chosen.number(numbers), "words": words, **notes}
        for name, value in entry.items():
            kept = texts.number(value) if isinstance(value, str) else value
            steps.setdefault(name, []).append(kept)
        old, layers = layers, machine.layers(state)
        for name, layer in layers.items():
            changes[name].append(_change(old[name], layer))
    return {
        "format": FORMAT,
        "family": type(task).__module__.split(".")[-2],
        "length": int(instances.length[0]),
        **_verdict(task, state, instances),
        "scene": machine.scene(instances),
        "start": start,
        "actions": [{"choice": list(c), **machine.explain(c)} for c in chosen.things()],
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


def layers_at(recording: Mapping[str, Any]) -> Iterator[dict[str, list[int]]]:
    """Yield the layers of a record before its first step and after each of its steps."""
    layers = {name: list(values) for name, values in recording["start"].items()}
    changes = recording["steps"]["changes"]
    yield layers
    for step in range(len(recording["steps"]["action"])):
        layers = {name: list(values) for name, values in layers.items()}
        for name, layer in layers.items():
            change = changes[name][step]
            for place, value in zip(change[::2], change[1::2], strict=True):
                layer[place] = value
        yield layers
