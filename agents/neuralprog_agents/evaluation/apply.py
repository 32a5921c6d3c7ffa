"""Apply a policy to a user's own input, or to an instance of its environment; keep the trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Answerer, Player, Policy, Privileged
from neuralprog_agents.evaluation.answers import is_right, right_answers
from neuralprog_envs.core.task import Task
from neuralprog_envs.interfaces.env import TaskEnv
from neuralprog_envs.interfaces.replay import replay, transcript
from neuralprog_envs.interfaces.trace import trace
from neuralprog_envs.program.frames import nested
from neuralprog_envs.program.task import ProgramTask

Probabilities = dict[str, list[float]]
"""Probabilities by what they are about: an integer of the action, or words of a question."""

_DECIMALS = 4

_MOST_OBSERVED = 4000
"""Up to this step limit a ``Player`` acts step by step, so that its probabilities are recorded."""
_SHOWN_LINES = 500
"""Lines of a nested trace that are shown at its start, and at its end."""

_MOST_PRINTED = 100_000
"""Steps of a run whose trace is printed."""


@dataclass(frozen=True)
class Application:
    """What a policy did with an instance, a batch of one.

    ``probabilities`` are those of its actions in each step, if it has any. ``values`` is the user's
    input, None if the environment posed the instance. ``direct_answer`` is the answer of an agent
    that does not act, None for all others.
    """

    task: Task
    instance: Any
    actions: list[tuple[int, ...]]
    probabilities: list[Probabilities] = field(default_factory=list)
    values: Any = None
    direct_answer: list[Any] | None = None

    @cached_property
    def trace(self) -> dict[str, Any]:
        """The trace, see ``neuralprog_envs/interfaces/trace.schema.json``.

        An agent that does not act has the answers alone.
        """
        if self.direct_answer is not None:
            return {"answer": self.answer, "expected": self.expected, "success": self.success}
        run = trace(self.task, self.instance, _with_progress(self.actions))
        run["answer"], run["expected"] = self.answer, self.expected
        if self.probabilities:
            run["steps"]["probabilities"] = self.probabilities
        return run

    @property
    def answer(self) -> list[Any]:
        """The answer that the machine holds at the end, or that an agent gave without acting."""
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
        if self.direct_answer is not None:
            (wanted,) = right_answers(self.task, self.instance)
            right = is_right(self.direct_answer, wanted)
            return self._spelled(self.direct_answer), self._spelled(wanted), right
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

        With ``unfold`` a program's calls of itself as its last step are nested too, and not shown
        as the loop that they amount to.
        """
        if self.direct_answer is not None:
            return "(this agent reads its input and says the answer: it does not act)"
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


def apply(
    policy: Policy | Answerer, env: TaskEnv, values: Any = None, seed: int = 0
) -> Application:
    """Let a policy act, or answer, in an environment that ``prepare`` or ``example`` made.

    ``values`` is the user's input; None poses the instance at the address (``seed``, 0).
    """
    options = None if values is None else {"input": values}
    observation, info = env.reset(seed=seed, options=options)
    if isinstance(policy, Answerer):
        (direct_answer,) = policy.answer(env.task, env.instance)
        return Application(env.task, env.instance, [], values=values, direct_answer=direct_answer)
    limits = env.setting.limits(env.instance.length).tolist()
    recorded = hasattr(policy, "action_probabilities") and limits[0] <= _MOST_OBSERVED
    if isinstance(policy, Player) and not recorded:
        (run,) = policy.play(env.task, env.instance, limits, keep=True)
        return Application(env.task, env.instance, run.actions or [], values=values)
    played = list(_act(policy, env, observation, info))
    actions, found = [action for action, _ in played], [found for _, found in played]
    return Application(env.task, env.instance, actions, found if any(found) else [], values)


def _act(
    policy: Policy, env: TaskEnv, observation: Any, info: dict[str, Any]
) -> Iterator[tuple[tuple[int, ...], Probabilities]]:
    """Play the episode; yield the actions, each with the probabilities behind it."""
    if isinstance(policy, Privileged):
        policy.prepare(env.task, env.instance)
    policy.start(1)
    ended = False
    while not ended:
        action = policy.act(as_batch(observation), info["action_mask"][None])[0]
        yield tuple(int(number) for number in action), _probabilities(policy)
        observation, _, terminated, truncated, info = env.step(action)
        ended = terminated or truncated


def _probabilities(policy: Policy) -> Probabilities:
    if not hasattr(policy, "action_probabilities"):
        return {}
    found: Mapping[str, NDArray[Any]] = policy.action_probabilities()
    return {
        name: np.round(weights[0].astype(np.float64), _DECIMALS).tolist()
        for name, weights in found.items()
    }


def as_batch(observation: Any) -> Any:
    """Return one observation with an axis of one environment in front."""
    if isinstance(observation, Mapping):
        return {name: np.asarray(array)[None] for name, array in observation.items()}
    return np.asarray(observation)[None]
