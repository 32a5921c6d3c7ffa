"""A user's input, or an instance to be shown: read, checked, and the environment to pose it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neuralprog_agents.agent import Answerer, Policy
from neuralprog_envs.interfaces.env import TaskEnv
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.table.tables import Table
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

    Args:
        env_id: The task.
        text: What was typed.
        table: The CSV file that a question is about.

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
    """Return the environment in which the input can be posed.

    Args:
        policy: Who will act.
        env_id: The task.
        values: The user's input, as the task's docstring gives it.
        memory_size: M; None takes what the input needs.

    Raises:
        ValueError: The input has not the task's form, is too long, or a value is not in 0..M-1.
    """
    family = find(env_id).family
    if family not in _PREPARE:
        raise ValueError(f"{env_id}: an agent of this family is given no inputs, so far")
    env = _PREPARE[family](policy, env_id, values, memory_size)
    env.task.pose_input(values)
    return env


def _prepare_tape(
    policy: Policy | Answerer, env_id: str, values: Sequence[int], memory_size: int | None
) -> TaskEnv:
    cells, length = make_task(env_id).algorithm.encode(list(values))  # type: ignore[attr-defined]
    settings = {"length": length, "split": "all", **policy.settings(length)}
    if memory_size is None:
        task = make_task(env_id, length=length)
        room = max(cells) + 2  # one more than the values need: an increment should not wrap
        least = max(task.machine.memory_size, len(cells), room)  # type: ignore[attr-defined]
        memory_size = max(least, int(settings.get("memory_size") or 0))
    settings["memory_size"] = memory_size
    if memory_size > _MOST_CELLS:
        raise ValueError(
            f"this input needs a tape of {memory_size:,} cells, one for every value up to its "
            f"largest, and at most {_MOST_CELLS:,} are possible here"
        )
    try:
        return _affordable(TaskEnv(env_id, **settings))
    except ValueError as error:
        raise ValueError(f"this input (length {length}): {error}") from None


def _prepare_program(
    policy: Policy | Answerer, env_id: str, values: Any, memory_size: int | None
) -> TaskEnv:
    if memory_size is not None:
        raise ValueError(f"{env_id} has a pad of the size that its input needs: no memory size")
    definition = make_task(env_id).definition  # type: ignore[attr-defined]
    _, length = definition.encode(values)
    settings = {"length": length, "split": "all", **policy.settings(length)}
    return _affordable(TaskEnv(env_id, **settings))


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


def _prepare_table(
    policy: Policy | Answerer, env_id: str, values: Any, memory_size: int | None
) -> TaskEnv:
    if memory_size is not None:
        raise ValueError(f"{env_id} has no memory: no memory size")
    table, _ = read_table_input(values)
    table.check_size(_MOST_ROWS, _MOST_COLUMNS)
    return TaskEnv(env_id, **table_settings(policy, env_id, table))


def table_settings(policy: Policy | Answerer, env_id: str, table: Table) -> dict[str, Any]:
    """Return the arguments of an environment that holds a user's table.

    Real questions need a machine of the table's size, at least as large as the sample's, which
    stands in for a release; synthetic ones have as many columns as the policy knows.
    """
    settings = {"split": "all", **policy.settings(table.rows)}
    if "real" not in find(env_id).tags:
        return {"length": table.rows, **settings}
    return {
        "data": str(SAMPLE),
        "length": max(table.rows, _SAMPLE_ROWS),
        "columns": max(len(table.names), _SAMPLE_COLUMNS),
        **settings,
    }


_PREPARE: Mapping[str, Callable[..., TaskEnv]] = {
    "tape": _prepare_tape,
    "program": _prepare_program,
    "table": _prepare_table,
}
"""How each family finds the environment for an input."""


def example(policy: Policy | Answerer, env_id: str, length: int | None) -> TaskEnv:
    """Return the environment whose instances of a length are to be shown.

    Args:
        policy: Who will act.
        env_id: The task.
        length: The instances' length; None takes the environment's shortest default, at least 3.

    Raises:
        ValueError: There are no instances of that length.
    """
    if length is None:
        low, high = find(env_id).defaults["length"]
        length = min(max(low, 3), high)
    settings = {"length": length, "split": "all", **policy.settings(length)}
    return _affordable(TaskEnv(env_id, **settings))
