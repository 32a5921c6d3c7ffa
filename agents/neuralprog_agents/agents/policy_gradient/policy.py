"""The policy over programs: a categorical over each wire's sources, for each pattern of flags.

This is the NRAM's discretised controller with free logits (Kurach et al. 2016, section 3.4): the
policy π of a program is the product of the probabilities of the sources that it uses.
"""

from __future__ import annotations

import numpy as np

from neuralprog_agents.agents.policy_gradient.kernel import UNUSED, Floats, add_up
from neuralprog_agents.circuits.program import FOURTEEN, ModuleList
from neuralprog_agents.circuits.tables import CircuitTable

_NEVER = -1e4
_TINY = 1e-12
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_HALTING = 0.05
"""The probability at the start that a circuit ends the run, where programs must."""


class ProgramPolicy:
    """A distribution over tables of circuits.

    Args:
        registers: R.
        register: The probability at the start that a wire comes from a register.
        halts: Whether circuits may end the run.
        modules: The machine's modules.

    Attributes:
        logits: Shape (2^R, W, C); -10,000 where a wire has no such source.
        m, v: Adam's moments, like ``logits``.
        updates: How many updates there have been.
    """

    def __init__(
        self, registers: int, register: float, halts: bool, modules: ModuleList = FOURTEEN
    ) -> None:
        self._first = probability = _prior(registers, register, halts, modules)
        self._exists = probability > 0
        self._last = self._exists.sum(axis=1) - 1
        single = np.where(self._exists, np.log(probability + _TINY), _NEVER)
        self.logits = np.repeat(single[None], 1 << registers, axis=0)
        self.m, self.v = np.zeros_like(self.logits), np.zeros_like(self.logits)
        self.updates = 0

    def probability(self) -> Floats:
        """Return the probability of each source, shape (2^R, W, C)."""
        shifted = np.exp(self.logits - self.logits.max(axis=2, keepdims=True))
        found: Floats = shifted / shifted.sum(axis=2, keepdims=True)
        return found

    def cumulative(self) -> Floats:
        """Return the cumulative probabilities; above 1 from the last source on."""
        found = self.probability().cumsum(axis=2)
        found[:, np.arange(found.shape[2]) >= self._last[:, None]] = 2.0
        return found

    def log_probability(self, tables: CircuitTable) -> Floats:
        """Return log π of N programs, shape (N,)."""
        logs = np.log(self.probability() + _TINY)
        used = tables != UNUSED
        each = np.take_along_axis(logs[None], np.where(used, tables, 0)[..., None], axis=3)[..., 0]
        found: Floats = (each * used).sum(axis=(1, 2))
        return found

    def likeliest(self) -> CircuitTable:
        """Return the program of each wire's likeliest source."""
        return self.logits.argmax(axis=2)

    def ascend(
        self, tables: CircuitTable, weights: Floats, learning_rate: float, entropy: float
    ) -> None:
        """Make a step of Adam up Σ_i weight_i log π(program_i) + entropy · H(π)."""
        p = self.probability()
        gradient = self._used(tables, weights)
        gradient -= gradient.sum(axis=2, keepdims=True) * p
        log = np.log(p + _TINY)
        gradient += entropy * p * ((p * log).sum(axis=2, keepdims=True) - log)
        self.updates += 1
        self.m += (1 - _BETA1) * (gradient - self.m)
        self.v += (1 - _BETA2) * (gradient**2 - self.v)
        m, v = self.m / (1 - _BETA1**self.updates), self.v / (1 - _BETA2**self.updates)
        self.logits += np.where(self._exists, learning_rate * m / (np.sqrt(v) + _EPSILON), 0.0)

    def imitate(self, tables: CircuitTable, share: float, floor: float) -> None:
        """Move the probabilities of the wires that programs use a share of the way to theirs.

        Args:
            tables: The programs.
            share: How far, from 0 to 1.
            floor: The share of the policy at the start in what they move to.
        """
        used, p = self._used(tables, np.ones(len(tables))), self.probability()
        total = used.sum(axis=2, keepdims=True)
        theirs = (1 - floor) * used / np.maximum(total, 1) + floor * self._first
        moved = np.where(total > 0, p + share * (theirs - p), p)
        self.logits = np.where(self._exists, np.log(moved + _TINY), _NEVER)
        self.updates += 1

    def _used(self, tables: CircuitTable, weights: Floats) -> Floats:
        """Return the weight of the programs that use each source, like ``logits``."""
        found = np.zeros_like(self.logits)
        add_up(tables, weights, found)
        return found


def _prior(R: int, register: float, halts: bool, modules: ModuleList) -> Floats:
    """Return the probability of each source at the start, 0 where there is none, shape (W, C)."""
    Q = len(modules.arity)
    before = np.concatenate([modules.owner, np.full(R, Q)])
    prior = np.zeros((len(before) + 1, R + Q))
    for wire, among in enumerate(before):
        prior[wire, :R] = (register if among else 1.0) / R
        prior[wire, R : R + among] = (1 - register) / max(among, 1)
    prior[-1, :2] = (1 - _HALTING, _HALTING) if halts else (1.0, 0.0)
    return prior
