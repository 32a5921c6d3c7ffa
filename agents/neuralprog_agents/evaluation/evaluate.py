"""The one way to score an agent: it plays the discrete environment, one episode a slot."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from neuralprog_agents.agent import Answerer, Player, Policy, Privileged, Pulse
from neuralprog_agents.evaluation.answers import is_right, right_answers
from neuralprog_agents.training.intervals import wilson
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.setting import Setting, configure
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv

MEMORY_BUDGET = 256_000_000
"""Bytes that the slots of one vector environment may take; more episodes go in several turns."""

_COPIES = 6
"""Arrays of the size of a state that are alive at once: states old and new, the instance …"""


@dataclass(frozen=True)
class Score:
    """How an agent did at one length, on the instances at (seed, 0), (seed + 1, 0) and so on.

    ``success_rate`` is the fraction that ended with a wholly right answer, ``mean_return`` the mean
    sum of rewards, ``mean_steps`` the mean number of steps until an episode's end, and ``seconds``
    the time it took.
    """

    agent: str
    env: str
    length: int
    episodes: int
    seed: int
    success_rate: float
    mean_return: float
    mean_steps: float
    seconds: float

    @property
    def success_interval(self) -> tuple[float, float]:
        """The 95 % interval of the success rate by its episodes alone, after Wilson 1927."""
        return wilson(round(self.success_rate * self.episodes), self.episodes)


MOST_STEPS = 10**11
"""Steps that all episodes of a length may take: hours."""


def check(
    policy: Policy | Answerer,
    env_id: str,
    lengths: Iterable[int],
    episodes: int,
    split: str = "test",
) -> None:
    """Raise ValueError if ``evaluate`` could not play what it is asked to."""
    if episodes < 1:
        raise ValueError(f"episodes must be at least 1, got {episodes}")
    for length in lengths:
        if length < 1:
            raise ValueError(f"length {length} is impossible: it must be at least 1")
        try:
            setting = configure(env_id, length=length, split=split, **policy.settings(length))
        except TypeError as error:
            raise ValueError(f"this agent cannot act in {env_id}: {error}") from None
        steps = episodes * int(setting.limits(np.array([length]))[0])
        if steps > MOST_STEPS:
            raise ValueError(
                f"{episodes:,} episodes of length {length:,} may take {steps:,} steps, and at most "
                f"{MOST_STEPS:,} are possible: name fewer --episodes or shorter --lengths"
            )


def evaluate(
    policy: Policy | Answerer,
    env_id: str,
    lengths: Iterable[int],
    episodes: int = 100,
    seed: int = 0,
    split: str = "test",
    name: str = "",
    **settings: Any,
) -> Iterator[Score]:
    """Score a policy, one length after another, each in an environment of its own.

    Episode i poses the instance that ``gym.make(env_id, length=…, split=…).reset(seed=seed + i)``
    poses, whatever the policy and however many episodes there are. ``split`` is "test", "train",
    "validation" or "all". The environment's keyword arguments are those of ``policy.settings``, and
    ``settings`` over them. ``name`` is the agent's, for the scores.

    Raises:
        ValueError: The environment does not exist or cannot be had so.
    """
    for length in lengths:
        started = time.perf_counter()
        own = {"length": length, "split": split, **policy.settings(length), **settings}
        turns = list(_play_all(policy, env_id, own, episodes, seed))
        success, returns, steps = np.concatenate(turns, axis=1)
        yield Score(
            agent=name,
            env=env_id,
            length=length,
            episodes=episodes,
            seed=seed,
            success_rate=float(success.mean()),
            mean_return=float(returns.mean()),
            mean_steps=float(steps.mean()),
            seconds=time.perf_counter() - started,
        )


def _play_all(
    policy: Policy | Answerer, env_id: str, settings: dict[str, Any], episodes: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Play in turns of as many slots as the memory budget allows."""
    slots = max(1, MEMORY_BUDGET // (_COPIES * _slot_bytes(env_id, settings)))
    for first in range(0, episodes, slots):
        n = min(slots, episodes - first)
        if isinstance(policy, Answerer):
            yield ask(policy, configure(env_id, **settings), n, seed + first)
        elif isinstance(policy, Player):
            yield play_alone(policy, configure(env_id, **settings), n, seed + first)
        else:
            mode = AutoresetMode.NEXT_STEP
            env = TaskVectorEnv(env_id, n, autoreset_mode=mode, **settings)
            yield play(policy, env, seed + first)


def _slot_bytes(env_id: str, settings: dict[str, Any]) -> int:
    setting = configure(env_id, **settings)
    instance = draw(setting.task, [0], [0], setting.lengths, "all")
    state = setting.task.machine.initial(instance)
    return batch.row_bytes(state) + batch.row_bytes(instance)


def play(
    policy: Policy, env: TaskVectorEnv, seed: int, pulse: Pulse = lambda: None
) -> NDArray[np.float64]:
    """Play one episode in each of n slots; slot i gets seed + i; ``pulse`` is called in each step.

    Returns:
        Success, return and steps of each slot, shape (3, n).
    """
    observation, info = env.reset(seed=seed)
    if isinstance(policy, Privileged):
        policy.prepare(env.task, _posed(env.setting, env.num_envs, seed))
    policy.start(env.num_envs)
    found = np.zeros((3, env.num_envs))
    success, returns, steps = found
    going = np.ones(env.num_envs, dtype=bool)
    while going.any():
        pulse()
        actions = policy.act(observation, info["action_mask"])
        observation, reward, terminated, truncated, info = env.step(actions)
        returns += np.where(going, reward, 0.0)
        steps += going
        ended = going & (terminated | truncated)
        if ended.any():
            success[ended] = info["success"][ended]
            going &= ~ended
    return found


def play_alone(policy: Player, setting: Setting, n: int, seed: int) -> NDArray[np.float64]:
    """Let a policy play by itself the n episodes that ``play`` would play.

    Returns:
        Success, return (of the sparse reward) and steps of each, shape (3, n).
    """
    instances = _posed(setting, n, seed)
    played = policy.play(setting.task, instances, setting.limits(instances.length).tolist())
    found = np.zeros((3, n))
    for i, run in enumerate(played):
        state = run.episode.state()
        right = setting.task.score(state, batch.take(instances, slice(i, i + 1)))[0] == 1.0
        found[:, i] = right, right, state.steps[0]
    return found


def ask(policy: Answerer, setting: Setting, n: int, seed: int) -> NDArray[np.float64]:
    """Let a policy answer what ``play`` would pose.

    Returns:
        Success, return (of the sparse reward) and steps, of which there are none, shape (3, n).
    """
    instances = _posed(setting, n, seed)
    given = policy.answer(setting.task, instances)
    expected = right_answers(setting.task, instances)
    right = [is_right(each, wanted) for each, wanted in zip(given, expected, strict=True)]
    return np.array([right, right, np.zeros(n)], dtype=np.float64)


def _posed(setting: Setting, n: int, seed: int) -> Any:
    """Return the first instance of each of n seeds."""
    seeds = [seed + i for i in range(n)]
    return draw(setting.task, seeds, [0] * n, setting.lengths, setting.split)
