"""How fast the environments step, beside Gymnasium's own and behind Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import neuralprog_envs  # noqa: F401  (registers the environments)
from neuralprog_agents.benchmark.ratio import Pair
from neuralprog_agents.benchmark.work import Work

_LIMIT: dict[str, Any] = {"max_steps": 64}
_MARK = 20e6
"""Steps a second that the vector environment should make."""
CART_POLE = {"NRAMCopy": 1.0, "NRAMSort": 1.0, "NPIAddition": 0.4, "NPTableQA": 0.1}
"""The shares of CartPole's steps a second that are aimed at."""
_ACTORS, _ROLLOUT = 64, 64
_OVERHEAD = 0.3
"""The most that the adapter to Stable-Baselines3 may add to the time of a step."""


def pairs() -> Iterator[Pair]:
    """Yield what is compared; actions are drawn before the clock starts."""
    yield Pair(
        "single env against FrozenLake-v1, both through gym.make",
        "NRAMCopy-v0, random actions, resets included",
        "steps",
        single(gym.make("NRAMCopy-v0")),
        single(gym.make("FrozenLake-v1")),
        target=1.0,
        column="single env",
    )
    shape = "NRAMCopy-v0, n=4096 against n=64, limit 64 steps"
    ours, theirs = batched("NRAMCopy-v0", 4096, **_LIMIT), _in_a_loop("NRAMCopy-v0", 64, **_LIMIT)
    for name, halts, other, target in (
        ("SyncVectorEnv, no halts", False, vector(theirs, halts=False), 100.0),
        (f"{_MARK / 1e6:g} million steps a second", False, _MARK, 1.0),
        ("SyncVectorEnv, random halts", True, vector(theirs), None),
    ):
        work = vector(ours, halts=halts)
        yield Pair(f"vector env against {name}", shape, "steps", work, other, target)
    yield Pair(
        "vector env of tables against SyncVectorEnv",
        "NPTableQA-v0, 3 columns, 30 to 100 rows, n=1024, resets included",
        "steps",
        vector(batched("NPTableQA-v0", 1024), steps=5),
        vector(_in_a_loop("NPTableQA-v0", 1024), steps=5),
        target=30.0,
    )
    yield from _cart_pole_pairs()
    yield from _adapter_pairs()
    yield from _learning_pairs()


def _cart_pole_pairs() -> Iterator[Pair]:
    """Yield batches of 4,096 against Gymnasium's fastest: CartPole, native, as many at once."""
    from neuralprog_envs import compiled

    for env_id, target in CART_POLE.items():
        for used, name in ((True, "compiled vector env"), (False, "vector env")):
            compiled.use(used)
            yield Pair(
                f"{name} against CartPole-v1, native",
                f"{env_id}-v0, n=4096, copy=False, random actions, resets included",
                "steps",
                vector(batched(f"{env_id}-v0", 4096, copy=False)),
                vector(batched("CartPole-v1", 4096)),
                target if used else None,
                env_id if used else "",
            )


def _learning_pairs() -> Iterator[Pair]:
    """Yield none without Stable-Baselines3."""
    try:
        from stable_baselines3.common.env_util import make_vec_env

        from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv
    except ModuleNotFoundError:
        return
    yield Pair(
        "PPO of Stable-Baselines3, end to end, against the same on CartPole-v1",
        f"NRAMCopy-v0, n={_ACTORS}, {_ROLLOUT} steps each, minibatches of 1,024",
        "steps",
        _learning("MultiInputPolicy", ProgramVecEnv("NRAMCopy-v0", _ACTORS)),
        _learning("MlpPolicy", make_vec_env("CartPole-v1", _ACTORS)),
        column="PPO",
    )


def _learning(policy: str, env: Any) -> Work:
    """Return a workload of one rollout and the updates from it."""
    from stable_baselines3 import PPO

    model = PPO(policy, env, n_steps=_ROLLOUT, batch_size=1024, seed=0, device="cpu")

    def work() -> int:
        model.learn(_ROLLOUT * _ACTORS, reset_num_timesteps=False)
        return _ROLLOUT * _ACTORS

    return work


def _adapter_pairs() -> Iterator[Pair]:
    """Yield none without Stable-Baselines3."""
    try:
        from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv
    except ModuleNotFoundError:
        return
    adapter = ProgramVecEnv("NRAMCopy-v0", 64, **_LIMIT)
    adapter.reset()
    alone = batched("NRAMCopy-v0", 64, autoreset_mode=AutoresetMode.SAME_STEP, **_LIMIT)
    for halts in (False, True):
        yield Pair(
            "adapter to Stable-Baselines3 against the vector env alone, "
            f"{'random' if halts else 'no'} halts",
            "NRAMCopy-v0, n=64, limit 64 steps",
            "steps",
            _stepping(adapter.step, adapter.envs, halts),
            vector(alone, halts=halts),
            target=1 / (1 + _OVERHEAD),
        )


def batched(env_id: str, n: int, **settings: Any) -> Any:
    """Return a vector environment that is more than a loop."""
    return gym.make_vec(env_id, n, vectorization_mode="vector_entry_point", **settings)


def _in_a_loop(env_id: str, n: int, **settings: Any) -> Any:
    return SyncVectorEnv([lambda: gym.make(env_id, **settings)] * n)


def single(env: Any) -> Work:
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


def vector(env: Any, *, halts: bool = True, steps: int = 16) -> Work:
    """Return a workload of some steps of a vector environment.

    ``halts`` says whether actions are drawn that end an episode.
    """
    env.reset(seed=0)
    return _stepping(env.step, env, halts, steps)


def _stepping(step: Callable[[Any], Any], env: Any, halts: bool, steps: int = 16) -> Work:
    """Return a workload of steps with random actions of a vector environment."""
    env.action_space.seed(0)
    batches = [env.action_space.sample() for _ in range(64)]
    if not halts:
        for batch in batches:
            batch[:, 0] = np.minimum(batch[:, 0], env.single_action_space.nvec[0] - 2)
    endless = cycle(batches)

    def work() -> int:
        for _ in range(steps):
            step(next(endless))
        return steps * int(env.num_envs)

    return work
