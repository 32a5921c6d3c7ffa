"""How much likelier each algorithm makes programs: their weights in the gradient of log π.

A batch of N programs has returns r, shape (N,); the memory has the best programs so far.

Sources: "reinforce" with a baseline, Williams 1992; "risk_seeking", Petersen et al. 2021, "Deep
symbolic regression", ICLR; "priority_queue", Abolafia et al. 2018, arXiv 1801.03526; "mapo", memory
augmented policy optimization, Liang et al. 2018, NeurIPS; "cross_entropy", Rubinstein 1999.
"""

from __future__ import annotations

import numpy as np

from neuralprog_agents.agents.policy_gradient.config import Config
from neuralprog_agents.agents.policy_gradient.kernel import Batch, Floats
from neuralprog_agents.agents.policy_gradient.memory import ProgramMemory
from neuralprog_agents.agents.policy_gradient.policy import ProgramPolicy
from neuralprog_agents.circuits.tables import CircuitTable

_TINY = 1e-8


def update(
    config: Config,
    policy: ProgramPolicy,
    batch: Batch,
    memory: ProgramMemory,
    improvements: CircuitTable,
) -> None:
    """Improve the policy; with a learning rate of 0 it stays as it is.

    Args:
        config: Says how.
        policy: What changes.
        batch: Programs that it sampled, perhaps none.
        memory: The best programs so far.
        improvements: The new sources of those changes of a program that raised its return.
    """
    if config.learning_rate == 0:
        return
    if len(improvements):
        policy.imitate(improvements, config.learning_rate, config.entropy)
    if not len(batch.returns):
        return
    if config.algorithm == "cross_entropy":
        best = batch.tables[elite(batch.returns, config.quantile)]
        policy.imitate(best, config.learning_rate, config.entropy)
        return
    tables, weights = _weighed(config, policy, batch, memory)
    policy.ascend(tables, weights, config.learning_rate, config.entropy)


def _weighed(
    config: Config, policy: ProgramPolicy, batch: Batch, memory: ProgramMemory
) -> tuple[np.ndarray, Floats]:
    """Return programs and their weights."""
    if config.algorithm == "reinforce":
        return batch.tables, reinforce(batch.returns)
    if config.algorithm == "risk_seeking":
        return batch.tables, risk_seeking(batch.returns, config.quantile)
    if config.algorithm == "priority_queue":
        return memory.tables, np.full(len(memory.tables), 1.0 / max(len(memory.tables), 1))
    logs, known = policy.log_probability(memory.tables), memory.holds(batch.tables)
    inside, outside = mapo(batch.returns, known, memory.returns, logs, config.clip)
    return np.concatenate([memory.tables, batch.tables]), np.concatenate([inside, outside])


def reinforce(returns: Floats) -> Floats:
    """Return (r - mean(r)) / (N std(r)), shape (N,); r are the returns, shape (N,)."""
    advantage = returns - returns.mean()
    weights: Floats = advantage / (advantage.std() + _TINY) / len(returns)
    return weights


def risk_seeking(returns: Floats, quantile: float) -> Floats:
    """Return w / (N std(w)) with w = max(r - r_ε, 0), shape (N,); r are the returns, shape (N,).

    r_ε is the least return of the best share ε, ``quantile``. The division by the standard
    deviation of all N weights, zeros included, is ours, not Petersen's.
    """
    best = elite(returns, quantile)
    weights = np.zeros_like(returns)
    weights[best] = returns[best] - returns[best].min()
    found: Floats = weights / (weights.std() + _TINY) / len(returns)
    return found


def elite(returns: Floats, quantile: float) -> np.ndarray:
    """Return the indices of the best share of a batch, one at least; of equals the first."""
    count = max(1, int(quantile * len(returns)))
    return np.argsort(-returns, kind="stable")[:count]


def mapo(
    returns: Floats, known: np.ndarray, remembered: Floats, logs: Floats, clip: float
) -> tuple[Floats, Floats]:
    """Return the weights of the remembered programs, and of a batch.

    The expected return is split: π_B E[r | in memory] + (1 - π_B) E[r | not in memory]. The first
    part is exact, the second is estimated by the programs of the batch that are not in memory. π_B,
    the probability of the memory, counts as at least ``clip``. Returns are taken relative to the
    mean of the batch.

    Args:
        returns: Of the batch, shape (N,).
        known: Which of the batch are in memory, shape (N,).
        remembered: The returns of the memory, shape (K,).
        logs: log π of the memory, shape (K,).
        clip: The least π_B.
    """
    baseline, scale = returns.mean(), returns.std() + _TINY
    inside, share = np.zeros_like(remembered), 0.0
    if len(remembered):
        shares = np.exp(logs - logs.max())
        share = max(float(np.exp(logs).sum()), clip)
        inside = min(share, 1.0) * shares / shares.sum() * (remembered - baseline) / scale
    fresh = ~known
    weight = (1 - min(share, 1.0)) / max(int(fresh.sum()), 1)
    return inside, np.where(fresh, weight * (returns - baseline) / scale, 0.0)
