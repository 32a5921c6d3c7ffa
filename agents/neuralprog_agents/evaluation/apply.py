"""Apply a policy to a user's own input, or to an instance of its environment; keep the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.evaluation.policy import Informed, Policy
from neuralprog_envs.core.task import Task
from neuralprog_envs.faces.recording import record
from neuralprog_envs.faces.single import ProgramEnv
from neuralprog_envs.faces.traces import replay, transcript
from neuralprog_envs.registry import find, make_task

Beliefs = dict[str, list[float]]
"""Probabilities by what they are about: an integer of the action, or words of a question."""

_DECIMALS = 4


@dataclass(frozen=True)
class Application:
    """What a policy did with an instance.

    Attributes:
        task: The task.
        instance: What was posed, a batch of one.
        actions: What the policy did.
        beliefs: The probabilities behind each action, if the policy tells them.
    """

    task: Task
    instance: Any
    actions: list[tuple[int, ...]]
    beliefs: list[Beliefs] = field(default_factory=list)

    @cached_property
    def record(self) -> dict[str, Any]:
        """The trace in the types of JSON: see ``neuralprog_envs/faces/trace.schema.json``."""
        trace = record(self.task, self.instance, self.actions)
        if self.beliefs:
            trace["steps"]["beliefs"] = self.beliefs
        return trace

    @property
    def answer(self) -> list[Any]:
        """The answer that the machine holds at the end."""
        return self.record["answer"]  # type: ignore[no-any-return]

    @property
    def expected(self) -> list[Any] | None:
        """The right answer; None where it is not known."""
        return self.record["expected"]  # type: ignore[no-any-return]

    @property
    def success(self) -> bool | None:
        """Whether the answer is wholly right; None where that is not known."""
        return self.record["success"]  # type: ignore[no-any-return]

    @property
    def text(self) -> str:
        """The trace as a table."""
        steps = replay(self.task.machine, self.instance, self.actions)
        return transcript(self.task, self.instance, steps)


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
        raise ValueError(f"{env_id}: own inputs can be given to tape tasks only, so far")
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


_PREPARE: Mapping[str, Callable[..., ProgramEnv]] = {"tape": _prepare_tape}
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
    played = list(_act(policy, env, observation, info))
    beliefs = [belief for _, belief in played if belief]
    return Application(env.task, env.instance, [action for action, _ in played], beliefs)


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
    return {name: np.round(weights[0], _DECIMALS).tolist() for name, weights in told.items()}


def _as_batch(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {name: array[None] for name, array in observation.items()}
    return observation[None]
