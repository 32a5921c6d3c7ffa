"""The one table of environments: adding a task is one file and one row here."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from neuralprog_envs.core.task import Task


@dataclass(frozen=True)
class Row:
    """One environment.

    Attributes:
        name: The id without its version.
        family: "tape", "program" or "table": the package whose ``task.build`` makes the task.
        task: ``module:attribute`` under the family's ``tasks``, loaded when first used.
        defaults: Keyword arguments of the family's ``build``; "length" is always among them.
        tags: For choosing subsets of the table.
    """

    name: str
    family: str
    task: str
    defaults: Mapping[str, Any]
    tags: frozenset[str] = field(default_factory=frozenset)

    @property
    def id(self) -> str:
        """The Gymnasium id."""
        return f"{self.name}-v0"


def _tape(name: str, task: str, length: tuple[int, int], *tags: str) -> Row:
    return Row(f"NRAM{name}", "tape", task, {"length": length}, frozenset(tags))


def _program(name: str, task: str, length: tuple[int, int], *tags: str) -> Row:
    return Row(f"NPI{name}", "program", task, {"length": length}, frozenset(tags))


def _table(name: str, task: str, length: tuple[int, int], *tags: str) -> Row:
    return Row(f"NP{name}", "table", task, {"length": length}, frozenset(tags))


_ROWS = (
    _tape("Access", "access:Access", (1, 5), "paper", "easy"),
    _tape("Increment", "increment:Increment", (1, 5), "paper", "easy"),
    _tape("Copy", "copy:Copy", (1, 5), "paper", "easy"),
    _tape("Reverse", "reverse:Reverse", (1, 5), "paper", "easy"),
    _tape("Swap", "swap:Swap", (2, 5), "paper", "easy"),
    _tape("Permutation", "permutation:Permutation", (1, 4), "paper", "hard"),
    _tape("ListK", "list_k:ListK", (1, 4), "paper", "hard"),
    _tape("ListSearch", "list_search:ListSearch", (1, 4), "paper", "hard"),
    _tape("Merge", "merge:Merge", (2, 5), "paper", "hard"),
    _tape("WalkBST", "walk_bst:WalkBST", (1, 4), "paper", "hard"),
    _tape("Sort", "sort:Sort", (2, 5), "sort"),
    _tape("SortZeros", "sort_zeros:SortZeros", (2, 5), "sort"),
    _tape("PrefixSum", "prefix_sum:PrefixSum", (1, 5), "ours"),
    _tape("Count", "count:Count", (1, 5), "ours"),
    _tape("Deduplicate", "deduplicate:Deduplicate", (1, 5), "ours"),
    _tape("DuplicatedInput", "duplicated_input:DuplicatedInput", (1, 4), "classic"),
    _tape("RepeatCopy", "repeat_copy:RepeatCopy", (1, 4), "classic"),
    _tape("ReversedAddition", "reversed_addition:ReversedAddition", (1, 4), "classic"),
    _program("Addition", "addition:Addition", (1, 5), "paper"),
    _program("BubbleSort", "bubble_sort:BubbleSort", (1, 5), "paper", "sort"),
    _program("QuickSort", "quick_sort:QuickSort", (1, 5), "paper", "sort"),
    _program("TopologicalSort", "topological_sort:TopologicalSort", (1, 5), "paper"),
    _program("Hanoi", "hanoi:Hanoi", (1, 5), "paper"),
    _program("Max", "maximum:Maximum", (1, 5), "paper"),
    _program("Canonicalize", "canonicalize:Canonicalize", (1, 4), "paper", "pictures"),
    _table("SingleColumn", "single_column:single_column", (30, 100), "paper", "numbers"),
    _table("TableQA", "table_qa:table_qa", (30, 100), "paper", "numbers"),
    _table("TableQASynonyms", "synonyms:synonyms", (30, 100), "paper", "numbers"),
    _table("TextMatch", "text_match:text_match", (30, 100), "paper", "text"),
    _table("WikiTableQuestions", "wiki:WikiTableQuestions", (8, 12), "paper", "text", "real"),
)

REGISTRY: Mapping[str, Row] = MappingProxyType({row.id: row for row in _ROWS})
"""Every environment by its id."""

if len(REGISTRY) != len(_ROWS):
    raise RuntimeError("two rows of the registry have the same name")


def find(env_id: str) -> Row:
    """Return the row of an id, with or without its version.

    Raises:
        ValueError: There is no such id; the message names the nearest ones.
    """
    name = env_id if env_id.endswith("-v0") else f"{env_id}-v0"
    if name in REGISTRY:
        return REGISTRY[name]
    near = difflib.get_close_matches(name, REGISTRY, n=3) or sorted(REGISTRY)
    raise ValueError(f"unknown environment {env_id!r}: did you mean {', '.join(near)}?")


def make_task(env_id: str, **settings: Any) -> Task:
    """Return the task of an id.

    Args:
        env_id: An id of ``REGISTRY``, with or without its version.
        **settings: Keyword arguments of the family's ``build``, over the row's defaults.

    Raises:
        ValueError: The id is unknown or a setting is out of its range.
        TypeError: The family has no such setting.
    """
    row = find(env_id)
    package = f"neuralprog_envs.{row.family}"
    module, attribute = row.task.split(":")
    definition = getattr(importlib.import_module(f"{package}.tasks.{module}"), attribute)
    build = importlib.import_module(f"{package}.task").build
    return build(definition(), **{**row.defaults, **settings})  # type: ignore[no-any-return]
