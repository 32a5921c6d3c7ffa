"""Where the time of a batch's step goes, and the least that its memory traffic takes."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_agents.benchmark.environments import CART_POLE, batched, vector
from neuralprog_envs import compiled
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import InstanceStream
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv

_STEPS = 100
_PARTS: dict[str, tuple[Callable[..., Any], ...]] = {
    "drawing": (InstanceStream._refill, InstanceStream._next_alone),
    "observing": (TaskVectorEnv._results,),
    "checking": (TaskVectorEnv._checked,),
    "step": (TaskVectorEnv.step,),
}
"""The functions of a part; the rest of a step executes actions, and scores and renews episodes."""


@dataclass(frozen=True)
class Profile:
    """CPU-microseconds of a step of a batch, compiled: in all, and for each part.

    ``floor`` is the time that memory takes to write what a step returns, and to write and read its
    share of new instances.
    """

    env_id: str
    step: float
    drawing: float
    executing: float
    observing: float
    checking: float
    floor: float

    def __str__(self) -> str:
        """A line of a table in Markdown."""
        parts = self.drawing, self.executing, self.observing, self.checking
        shares = " | ".join(f"{part / self.step:.0%}" for part in parts)
        return f"| {self.env_id} | {self.step:,.0f} | {shares} | {self.floor:,.1f} |"


def measure() -> list[Profile]:
    """Return the profiles of all environments that are put beside CartPole."""
    compiled.use()
    speed = _bytes_a_second()
    found = [_profile(f"{name}-v0", speed) for name in CART_POLE]
    compiled.use(False)
    return found


def _profile(env_id: str, speed: float) -> Profile:
    env = batched(env_id, 4096, copy=False)
    work = vector(env, steps=_STEPS)
    work()
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(work)
    spent = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    begun = sum(spent.get(_key(one), (0, 0))[1] for one in _PARTS["step"])
    taken = {
        part: 1e6 / begun * sum(spent[_key(one)][3] for one in functions if _key(one) in spent)
        for part, functions in _PARTS.items()
    }
    taken["executing"] = 2 * taken["step"] - sum(taken.values())
    return Profile(env_id, floor=1e6 * _bytes_a_step(env) / speed, **taken)


def _key(function: Callable[..., Any]) -> tuple[str, int, str]:
    code = function.__code__
    return code.co_filename, code.co_firstlineno, code.co_name


def _bytes_a_step(env: Any) -> float:
    """Return the bytes of what a step returns, and twice those of the new instances."""
    env.action_space.seed(0)
    position, returned = env._stream.position[1].sum(), 0
    for _ in range(_STEPS):
        before = _arrays(env._seen)
        results = env.step(env.action_space.sample())
        returned += sum(
            array.nbytes for key, array in _arrays(results).items() if key not in before
        )
    drawn = env._stream.position[1].sum() - position
    row = batch.row_bytes(env._episodes.instances)
    return float(returned + 2 * row * drawn) / _STEPS


def _arrays(results: Any) -> dict[int, Any]:
    """Return all arrays of a step's results by their identity."""
    if isinstance(results, np.ndarray):
        return {id(results): results}
    parts = results.values() if isinstance(results, dict) else results
    return {key: array for part in parts for key, array in _arrays(part).items()}


def _bytes_a_second() -> float:
    """Return how many bytes a second are copied within a processor's memory."""
    source = np.ones(32_000_000, dtype=np.int8)
    target, begun = np.empty_like(source), time.process_time()
    for _ in range(20):
        np.copyto(target, source)
    return 20 * source.nbytes / (time.process_time() - begun)
