"""Apply a policy to a user's own input, and keep the trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.evaluation.policy import Informed, Policy
from neuralprog_envs.faces.single import ProgramEnv
from neuralprog_envs.faces.traces import Step, replay, transcript
from neuralprog_envs.registry import find, make_task


@dataclass(frozen=True)
class Application:
    """What a policy did with an input.

    Attributes:
        answer: What stands in the cells that hold the answer.
        expected: What should.
        success: Whether it is wholly right.
        steps: The trace; the last step is the final state.
        text: The trace as a table.
    """

    answer: list[int]
    expected: list[int]
    success: bool
    steps: list[Step]
    text: str

    def record(self) -> dict[str, Any]:
        """Return it in the types of JSON."""
        return {
            "answer": self.answer,
            "expected": self.expected,
            "success": self.success,
            "steps": [_step_record(step) for step in self.steps],
        }


def _step_record(step: Step) -> dict[str, Any]:
    state = {item.name: getattr(step.state, item.name)[0].tolist() for item in fields(step.state)}
    return {"state": state, "action": list(step.action), "words": step.words}


def parse_numbers(text: str) -> list[int]:
    """Return the numbers of "3 1 2" or "3, 1, 2"; raise ValueError if there are others."""
    try:
        return [int(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise ValueError(f"input {text!r}: must be whole numbers, as in '3 1 2'") from None


def prepare(
    policy: Policy, env_id: str, values: Sequence[int], memory_size: int | None = None
) -> ProgramEnv:
    """Return the environment with the input posed, before its first action.

    Args:
        policy: Who will act.
        env_id: The task.
        values: The user's input, as the task's docstring gives it.
        memory_size: M; None takes what the input needs.

    Raises:
        ValueError: The input has not the task's form, is too long, or a value is not in 0..M-1.
    """
    if find(env_id).family != "tape":
        raise ValueError(f"{env_id}: own inputs can be given to tape tasks only, so far")
    cells, length = make_task(env_id).algorithm.encode(list(values))  # type: ignore[attr-defined]
    settings = {"length": length, "split": "all", **policy.settings(length)}
    if memory_size is None:
        task = make_task(env_id, length=length)
        room = max(cells) + 2  # one more than the values need: an increment should not wrap
        least = max(task.machine.memory_size, len(cells), room)  # type: ignore[attr-defined]
        memory_size = max(least, int(settings.get("memory_size") or 0))
    settings["memory_size"] = memory_size
    try:
        env = ProgramEnv(env_id, **settings)
    except ValueError as error:
        raise ValueError(f"this input (length {length}): {error}") from None
    env.task.pose_input(list(values))
    return env


def apply(policy: Policy, env: ProgramEnv, values: Sequence[int]) -> Application:
    """Let a policy act on an input.

    Args:
        policy: Who acts.
        env: From ``prepare``.
        values: The same input.
    """
    actions = list(_act(policy, env, values))
    steps = list(replay(env.task.machine, env.instance, actions))
    scored = env.instance.mask[0]
    answer = steps[-1].state.tape[0][scored].tolist()
    expected = env.instance.answer[0][scored].tolist()
    text = transcript(env.task, env.instance, steps)
    return Application(answer, expected, answer == expected, steps, text)


def _act(policy: Policy, env: ProgramEnv, values: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Play the episode; yield the actions."""
    observation, info = env.reset(options={"input": list(values)})
    if isinstance(policy, Informed):
        policy.study(env.task, env.instance)
    policy.start(1)
    ended = False
    while not ended:
        action = policy.act(_as_batch(observation), info["action_mask"][None])[0]
        yield action
        observation, _, terminated, truncated, info = env.step(action)
        ended = terminated or truncated


def _as_batch(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {name: array[None] for name, array in observation.items()}
    return observation[None]
