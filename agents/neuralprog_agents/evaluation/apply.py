"""Apply a policy to a user's own input, or to an instance of its environment; keep the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.evaluation.policy import Informed, Player, Policy
from neuralprog_envs.core.task import Task
from neuralprog_envs.faces.frames import nested
from neuralprog_envs.faces.recording import record
from neuralprog_envs.faces.single import ProgramEnv
from neuralprog_envs.faces.traces import replay, transcript
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.table.tables import Table
from neuralprog_envs.table.tables import read_input as read_table_input
from neuralprog_envs.table.wikitables import SAMPLE

Beliefs = dict[str, list[float]]
"""Probabilities by what they are about: an integer of the action, or words of a question."""

_DECIMALS = 4

_MOST_TOLD = 4000
"""Up to this step limit a policy that can play by itself is asked for its beliefs instead."""
_MOST_ROWS, _MOST_COLUMNS = 2000, 64
_SAMPLE_ROWS, _SAMPLE_COLUMNS = 14, 6
"""The size of the largest table of the questions that come with the package."""

_SHOWN_LINES = 500
"""Lines of a nested trace that are shown at its start, and at its end."""

_MOST_PRINTED = 100_000
"""Steps of a run whose trace is printed."""

_MOST_STEPS = 100_000_000
"""Steps that an input may take: minutes."""


@dataclass(frozen=True)
class Application:
    """What a policy did with an instance.

    Attributes:
        task: The task.
        instance: What was posed, a batch of one.
        actions: What the policy did.
        beliefs: The probabilities behind each action, if the policy tells them.
        values: The user's input; None if the environment posed the instance.
    """

    task: Task
    instance: Any
    actions: list[tuple[int, ...]]
    beliefs: list[Beliefs] = field(default_factory=list)
    values: Any = None

    @cached_property
    def record(self) -> dict[str, Any]:
        """The trace in the types of JSON: see ``neuralprog_envs/faces/trace.schema.json``."""
        trace = record(self.task, self.instance, _with_progress(self.actions))
        trace["answer"], trace["expected"] = self.answer, self.expected
        if self.beliefs:
            trace["steps"]["beliefs"] = self.beliefs
        return trace

    @property
    def answer(self) -> list[Any]:
        """The answer that the machine holds at the end."""
        return self._verdict[0]

    @property
    def expected(self) -> list[Any] | None:
        """The right answer; None where it is not known."""
        return self._verdict[1]

    @property
    def success(self) -> bool | None:
        """Whether the answer is wholly right; None where that is not known."""
        return self._verdict[2]

    @cached_property
    def _verdict(self) -> tuple[list[Any], list[Any] | None, bool | None]:
        episode = self.task.machine.begin(self.instance)
        for action in self.actions:
            episode.step(action)
        state = episode.state()
        answer, expected = self.task.answers(state, self.instance)
        right = bool(self.task.score(state, self.instance)[0] == 1.0)
        return self._spelled(answer), self._spelled(expected), None if expected is None else right

    def _spelled(self, answer: Any) -> Any:
        """Return an answer in the words of the user's input."""
        if self.values is None or answer is None or not isinstance(self.task, ProgramTask):
            return answer
        return [self.task.definition.spell(part, self.values) for part in answer]

    def text(self, *, unfold: bool = False) -> str:
        """Return the trace: a table, or the nested calls of a program.

        Args:
            unfold: Whether a program's calls of itself as its last step are nested too, and not
                shown as the loop that they amount to.
        """
        if isinstance(self.task, ProgramTask):
            return _nested_text(self.task, self.instance, self.actions, unfold)
        steps = replay(self.task.machine, self.instance, self.actions)
        return transcript(self.task, self.instance, steps)


def _with_progress(actions: list[tuple[int, ...]]) -> Iterable[tuple[int, ...]]:
    """Show how far a long trace is, on a terminal."""
    from tqdm import tqdm

    return tqdm(actions, "trace", unit=" steps", leave=False, delay=1.0, disable=None)


def _nested_text(task: ProgramTask, instance: Any, actions: Any, unfold: bool) -> str:
    """Return the calls of a run, nested, the middle of long ones left out."""
    if len(actions) > _MOST_PRINTED:
        return f"({len(actions):,} steps: too many to print)"
    every = list(nested(task, instance, actions))
    calls = every if unfold else list(nested(task, instance, actions, fold=True))
    folded, left_out = len(every) - len(calls), len(calls) - 2 * _SHOWN_LINES
    if left_out > 0:
        calls[_SHOWN_LINES:-_SHOWN_LINES] = [f"... {left_out:,} more calls ..."]
    if folded:
        note = f"({folded:,} last calls of a program by itself are shown as a loop: --unfold)"
        calls += ["", note]
    return "\n".join(calls)


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


def parse_numbers(text: str) -> list[int]:
    """Return the numbers of "3 1 2" or "3, 1, 2"; raise ValueError if there are others."""
    try:
        return [int(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise ValueError(f"input {text!r}: must be whole numbers, as in '3 1 2'") from None


def prepare(policy: Policy, env_id: str, values: Any, memory_size: int | None = None) -> ProgramEnv:
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
    policy: Policy, env_id: str, values: Sequence[int], memory_size: int | None
) -> ProgramEnv:
    cells, length = make_task(env_id).algorithm.encode(list(values))  # type: ignore[attr-defined]
    settings = {"length": length, "split": "all", **policy.settings(length)}
    if memory_size is None:
        task = make_task(env_id, length=length)
        room = max(cells) + 2  # one more than the values need: an increment should not wrap
        least = max(task.machine.memory_size, len(cells), room)  # type: ignore[attr-defined]
        memory_size = max(least, int(settings.get("memory_size") or 0))
    settings["memory_size"] = memory_size
    try:
        return ProgramEnv(env_id, **settings)
    except ValueError as error:
        raise ValueError(f"this input (length {length}): {error}") from None


def _prepare_program(
    policy: Policy, env_id: str, values: Any, memory_size: int | None
) -> ProgramEnv:
    if memory_size is not None:
        raise ValueError(f"{env_id} has a pad of the size that its input needs: no memory size")
    definition = make_task(env_id).definition  # type: ignore[attr-defined]
    _, length = definition.encode(values)
    if definition.steps(np.array([length]))[0] > _MOST_STEPS:
        raise ValueError(f"an input of length {length} takes more than {_MOST_STEPS:,} steps")
    return ProgramEnv(env_id, **{"length": length, "split": "all", **policy.settings(length)})


def _prepare_table(policy: Policy, env_id: str, values: Any, memory_size: int | None) -> ProgramEnv:
    if memory_size is not None:
        raise ValueError(f"{env_id} has no memory: no memory size")
    table, _ = read_table_input(values)
    table.check_size(_MOST_ROWS, _MOST_COLUMNS)
    return ProgramEnv(env_id, **table_settings(policy, env_id, table))


def table_settings(policy: Policy, env_id: str, table: Table) -> dict[str, Any]:
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


_PREPARE: Mapping[str, Callable[..., ProgramEnv]] = {
    "tape": _prepare_tape,
    "program": _prepare_program,
    "table": _prepare_table,
}
"""How each family finds the environment for an input."""


def example(policy: Policy, env_id: str, length: int | None) -> ProgramEnv:
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
    return ProgramEnv(env_id, **{"length": length, "split": "all", **policy.settings(length)})


def apply(policy: Policy, env: ProgramEnv, values: Any = None, seed: int = 0) -> Application:
    """Let a policy act on an input, or on an instance of the environment.

    Args:
        policy: Who acts.
        env: From ``prepare`` or ``example``.
        values: The input; None poses the instance at the address (``seed``, 0).
        seed: See ``values``.
    """
    options = None if values is None else {"input": values}
    observation, info = env.reset(seed=seed, options=options)
    limits = env.setting.limits(env.instance.length).tolist()
    if isinstance(policy, Player) and not (hasattr(policy, "beliefs") and limits[0] <= _MOST_TOLD):
        (run,) = policy.play(env.task, env.instance, limits, keep=True)
        return Application(env.task, env.instance, run.actions or [], values=values)
    played = list(_act(policy, env, observation, info))
    actions, beliefs = [action for action, _ in played], [belief for _, belief in played]
    return Application(env.task, env.instance, actions, beliefs if any(beliefs) else [], values)


def _act(
    policy: Policy, env: ProgramEnv, observation: Any, info: dict[str, Any]
) -> Iterator[tuple[tuple[int, ...], Beliefs]]:
    """Play the episode; yield the actions, each with the probabilities behind it."""
    if isinstance(policy, Informed):
        policy.study(env.task, env.instance)
    policy.start(1)
    ended = False
    while not ended:
        action = policy.act(_as_batch(observation), info["action_mask"][None])[0]
        yield tuple(int(number) for number in action), _beliefs(policy)
        observation, _, terminated, truncated, info = env.step(action)
        ended = terminated or truncated


def _beliefs(policy: Policy) -> Beliefs:
    if not hasattr(policy, "beliefs"):
        return {}
    told: Mapping[str, NDArray[Any]] = policy.beliefs()
    return {
        name: np.round(weights[0].astype(np.float64), _DECIMALS).tolist()
        for name, weights in told.items()
    }


def _as_batch(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {name: array[None] for name, array in observation.items()}
    return observation[None]
