"""``demonstrations``: runs of a task's expert as a dataset of Minari, for offline learning."""

from __future__ import annotations

import warnings
from argparse import Namespace
from typing import Any

import gymnasium as gym
import numpy as np

from neuralprog_agents.commands.errors import SUCCESS, UsageError, input_errors
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.registry import find


def demonstrations(args: Namespace) -> int:
    """Record the expert, and say how to load the dataset; return the exit status.

    Episode i has the first instance of seed + i, as in ``evaluate``.
    """
    import minari
    from minari.dataset.minari_dataset import parse_dataset_id

    if args.episodes < 1:
        raise UsageError(f"--episodes must be at least 1, got {args.episodes}")
    with input_errors():
        name = args.output or f"neuralprog/{find(args.env).name}/expert-v0"
        parse_dataset_id(name)
        env = minari.DataCollector(_environment(args), record_infos=True)
        try:
            steps = sum(_recorded(env, args.seed + i) for i in range(args.episodes))
            data = _saved(env, name)
        finally:
            env.close()
    print(f"{args.episodes:,} episodes, {steps:,} steps in {data.storage.data_path}")
    print(f'load them with minari.load_dataset("{name}")')
    return SUCCESS


def _environment(args: Namespace) -> gym.Env[Any, Any]:
    row = find(args.env)
    length = row.defaults["length"] if args.lengths is None else tuple(args.lengths)
    return gym.make(row.address, split=args.split, length=length)


def _saved(env: Any, name: str) -> Any:
    """Return the dataset of what was recorded; that it names no author needs no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return env.create_dataset(
            name, algorithm_name="expert", ref_min_score=0.0, ref_max_score=1.0
        )


def _recorded(env: gym.Env[Any, Any], seed: int) -> int:
    """Let the expert play one episode; return its number of steps."""
    env.reset(seed=seed)
    posed: Any = env.unwrapped
    actions = demonstration(posed.task, posed.instance)
    for action in actions:
        env.step(np.array(action))
    return len(actions)
