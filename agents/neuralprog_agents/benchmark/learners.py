"""What the adapter to Stable-Baselines3 costs, beside the vector environment that it wraps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

import neuralprog_envs  # noqa: F401  (registers the environments)
from neuralprog_agents.benchmark.environments import vector
from neuralprog_agents.benchmark.rows import Ratio, compare

_N = 64
_SETTINGS: dict[str, Any] = {"max_steps": 64}
_OVERHEAD = 0.3
"""The most that the adapter may add to the time of a step."""


def measure(seconds: float, rounds: int) -> Iterator[Ratio]:
    """Yield the adapter's rows; none without Stable-Baselines3."""
    try:
        from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv
    except ModuleNotFoundError:
        return
    for name, halting in (("no halts", False), ("random halts", True)):
        adapter = ProgramVecEnv("NRAMCopy-v0", _N, **_SETTINGS)
        alone = gym.make_vec(
            "NRAMCopy-v0",
            _N,
            vectorization_mode="vector_entry_point",
            autoreset_mode=AutoresetMode.SAME_STEP,
            **_SETTINGS,
        )
        yield compare(
            f"adapter to Stable-Baselines3 against the vector env alone, {name}",
            f"NRAMCopy-v0, n={_N}, limit 64 steps",
            "steps",
            adapted(adapter, halting),
            vector(alone, halting),
            target=1 / (1 + _OVERHEAD),
            rounds=rounds,
            seconds=seconds,
        )


def adapted(env: Any, halting: bool) -> Any:
    """Return a workload of 16 steps of the adapter, with the actions of ``environments.vector``."""
    env.envs.action_space.seed(0)
    batches = [env.envs.action_space.sample() for _ in range(64)]
    if not halting:
        for batch in batches:
            batch[:, 0] = np.minimum(batch[:, 0], env.choices[0] - 2)
    endless = cycle(batches)
    env.seed(0)
    env.reset()

    def work() -> int:
        for _ in range(16):
            env.step(next(endless))
        return 16 * int(env.num_envs)

    return work
