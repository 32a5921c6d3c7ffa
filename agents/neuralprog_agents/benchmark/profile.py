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
from neuralprog_envs.core import batch, episodes, instances

_STEPS = 100


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
    rest: float
    floor: float

    def __str__(self) -> str:
        """A line of a table in Markdown."""
        parts = self.drawing, self.executing, self.observing, self.rest
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
    machine = type(env.task.machine)

    def taken(*functions: Callable[..., Any]) -> float:
        """Return the microseconds that functions take in a step, with what they call."""
        keys = filter(spent.__contains__, map(_key, functions))
        return 1e6 / _STEPS * float(sum(spent[key][3] for key in keys))

    step, drawing = taken(type(env).step), taken(instances.draw)
    executing = taken(episodes.step.used) - drawing
    observing = taken(machine.observe, machine.action_mask)
    rest = step - drawing - executing - observing
    floor = 1e6 * _bytes_a_step(env) / speed
    return Profile(env_id, step, drawing, executing, observing, rest, floor)


def _key(function: Callable[..., Any]) -> tuple[str, int, str]:
    code = function.__code__
    return code.co_filename, code.co_firstlineno, code.co_name


def _bytes_a_step(env: Any) -> float:
    """Return the bytes of what a step returns, and twice those of the new instances."""
    env.action_space.seed(0)
    begun, returned, before = env.snapshot()["index"].sum(), 0, dict[int, Any]()
    for _ in range(_STEPS):
        found = _arrays(env.step(env.action_space.sample()))
        returned += sum(array.nbytes for key, array in found.items() if key not in before)
        before = found
    drawn = env.snapshot()["index"].sum() - begun
    row = batch.row_bytes(instances.draw(env.task, 0, np.arange(64), env.lengths))
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
