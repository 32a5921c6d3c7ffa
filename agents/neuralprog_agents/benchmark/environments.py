"""How fast the environments step, beside Gymnasium's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import SyncVectorEnv

import neuralprog_envs  # noqa: F401  (registers the environments)
from neuralprog_agents.benchmark.rows import Ratio, compare

_ACTIONS = 64


def measure(seconds: float, rounds: int) -> Iterator[Ratio]:
    """Yield the rows of the environments; actions are drawn before the clock starts."""
    options: dict[str, Any] = {"seconds": seconds, "rounds": rounds}
    yield compare(
        "single env against FrozenLake-v1, both through gym.make",
        "NRAMCopy-v0, random actions, resets included",
        "steps",
        single(gym.make("NRAMCopy-v0")),
        single(gym.make("FrozenLake-v1")),
        target=1.0,
        **options,
    )
    shape = "NRAMCopy-v0, n=4096 against n=64, limit 64 steps"
    for name, halting, target in (("no halts", False, 100.0), ("random halts", True, None)):
        row = compare(
            f"vector env against SyncVectorEnv, {name}",
            shape,
            "steps",
            vector(_batched(4096), halting),
            vector(_in_a_loop(64), halting),
            target=target,
            **options,
        )
        yield row
        if not halting:
            yield _against_a_mark(row, 20e6)


def _against_a_mark(row: Ratio, mark: float) -> Ratio:
    """Return a measured row with a fixed rate in the place of theirs."""
    share = row.ours / mark
    name = f"vector env against {mark / 1e6:g} million steps a second"
    return replace(row, name=name, theirs=mark, ratio=share, spread=(share, share), target=1.0)


def _batched(n: int) -> Any:
    return gym.make_vec("NRAMCopy-v0", n, vectorization_mode="vector_entry_point", max_steps=64)


def _in_a_loop(n: int) -> Any:
    return SyncVectorEnv([lambda: gym.make("NRAMCopy-v0", max_steps=64)] * n)


def single(env: Any) -> Callable[[], int]:
    """Return a workload of 1000 steps of a single environment."""
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(1000)]
    env.reset(seed=0)

    def work() -> int:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return len(actions)

    return work


def vector(env: Any, halting: bool) -> Callable[[], int]:
    """Return a workload of 16 steps of a vector environment."""
    env.action_space.seed(0)
    batches = [env.action_space.sample() for _ in range(_ACTIONS)]
    if not halting:
        for batch in batches:
            batch[:, 0] = np.minimum(batch[:, 0], env.single_action_space.nvec[0] - 2)
    endless = cycle(batches)
    env.reset(seed=0)

    def work() -> int:
        for _ in range(16):
            env.step(next(endless))
        return 16 * int(env.num_envs)

    return work
