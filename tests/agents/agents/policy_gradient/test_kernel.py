"""Sampled programs: they do what the NumPy machine does, and come as often as their probability."""

import numpy as np
import pytest

from neuralprog_agents.agents.policy_gradient import kernel
from neuralprog_agents.agents.policy_gradient.config import Config
from neuralprog_agents.agents.policy_gradient.kernel import UNUSED, Proposal
from neuralprog_agents.agents.policy_gradient.policy import ProgramPolicy
from neuralprog_agents.agents.policy_gradient.train import runnable
from neuralprog_agents.circuits import examples, tables
from neuralprog_agents.circuits.program import WIRES
from neuralprog_envs.core import batch

CONFIG = Config("NRAMAccess-v0", registers=2, length=(2, 3), steps=(4,), spare=0)


def sampled(count, near=0.0, redraw=0.0, parents=None, config=CONFIG):
    policy = ProgramPolicy(config.registers, config.register, config.halt)
    problem = examples.pack(config, examples.first_rows(config))
    found = kernel.batch(count, config.registers)
    parents = found.tables[:0] if parents is None else parents
    kernel.sample(
        np.array([7, 0], dtype=np.uint64),
        Proposal(policy.cumulative(), parents, near, redraw),
        kernel.room(problem, config.registers),
        problem,
        config.returns,
        found,
    )
    return policy, found


@pytest.mark.parametrize("halt", [False, True])
def test_returns_are_those_of_the_numpy_machine(halt):
    config = Config(**{**vars(CONFIG), "halt": halt})
    _, found = sampled(3000, config=config)
    best = np.argsort(-found.returns)[:20]
    rows = examples.first_rows(config)
    posed, memory = examples.pairs(config)
    for i in [*best, *range(20)]:
        right = 0
        for M in np.unique(memory):
            own = batch.take(posed, rows[memory[rows] == M])
            own = type(own)(
                *(part[:, :M] if part.ndim == 2 else part for part in vars(own).values())
            )
            task = examples.task_of(config, int(own.length[0]))
            state = tables.run(
                task.machine, runnable(found.tables[i]), own, examples.limits(config, own.length)
            )
            right += ((task.score(state, own) == 1.0) & (state.halted | (not halt))).sum()
        assert right == found.right[i]
        assert found.returns[i] == pytest.approx(right / len(rows))
    assert found.right.max() > 0


def test_programs_come_as_often_as_the_policy_says():
    policy, found = sampled(200_000)
    kinds, counts = np.unique(found.tables, axis=0, return_counts=True)
    often = counts > 200
    expected = 200_000 * np.exp(policy.log_probability(kinds[often]))
    assert often.sum() > 5
    np.testing.assert_allclose(counts[often], expected, rtol=0.25)


def test_a_redrawn_program_keeps_what_is_not_redrawn():
    parent = sampled(5)[1].tables[4:]
    same = sampled(50, near=1.0, redraw=0.0, parents=parent)[1].tables
    np.testing.assert_array_equal(same, np.repeat(parent, 50, axis=0))
    changed = sampled(400, near=1.0, redraw=0.1, parents=parent)[1].tables
    used = parent[0] != UNUSED
    kept = (changed == parent)[:, used & (np.arange(WIRES + 3) >= WIRES)].mean()
    assert 0.85 < kept < 0.99


def test_what_a_program_does_not_use_is_no_part_of_it():
    _, found = sampled(1000)
    assert (found.tables == UNUSED).mean() > 0.5
    assert ((found.tables[:, :, -1] == UNUSED) == (found.tables[:, :, WIRES] == UNUSED)).all()
