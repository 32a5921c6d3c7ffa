"""Speed of the table family: batched training, and the vector environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

import gymnasium as gym
import torch
from gymnasium.vector import SyncVectorEnv

import neuralprog_envs  # noqa: F401  (registers the environments)
from neuralprog_agents.agents.neural_programmer import data, optimiser, train
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.model import initial_theta
from neuralprog_agents.benchmark.rows import Ratio, compare

CONFIG = Config("NPTableQA", columns=(1, 3), examples=2000)
_STEPS = 4


def measure(seconds: float, rounds: int) -> Iterator[Ratio]:
    """Yield the rows of the table family, one thread."""
    options: dict[str, Any] = {"seconds": seconds, "rounds": rounds}
    torch.set_num_threads(1)
    for config, what in (
        (CONFIG, "programs"),
        (replace(CONFIG, learner="gradient", attention=False), "the soft machine"),
    ):
        yield compare(
            f"training through {what}, batches of {config.batch} against one question at a time",
            f"{config.env}, 1 to 3 columns, 30 to 100 rows, d={config.hidden}",
            "questions",
            training(config),
            training(replace(config, batch=1)),
            target=20.0,
            **options,
        )
    yield compare(
        "vector env of tables against SyncVectorEnv",
        "NPTableQA-v0, 3 columns, 30 to 100 rows, n=1024, resets included",
        "steps",
        acting(gym.make_vec("NPTableQA-v0", 1024, vectorization_mode="vector_entry_point")),
        acting(SyncVectorEnv([lambda: gym.make("NPTableQA-v0")] * 1024)),
        target=30.0,
        **options,
    )


def training(config: Config) -> Callable[[], int]:
    """Return a workload: four gradient steps, the drawing of what they need included."""
    task = data.task_of(config)
    shape = train.shape_of(config, task)
    state = optimiser.State.begin(initial_theta(shape, config.seed))
    objective = train.OBJECTIVES[config.learner](config, 0, task, shape)

    def work() -> int:
        for _, gradient in objective.gradients(state, _STEPS):
            clipped = optimiser.clipped(gradient, config.clip_norm)
            optimiser.update(state, clipped, config.learning_rate)
        return _STEPS * config.batch

    return work


def acting(env: Any) -> Callable[[], int]:
    """Return a workload: random actions for an episode and a step in every slot."""
    env.action_space.seed(0)
    batches = cycle([env.action_space.sample() for _ in range(8)])
    env.reset(seed=0)

    def work() -> int:
        for _ in range(_STEPS + 1):
            env.step(next(batches))
        return (_STEPS + 1) * int(env.num_envs)

    return work
