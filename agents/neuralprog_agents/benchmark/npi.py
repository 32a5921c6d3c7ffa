"""How fast an NPI acts and learns: many problems in lock-step, one from the memo table, frames."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np

from neuralprog_agents.agents.npi import data, train
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.agents.npi.policy import NPIPolicy
from neuralprog_agents.benchmark.ratio import Pair
from neuralprog_agents.benchmark.work import Work
from neuralprog_agents.evaluation.agents import open_agent
from neuralprog_agents.npi_network.frames import Sampler, take
from neuralprog_agents.npi_network.model import without_onednn
from neuralprog_agents.npi_network.trainer import adam
from neuralprog_agents.npi_network.training_set import cost
from neuralprog_agents.training.network import gradient_step
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task

AGENT, DIGITS, PROBLEMS, STEPS = "npi-addition", 100, 1000, 50
CONFIG = Config(env="NPIAddition")


def pairs() -> Iterator[Pair]:
    """Yield acting and learning; the environment's own time is included."""
    policy: Any = open_agent(AGENT).policy
    core = f"LSTM {policy.model.sizes.hidden} x {policy.model.sizes.layers}"
    for name, work, target in (
        (f"NPI in lock-step, {PROBLEMS:,} problems", lock_step(policy, PROBLEMS), 50.0),
        ("NPI from the memo table, one problem", from_memory(policy), 200.0),
    ):
        yield Pair(
            f"{name}, against one problem in torch",
            f"recursive addition of {DIGITS} digits, {core}",
            "program calls",
            work,
            one_by_one(policy),
            target,
        )
    with without_onednn():
        yield Pair(
            f"NPI training on frames, {CONFIG.batch} at once against one at a time",
            f"recursive addition of 1 to 5 digits, {core}",
            "frames",
            training(CONFIG.batch),
            training(1),
            target=20.0,
        )


def _posed(policy: NPIPolicy, n: int) -> tuple[Any, Any]:
    task = make_task(CONFIG.env, length=DIGITS, **policy.settings(DIGITS))
    return task, draw(task, 0, np.arange(n), (DIGITS, DIGITS))


def one_by_one(policy: NPIPolicy) -> Work:
    """Return a workload of 50 actions on one problem: the network is asked each time."""
    task, instances = _posed(policy, 1)
    episode: Any = task.machine.begin(instances)
    policy.start(1)

    def work() -> int:
        nonlocal episode
        for _ in range(STEPS):
            if episode.halted:
                episode = task.machine.begin(instances)
                policy.start(1)
            seen = {name: array[None] for name, array in episode.observe().items()}
            episode.step(policy.act(seen, None)[0])
        return STEPS

    return work


def lock_step(policy: NPIPolicy, n: int) -> Work:
    """Return a workload of an action on each of n problems; all have over 1,000 steps."""
    task, instances = _posed(policy, n)
    other = policy.acting_in(policy.env_ids[0])
    state, done = task.machine.initial(instances), count()
    other.start(n)

    def work() -> int:
        nonlocal state
        if next(done) % 1000 == 999:
            state = task.machine.initial(instances)
            other.start(n)
        state = task.machine.advance(state, other.act(task.machine.observe(state), None))
        return n

    return work


def from_memory(policy: NPIPolicy) -> Work:
    """Return a workload of one problem from start to end; its histories are known."""
    task, instances = _posed(policy, 1)
    limits = task.horizon(instances.length).tolist()

    def work() -> int:
        (run,) = policy.play(task, batch.take(instances, slice(0, 1)), limits)
        return int(run.episode.steps)

    return work


def training(size: int) -> Work:
    """Return a workload of a gradient step on some of the frames that a restart learns from."""
    frames = data.draw_frames(CONFIG, 0)
    sampler = Sampler(frames, np.zeros(len(frames.program)), 0.0)
    model = train.initial(train.sizes_of(CONFIG), 0)
    optimizer, steps = adam(model, 1e-3), count()

    def work() -> int:
        chosen = take(frames, sampler.rows(size, next(steps)))
        gradient_step(model, optimizer, cost(model, chosen), CONFIG.clip_norm)
        return size

    return work
