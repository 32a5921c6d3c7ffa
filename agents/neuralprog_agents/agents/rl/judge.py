"""Validation: the success rate at the training lengths, on held-out instances."""

from __future__ import annotations

from gymnasium.vector import AutoresetMode

from neuralprog_agents.agents.rl.policy import LearnedPolicy
from neuralprog_agents.evaluation.evaluate import play
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv


def success(policy: LearnedPolicy, episodes: int) -> float:
    """Return the success rate on validation episodes.

    Each length has an equal share. Lengths with too few instances for a validation split use their
    training instances.
    """
    shares = _shares(*policy.setup.length, policy.setup.task().split_from)
    rates = [_rate(policy, lengths, split, episodes) for lengths, split in shares]
    counts = [high - low + 1 for (low, high), _ in shares]
    return sum(r * c for r, c in zip(rates, counts, strict=True)) / sum(counts)


def _shares(low: int, high: int, split_from: int) -> list[tuple[tuple[int, int], str]]:
    """Return ranges of lengths, each with its split."""
    few = ((low, min(high, split_from - 1)), "train")
    many = ((max(low, split_from), high), "validation")
    return [share for share in (few, many) if share[0][0] <= share[0][1]]


def _rate(policy: LearnedPolicy, lengths: tuple[int, int], split: str, episodes: int) -> float:
    env = TaskVectorEnv(
        policy.env_id,
        episodes,
        autoreset_mode=AutoresetMode.NEXT_STEP,
        split=split,
        **{**policy.setup.settings, "length": lengths},
    )
    return float(play(policy, env, seed=0)[0].mean())
