"""The one table of environments: adding a task is one file and one row here.

A task of your own needs no row here: its file calls ``register``, and its id is known once the file
is imported. A command imports it if the id is typed with the module in front, as in Gymnasium:
``my_task:MyTask-v0``. Only ``import_task`` imports a module that a text names. Ids that are read
from files go to ``find`` and ``make_task``, which import nothing.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from neuralprog_envs.core.task import Task

FAMILIES = ("tape", "program", "table")


@dataclass(frozen=True)
class Row:
    """One environment.

    Attributes:
        name: The id without its version.
        family: "tape", "program" or "table": the package whose ``task.build`` makes the task.
        task: ``module:attribute``, loaded when first used.
        defaults: Keyword arguments of the family's ``build``; "length" is always among them.
        tags: For choosing subsets of the table; one names the hardest kind of operation that the
            task needs ("moves", "pointers", "comparisons", "arithmetic", "recursion", "pictures",
            "aggregates", "language"). "stage" is a task that leads to a harder one.
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

    @property
    def address(self) -> str:
        """The id by which every process finds the task; a user's task has its module in front."""
        return f"{self.task.partition(':')[0]}:{self.id}" if "user" in self.tags else self.id

    @property
    def description(self) -> str:
        """What the task is, in the words of its module, without the source."""
        text = importlib.import_module(self.task.partition(":")[0]).__doc__ or ""
        return text.partition("\nSource:")[0].strip()

    @property
    def summary(self) -> str:
        """What the task is in one sentence, the first paragraph of ``description`` on one line."""
        return " ".join(self.description.partition("\n\n")[0].split())


_PREFIXES = {"tape": "NRAM", "program": "NPI", "table": "NP"}


def _row(family: str, name: str, task: str, length: tuple[int, int], *tags: str) -> Row:
    path = f"neuralprog_envs.{family}.tasks.{task}"
    return Row(_PREFIXES[family] + name, family, path, {"length": length}, frozenset(tags))


_tape, _program, _table = (partial(_row, family) for family in FAMILIES)


def _function(name: str, task: str) -> Row:
    """A function of numbers below M, where M is from 4 to 9: the length of an instance."""
    return _tape(name, task, (4, 9), "arithmetic", "ours", "function")


_ROWS = (
    _tape("Access", "access:Access", (1, 5), "pointers", "paper", "easy"),
    _tape("Increment", "increment:Increment", (1, 5), "arithmetic", "paper", "easy"),
    _tape("Copy", "copy:Copy", (1, 5), "moves", "paper", "easy"),
    _tape("Reverse", "reverse:Reverse", (1, 5), "moves", "paper", "easy"),
    _tape("Swap", "swap:Swap", (2, 5), "pointers", "paper", "easy"),
    _tape("Permutation", "permutation:Permutation", (1, 4), "pointers", "paper", "hard"),
    _tape("ListK", "list_k:ListK", (1, 4), "pointers", "paper", "hard"),
    _tape("ListSearch", "list_search:ListSearch", (1, 4), "comparisons", "paper", "hard"),
    _tape("Merge", "merge:Merge", (2, 5), "comparisons", "paper", "hard"),
    _tape("WalkBST", "walk_bst:WalkBST", (1, 4), "pointers", "paper", "hard"),
    _tape("Sort", "sort:Sort", (2, 5), "comparisons", "sort"),
    _tape("SortZeros", "sort_zeros:SortZeros", (2, 5), "comparisons", "sort"),
    _tape("PrefixSum", "prefix_sum:PrefixSum", (1, 5), "arithmetic", "ours"),
    _tape("Count", "count:Count", (1, 5), "comparisons", "ours"),
    _tape("Deduplicate", "deduplicate:Deduplicate", (1, 5), "comparisons", "ours"),
    _tape("DuplicatedInput", "duplicated_input:DuplicatedInput", (1, 4), "moves", "classic"),
    _tape("RepeatCopy", "repeat_copy:RepeatCopy", (1, 4), "moves", "classic"),
    _tape(
        "ReversedAddition", "reversed_addition:ReversedAddition", (1, 4), "arithmetic", "classic"
    ),
    _tape(
        "VectorAddition", "vector_addition:VectorAddition", (1, 4), "arithmetic", "ours", "stage"
    ),
    _function("DigitSum", "digit_sum:digit_sum"),
    _function("Carry", "carry:carry"),
    _function("Double", "double:double"),
    _function("Halve", "halve:halve"),
    _function("Multiply", "multiply:multiply"),
    _function("Progression", "progression:progression"),
    _function("Power", "power:power"),
    _function("Factorial", "factorial:factorial"),
    _function("Monus", "monus:monus"),
    _function("CeilingDivision", "ceiling_division:ceiling_division"),
    _function("Remainder", "remainder:remainder"),
    _function("Quotient", "quotient:quotient"),
    _function("Gcd", "gcd:gcd"),
    _function("Lcm", "lcm:lcm"),
    _function("LargestDivisor", "largest_divisor:largest_divisor"),
    _function("Primality", "primality:primality"),
    _function("SquareRoot", "square_root:square_root"),
    _function("Totient", "totient:totient"),
    _program("Addition", "addition:Addition", (1, 5), "arithmetic", "paper"),
    _program("BubbleSort", "bubble_sort:BubbleSort", (1, 5), "comparisons", "paper", "sort"),
    _program("QuickSort", "quick_sort:QuickSort", (1, 5), "comparisons", "paper", "sort"),
    _program("TopologicalSort", "topological_sort:TopologicalSort", (1, 5), "pointers", "paper"),
    _program("Hanoi", "hanoi:Hanoi", (1, 5), "recursion", "paper"),
    _program("Max", "maximum:Maximum", (1, 5), "comparisons", "paper"),
    _program("Canonicalize", "canonicalize:Canonicalize", (1, 4), "paper", "pictures"),
    _table(
        "SingleColumn", "single_column:single_column", (30, 100), "aggregates", "paper", "numbers"
    ),
    _table("TableQA", "table_qa:table_qa", (30, 100), "aggregates", "paper", "numbers"),
    _table("TableQASynonyms", "synonyms:synonyms", (30, 100), "language", "paper", "numbers"),
    _table("TextMatch", "text_match:text_match", (30, 100), "language", "paper", "text"),
    _table(
        "WikiTableQuestions",
        "wiki:WikiTableQuestions",
        (8, 12),
        "language",
        "paper",
        "text",
        "real",
    ),
)

_TABLE = {row.id: row for row in _ROWS}

REGISTRY: Mapping[str, Row] = MappingProxyType(_TABLE)
"""Every environment by its id."""

if len(REGISTRY) != len(_ROWS):
    raise RuntimeError("two rows of the registry have the same name")


def add(row: Row) -> None:
    """Add a row; raise ValueError if another task has its id, or if there is no such family."""
    if row.family not in FAMILIES:
        raise ValueError(f"unknown family {row.family!r}: {', '.join(FAMILIES)}")
    if _TABLE.setdefault(row.id, row) != row:
        raise ValueError(f"{row.id} is registered already, as {_TABLE[row.id].task}")


def own_rows() -> tuple[Row, ...]:
    """Return the rows of the tasks that were added, which other processes need."""
    return tuple(row for row in REGISTRY.values() if row not in _ROWS)


def find(env_id: str) -> Row:
    """Return the row of an id, with or without its version; import nothing.

    The id "module:MyTask" is found where the module was imported before. Raise ValueError if it was
    not, or if the id is unknown; the message names the nearest ones.
    """
    module, _, name = str(env_id).rpartition(":")
    name = full_id(name)
    row = REGISTRY.get(name)
    if module and row is None:
        raise ValueError(
            f"{name} is a user's task, and no file may import its module {module!r}: "
            f"if you trust that, type --env {env_id} (in Python, import {module})"
        )
    if module not in ("", "neuralprog_envs") and row in _ROWS:
        raise ValueError(f"{name} is a task of neuralprog_envs, not of {module!r}: write {name}")
    if row is not None:
        return row
    matches = ", ".join(difflib.get_close_matches(name, REGISTRY, n=3) or sorted(REGISTRY))
    own = f"(a task of your own: type its module too, --env module:{name[:60]})"
    raise ValueError(f"unknown environment {str(env_id)[:60]!r}: did you mean {matches}? {own}")


def import_task(env_id: str) -> Row:
    """Return the row of an id like "module:MyTask", whose module is imported first.

    This runs the module's code: pass what a person typed, never what a file contains. Raise
    ValueError if there is no such module, or it has no such task.
    """
    module = env_id.rpartition(":")[0]
    if module:
        _import(module)
    return find(env_id)


def full_id(env_id: str) -> str:
    """Return an id with its version, which "NRAMCopy" lacks; a module in front stays."""
    return env_id if env_id.endswith("-v0") else f"{env_id}-v0"


def _import(module: str) -> None:
    if not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(f"{module!r} is not the name of a module; write an id as module:MyTask")
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no module {module!r} on Python's path") from None


def make_task(env_id: str, **settings: Any) -> Task:
    """Return the task of an id, with or without its version.

    ``settings`` are keyword arguments of the family's ``build``, over the row's defaults. Raise
    ValueError if the id is unknown or a setting is out of its range, TypeError if the family has no
    such setting.
    """
    row = find(env_id)
    module, attribute = row.task.split(":")
    definition = getattr(importlib.import_module(module), attribute)
    build = importlib.import_module(f"neuralprog_envs.{row.family}.task").build
    try:
        return build(definition(), **{**row.defaults, **settings})  # type: ignore[no-any-return]
    except TypeError as error:
        if unknown := re.search(
            r"(?:unexpected|multiple values for) (?:keyword )?argument '(\w+)'", str(error)
        ):
            # Gymnasium and TorchRL look for Python's own words.
            message = f"{row.id} has no setting {unknown[1]!r}: {unknown[0]}"
            raise TypeError(message) from None
        raise
