"""A user's input, or an instance to be shown: read, checked, and the environment to pose it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neuralprog_agents.agent import Answerer, Policy
from neuralprog_envs.core import arguments
from neuralprog_envs.interfaces.env import TaskEnv
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.table.tables import read_input as read_table_input
from neuralprog_envs.table.wikitables import SAMPLE

_MOST_ROWS, _MOST_COLUMNS = 2000, 64
_SAMPLE_ROWS, _SAMPLE_COLUMNS = 14, 6
"""The size of the largest table of the questions that come with the package."""
_WHOLE = re.compile(r"-?[1-9][0-9]{0,17}|0")
_MOST_STEPS = 20_000_000
"""Steps that an input may take: minutes."""
_MOST_CELLS = 2**20
"""The largest tape that is shown."""


def read_input(env_id: str, text: str, table: str | None = None) -> Any:
    """Return what a user typed in the form in which the environment's task takes it.

    ``table`` is the CSV file that a question is about.

    Raises:
        ValueError: It should be numbers, and is not; or there is a table but no question, or the
            other way round.
    """
    family = find(env_id).family
    if (table is not None) != (family == "table"):
        raise ValueError(
            f"{env_id} {'asks about a' if family == 'table' else 'takes no'} table: "
            '--table medals.csv --input "which nation has the most gold?"'
        )
    if family == "table":
        return {"table": table, "question": text}
    return text if family == "program" else parse_numbers(text)


def opened(values: Any) -> Any:
    """Return an input with its CSV file read, so that this happens once; others as they are."""
    if not isinstance(values, Mapping):
        return values
    table, question = read_table_input(values)
    return {"table": table, "question": question}


def parse_numbers(text: str) -> list[int]:
    """Return the numbers of "3 1 2" or "3, 1, 2"; raise ValueError if there are others.

    A number has one form, that in which it is printed: 7, and not 007 or +7.
    """
    words = text.replace(",", " ").split()
    for word in words:
        if not _WHOLE.fullmatch(word):
            raise ValueError(
                f"input {word[:40]!r}: must be whole numbers, as in '3 1 2', without + or leading 0"
            )
    return [int(word) for word in words]


def prepare(
    policy: Policy | Answerer, env_id: str, values: Any, memory_size: int | None = None
) -> TaskEnv:
    """Return the environment in which a user's input can be posed.

    The input has the form that the task's docstring gives. ``memory_size`` is M; None takes what
    the input needs.

    Raises:
        ValueError: The input has not the task's form, is too long, or a value is not in 0..M-1.
    """
    family = find(env_id).family
    if family not in _NEEDS:
        raise ValueError(f"{env_id}: an agent of this family is given no inputs, so far")
    if memory_size is not None and family != "tape":
        raise ValueError(f"{env_id} has no memory size: it takes what its input needs")
    length, needs = _NEEDS[family](env_id, values)
    own = policy.settings(length)
    settings = {"length": length, "split": "all", **needs, **own}
    if family == "tape":
        least = max(needs["memory_size"], own.get("memory_size") or 0)
        settings["memory_size"] = _checked_cells(least if memory_size is None else memory_size)
    try:
        env = _affordable(TaskEnv(env_id, **settings))
    except ValueError as error:
        raise ValueError(f"this input (length {length}): {error}") from None
    env.task.pose_input(values)
    return env


def _tape_needs(env_id: str, values: Sequence[int]) -> tuple[int, dict[str, Any]]:
    cells, length = make_task(env_id).encode(values)  # type: ignore[attr-defined]
    machine: Any = make_task(env_id, length=length).machine
    room = max(cells) + 2  # one more than the values need: an increment should not wrap
    return length, {"memory_size": max(machine.memory_size, len(cells), room)}


def _checked_cells(count: int) -> int:
    if arguments.integer("memory_size", count, 1) > _MOST_CELLS:
        raise ValueError(
            f"this input needs a tape of {count:,} cells, one for every value up to its "
            f"largest, and at most {_MOST_CELLS:,} are possible here"
        )
    return count


def _program_needs(env_id: str, values: Any) -> tuple[int, dict[str, Any]]:
    _, length = make_task(env_id).encode(values)  # type: ignore[attr-defined]
    return length, {}


def _table_needs(env_id: str, values: Any) -> tuple[int, dict[str, Any]]:
    """Return the size of a user's table; a synthetic one has the columns that the policy knows.

    Real questions need a machine at least as large as the sample's tables, which stand in for a
    release.
    """
    table, _ = read_table_input(values)
    table.check_size(_MOST_ROWS, _MOST_COLUMNS)
    if "real" not in find(env_id).tags:
        return table.rows, {}
    columns = max(len(table.names), _SAMPLE_COLUMNS)
    return max(table.rows, _SAMPLE_ROWS), {"data": str(SAMPLE), "columns": columns}


_NEEDS: Mapping[str, Callable[[str, Any], tuple[int, dict[str, Any]]]] = {
    "tape": _tape_needs,
    "program": _program_needs,
    "table": _table_needs,
}
"""By family: the length of an input, and other settings of an environment that it needs."""


def _affordable(env: TaskEnv) -> TaskEnv:
    """Return an environment, if its longest instance can be shown in minutes."""
    longest = env.setting.lengths[1]
    steps = int(env.setting.limits(np.array([longest]))[0])
    if steps > _MOST_STEPS:
        raise ValueError(
            f"an instance of length {longest:,} may take {steps:,} steps, and at most "
            f"{_MOST_STEPS:,} are possible here"
        )
    return env


def example(policy: Policy | Answerer, env_id: str, length: int | None) -> TaskEnv:
    """Return the environment whose instances of a length are to be shown.

    Without a length they have the environment's shortest default, but at least 3.

    Raises:
        ValueError: There are no instances of that length.
    """
    if length is None:
        low, high = find(env_id).defaults["length"]
        length = min(max(low, 3), high)
    settings = {"length": length, "split": "all", **policy.settings(length)}
    return _affordable(TaskEnv(env_id, **settings))
