"""Right answers, and the judgement of agents that say theirs instead of acting."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Any

from neuralprog_envs.core import batch
from neuralprog_envs.core.task import Task


def right_answers(task: Task, instances: Any) -> list[list[Any]]:
    """Return the right answer of each of n instances, as ``Task.answers`` lists it.

    Where several are right, as with orders of a graph, it is the expert's.

    Raises:
        ValueError: One is not known.
    """
    found = []
    for row in range(len(instances.length)):
        one = batch.take(instances, slice(row, row + 1))
        _, expected = task.answers(task.machine.initial(one), one)
        if expected is None:
            raise ValueError("the right answer of an instance is not known")
        found.append(expected)
    return found


def is_right(given: Sequence[Any], expected: Sequence[Any]) -> bool:
    """Return whether an answer is right: as many items, equal one by one.

    Numbers in texts are equal within the tolerance of the table tasks (relative 1e-9, absolute
    1e-6).
    """
    return len(given) == len(expected) and all(map(_equal, given, expected))


def _equal(given: Any, expected: Any) -> bool:
    if given == expected:
        return True
    try:
        return isclose(float(given), float(expected), rel_tol=1e-9, abs_tol=1e-6)
    except ValueError:
        return False
