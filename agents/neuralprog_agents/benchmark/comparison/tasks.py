"""What the comparison asks of each task: its kind of operations, and the lengths to score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from neuralprog_envs.core.instances import draw
from neuralprog_envs.core.task import LengthError
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.registry import REGISTRY, find, make_task

MULTIPLES = (1, 2, 5, 10, 100)
"""Test lengths, in multiples of the longest default length."""
WIDER = 10
"""Wider values: in a memory so many times larger, or out of a range so many times wider."""
EPISODES = 100
FEWEST = 10
_VALUE_RANGE = 100
"""The range of the numbers of tables by default."""
_MOST_STEPS = 2_000_000
"""Steps that an evaluation may take in all; beyond, it has fewer episodes, or none."""
MOST_READ = 500
"""Beyond the default lengths, the most numbers in an instance that is asked of those who answer:
some read in quadratic time."""


KINDS = (
    "moves", "pointers", "comparisons", "arithmetic", "recursion", "pictures", "aggregates",
    "language",
)  # fmt: skip
"""The tags of tasks that name the hardest kind of operation that a task needs."""

LEFT_OUT = _NO_SUCH, _UNPLAYED, _UNREAD = "no such length", "too long to play", "too long to read"
"""Why a length is not asked, none of which says anything about an agent."""


@dataclass(frozen=True)
class Evaluation:
    """Instances to be scored.

    Attributes:
        multiple: Of the longest default length.
        length: Their length.
        numbers: How many, or more, an instance has.
        episodes: How many are played.
        reason: Why none is; empty if some are.
    """

    multiple: int
    length: int
    numbers: int
    episodes: int = 0
    reason: str = ""

    def left_out(self, answers: bool) -> str:
        """Return why it is not asked of those who answer, or who act; empty if it is."""
        if not self.reason and answers and self.multiple > 1 and self.numbers > MOST_READ:
            return f"{_UNREAD}: {self.length}"
        return self.reason


def kind(env_id: str) -> str:
    """Return the hardest kind of operation that a task needs; "other" for tasks of others.

    All but "moves" count as complex.
    """
    return next((kind for kind in KINDS if kind in find(env_id).tags), "other")


def longest(env_id: str) -> int:
    """Return the longest length that a task poses by default: the first that is scored."""
    return int(np.max(find(env_id).defaults["length"]))


def evaluations(env_id: str, first: int) -> list[Evaluation]:
    """Return an evaluation for each of ``MULTIPLES``; see ``Evaluation.left_out``."""
    machine: Any = make_task(env_id, length=longest(env_id)).machine
    columns = machine.columns if find(env_id).family == "table" else 1
    return [_evaluation(env_id, k, k * first, k * first * columns) for k in MULTIPLES]


def _evaluation(env_id: str, multiple: int, length: int, numbers: int) -> Evaluation:
    try:
        steps = _horizon(env_id, length)
    except LengthError:
        return Evaluation(multiple, length, numbers, reason=f"{_NO_SUCH}: {length}")
    episodes = min(EPISODES, _MOST_STEPS // max(steps, 1))
    if episodes < FEWEST:
        return Evaluation(multiple, length, numbers, reason=f"{_UNPLAYED}: {length}")
    return Evaluation(multiple, length, numbers, episodes)


def _horizon(env_id: str, length: int) -> int:
    if "real" in find(env_id).tags and length > longest(env_id):
        return _MOST_STEPS  # real tables are as long as they are
    task = make_task(env_id, length=length)
    return int(task.horizon(np.array([length], dtype=np.int32))[0])


_ROUNDABOUT = frozenset({"NPIMax-v0"})
"""Tasks whose expert takes many more steps than needed: it sorts, and one pass finds a maximum."""


@lru_cache
def program_length(env_id: str) -> float | None:
    """Return the expert's mean number of steps at the longest default length.

    None for a task whose expert takes many more steps than needed.
    """
    if find(env_id).id in _ROUNDABOUT:
        return None
    length = longest(env_id)
    task = make_task(env_id, length=length)
    instances = [draw(task, seed, [0], (length, length), "all") for seed in range(10)]
    return float(np.mean([len(demonstration(task, each)) for each in instances]))


def wider(env_id: str) -> dict[str, Any] | None:
    """Return the settings under which values are wider; None where a task has no such thing."""
    family = find(env_id).family
    if family == "tape":
        task: Any = make_task(env_id, length=longest(env_id))
        return {"memory_size": WIDER * task.machine.memory_size}
    if family == "table" and "numbers" in REGISTRY[find(env_id).id].tags:
        return {"value_range": WIDER * _VALUE_RANGE}
    return None
