"""The policy: its gradient, its limits, and what each algorithm weighs."""

import numpy as np
import pytest

from neuralprog_agents.agents.policy_gradient import algorithms
from neuralprog_agents.agents.policy_gradient.kernel import UNUSED
from neuralprog_agents.agents.policy_gradient.memory import ProgramMemory
from neuralprog_agents.agents.policy_gradient.policy import ProgramPolicy
from neuralprog_agents.circuits.program import OWNER, WIRES

R = 2
SHAPE = (1 << R, WIRES + R + 1)


def policy():
    return ProgramPolicy(R, register=0.4, halts=False)


def programs(count=6):
    random = np.random.default_rng(0)
    choices = np.concatenate([R + OWNER, np.full(R, R + 14), [1]])
    tables = random.integers(0, choices, size=(count, *SHAPE))
    return np.where(random.random(tables.shape) < 0.5, UNUSED, tables)


def test_it_begins_with_the_chosen_share_of_registers():
    p = policy().probability()
    np.testing.assert_allclose(p.sum(axis=2), 1.0)
    np.testing.assert_allclose(p[:, 3:WIRES, :R].sum(axis=2), 0.4, rtol=1e-6)
    assert (p[:, -1, 0] == 1.0).all()


@pytest.mark.parametrize("entropy", [0.0, 0.5])
def test_it_ascends_the_gradient_of_what_it_should(entropy):
    own, tables, weights = policy(), programs(), np.linspace(-1, 1, 6)

    def value():
        p = own.probability()
        surprise = -(p * np.log(p + 1e-12)).sum()
        return weights @ own.log_probability(tables) + entropy * surprise

    before, wires = own.logits.copy(), [(0, 4, 1), (1, 9, 0), (2, WIRES, 12), (3, WIRES + 1, 3)]
    slopes = []
    for wire in wires:
        own.logits[wire] = before[wire] + 1e-5
        above = value()
        own.logits[wire] = before[wire] - 1e-5
        slopes.append((above - value()) / 2e-5)
        own.logits[wire] = before[wire]
    own.ascend(tables, weights, 0.1, entropy)
    np.testing.assert_allclose([own.m[wire] * 10 for wire in wires], slopes, rtol=1e-4, atol=1e-7)


def test_imitation_moves_a_share_of_the_way_and_only_where_programs_use_a_wire():
    own, tables = policy(), programs(1)
    before = own.probability()
    own.imitate(tables, 0.25, floor=0.0)
    after, used = own.probability(), tables[0] != UNUSED
    np.testing.assert_allclose(after[~used], before[~used], rtol=1e-6, atol=1e-9)
    chosen = np.take_along_axis(after, np.maximum(tables[0], 0)[..., None], axis=2)[..., 0]
    old = np.take_along_axis(before, np.maximum(tables[0], 0)[..., None], axis=2)[..., 0]
    np.testing.assert_allclose(chosen[used], (old + 0.25 * (1 - old))[used], rtol=1e-6)


def test_weights_by_hand():
    returns = np.array([0.0, 1.0, 0.0, 3.0])
    np.testing.assert_allclose(
        algorithms.reinforce(returns), (returns - 1) / returns.std() / 4, rtol=1e-6
    )
    best = algorithms.risk_seeking(returns, 0.5)
    assert best[3] > 0
    assert (best[:3] == 0).all()
    assert algorithms.elite(returns, 0.1).tolist() == [3]


def test_mapo_splits_the_expected_return():
    """π_B of the memory is exact, the rest of the probability goes to the fresh programs."""
    returns, known = np.array([0.0, 1.0, 1.0, 0.0]), np.array([False, True, False, False])
    logs, clip = np.log([0.2, 0.1]), 0.0
    inside, outside = algorithms.mapo(returns, known, np.array([1.0, 1.0]), logs, clip)
    np.testing.assert_allclose(inside, np.array([0.2, 0.1]) * 0.5 / 0.5, rtol=1e-6)
    np.testing.assert_allclose(outside, 0.7 / 3 * np.array([-1.0, 0, 1, -1]), rtol=1e-6)
    clipped, _ = algorithms.mapo(returns, known, np.array([1.0, 1.0]), logs, 0.6)
    np.testing.assert_allclose(clipped, [0.4, 0.2], rtol=1e-6)
    nothing, all_of_it = algorithms.mapo(returns, known & False, np.zeros(0), np.zeros(0), 0.6)
    assert len(nothing) == 0
    np.testing.assert_allclose(all_of_it, algorithms.reinforce(returns), rtol=1e-6)


def test_the_memory_holds_the_best_different_programs():
    memory, tables = ProgramMemory(3, SHAPE), programs(5)
    memory.remember(tables, np.array([0.1, 0.0, 0.3, 0.2, 0.1]))
    assert memory.returns.tolist() == [0.3, 0.2, 0.1]
    memory.remember(tables[[2, 1]], np.array([0.3, 0.15]))
    assert memory.returns.tolist() == [0.3, 0.2, 0.15]  # the first is known already
    np.testing.assert_array_equal(memory.tables, tables[[2, 3, 1]])
    memory.remember(tables[[4]], np.array([0.15]))
    assert memory.holds(tables).tolist() == [False, True, True, True, False]


def test_failures_are_not_remembered():
    memory = ProgramMemory(3, SHAPE)
    memory.remember(programs(5), np.zeros(5))
    assert len(memory.tables) == 0
