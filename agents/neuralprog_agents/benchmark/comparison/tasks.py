"""What the comparison asks of each task: its kind of operations, and the rungs of its ladder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from neuralprog_envs.core.instances import draw
from neuralprog_envs.faces.traces import demonstration
from neuralprog_envs.registry import REGISTRY, find, make_task

RUNGS = (1, 2, 5, 10, 100)
"""Test lengths, in multiples of the longest trained length."""
WIDER = 10
"""Wider values: in a memory so many times larger, or out of a range so many times wider."""
EPISODES = 100
FEWEST = 10
_VALUE_RANGE = 100
"""The range of the numbers of tables by default."""
_MOST_STEPS = 2_000_000
"""Steps that a rung may take in all; beyond, it has fewer episodes, or is too long to play."""
MOST_READ = 500
"""Beyond the trained length, the most numbers in an instance that is asked of those who answer:
some read in quadratic time."""


KINDS: Mapping[str, str] = MappingProxyType(
    {
        "NRAMAccess": "pointers",
        "NRAMIncrement": "arithmetic",
        "NRAMCopy": "moves",
        "NRAMReverse": "moves",
        "NRAMSwap": "pointers",
        "NRAMPermutation": "pointers",
        "NRAMListK": "pointers",
        "NRAMListSearch": "comparisons",
        "NRAMMerge": "comparisons",
        "NRAMWalkBST": "pointers",
        "NRAMSort": "comparisons",
        "NRAMSortZeros": "comparisons",
        "NRAMPrefixSum": "arithmetic",
        "NRAMCount": "comparisons",
        "NRAMDeduplicate": "comparisons",
        "NRAMDuplicatedInput": "moves",
        "NRAMRepeatCopy": "moves",
        "NRAMReversedAddition": "arithmetic",
        "NPIAddition": "arithmetic",
        "NPIBubbleSort": "comparisons",
        "NPIQuickSort": "comparisons",
        "NPITopologicalSort": "pointers",
        "NPIHanoi": "recursion",
        "NPIMax": "comparisons",
        "NPICanonicalize": "pictures",
        "NPSingleColumn": "aggregates",
        "NPTableQA": "aggregates",
        "NPTableQASynonyms": "language",
        "NPTextMatch": "language",
        "NPWikiTableQuestions": "language",
    }
)
"""The hardest kind of operation that a task needs; all but "moves" count as complex."""


@dataclass(frozen=True)
class Rung:
    """Instances to be scored: of one length, so many, each of so many numbers or more."""

    multiple: int
    length: int
    episodes: int
    numbers: int

    @property
    def readable(self) -> bool:
        """Whether it is asked of those who answer."""
        return self.multiple == 1 or self.numbers <= MOST_READ


def longest(env_id: str) -> int:
    """Return the longest length that a task poses by default: where the ladder begins."""
    return int(np.max(find(env_id).defaults["length"]))


def ladder(env_id: str, first: int) -> list[Rung]:
    """Return the rungs from a trained length on; those too long to be had or played have none."""
    machine: Any = make_task(env_id, length=longest(env_id)).machine
    columns = machine.columns if find(env_id).family == "table" else 1
    sizes = [(k, k * first) for k in RUNGS]
    return [Rung(k, n, _episodes(env_id, n), n * columns) for k, n in sizes]


def _episodes(env_id: str, length: int) -> int:
    try:
        steps = _horizon(env_id, length)
    except ValueError:  # some tasks have a longest length
        return 0
    episodes = min(EPISODES, _MOST_STEPS // max(steps, 1))
    return episodes if episodes >= FEWEST else 0


def _horizon(env_id: str, length: int) -> int:
    if "real" in find(env_id).tags and length > longest(env_id):
        return _MOST_STEPS  # real tables are as long as they are
    task = make_task(env_id, length=length)
    return int(task.horizon(np.array([length], dtype=np.int32))[0])


@lru_cache
def program_length(env_id: str) -> float:
    """Return the expert's mean number of steps at the longest default length."""
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
