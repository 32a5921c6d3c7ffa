"""How a policy is scored: on validation instances on the way, on test instances at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from neuralprog_agents.agent import Answerer, Outcome, Policy, UnreadableError
from neuralprog_agents.benchmark.comparison import tasks
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import check, evaluate

SOLVED = 0.99
"""Success at the longest default length, on validation and on test instances, that counts as
solved."""
JUDGED = 200
"""Instances of each look on the way."""
_SEEDS = {"validation": 10**9, "test": 0}
"""The first seed of each split's instances: agents validate themselves on other ones."""

Scores = dict[str, Any]


def policy(agent: str, outcome: Outcome) -> Policy | Answerer | None:
    """Return what was learned; None if nothing was, or it has numbers that are not finite."""
    finite = all(np.isfinite(array).all() for array in outcome.tensors.values())
    if not outcome.tensors or not finite:
        return None
    return policy_of(agent, outcome.tensors, outcome.card)


def success(learned: Policy | Answerer | None, env_id: str, length: int, split: str) -> float:
    """Return the success rate at a length; 0 for what cannot face it."""
    if learned is None:
        return 0.0
    found = _score(learned, env_id, length, JUDGED, {}, split)
    return found if isinstance(found, float) else 0.0


def scores(learned: Policy | Answerer | None, env_id: str, first: int) -> Scores:
    """Return success at multiples of the longest default length, and at wider values."""
    rates = dict(_success_rates(learned, env_id, tasks.evaluations(env_id, first)))
    more = tasks.wider(env_id)
    values = None if more is None else _rate(learned, env_id, first, tasks.EPISODES, more)
    return {"success_rates": rates, "wider": values}


def _success_rates(
    policy: Policy | Answerer | None, env_id: str, evaluations: Iterable[tasks.Evaluation]
) -> Iterator[tuple[str, float | str]]:
    """Yield each length's success rate, or why there is none; beyond a rate of 0 it stays 0."""
    answers, found = isinstance(policy, Answerer), policy
    for evaluation in evaluations:
        value: float | str = evaluation.left_out(answers)
        if not value:
            value = _rate(found, env_id, evaluation.length, evaluation.episodes, {})
        if value == 0.0:
            found = None
        yield str(evaluation.multiple), value


def _rate(
    policy: Policy | Answerer | None, env_id: str, length: int, episodes: int, more: dict[str, Any]
) -> float | str:
    """Return ``_score``; 0 where there is no policy."""
    return 0.0 if policy is None else _score(policy, env_id, length, episodes, more)


def _score(
    policy: Policy | Answerer,
    env_id: str,
    length: int,
    episodes: int,
    more: dict[str, Any],
    split: str = "test",
) -> float | str:
    """Return the success rate, or why the policy cannot face such instances."""
    try:
        check(policy, env_id, [length], episodes, split)
    except ValueError as error:
        return " ".join(str(error).split())
    own = policy.settings(length)
    if "memory_size" in more and "memory_size" in own:
        return f"it reads tapes of {own['memory_size']} cells"
    try:
        [score] = evaluate(policy, env_id, [length], episodes, _SEEDS[split], split, **more)
    except UnreadableError as error:
        return str(error)
    return score.success_rate
