"""Sampled programs: they do what the NumPy machine does, and come as often as their probability."""

from itertools import pairwise

import numpy as np
import pytest

from neuralprog_agents.agents.policy_gradient import kernel
from neuralprog_agents.agents.policy_gradient.config import Config
from neuralprog_agents.agents.policy_gradient.kernel import UNUSED, NeighbourSettings
from neuralprog_agents.agents.policy_gradient.policy import ProgramPolicy
from neuralprog_agents.agents.policy_gradient.train import runnable
from neuralprog_agents.circuits import examples, tables
from neuralprog_agents.circuits.program import WIRES
from neuralprog_envs.core import batch

CONFIG = Config("NRAMAccess-v0", registers=2, length=(2, 3), steps=(4,), spare=0)


def setting(config=CONFIG):
    """A random stream, a policy, and what else the kernel wants before its last arguments."""
    policy = ProgramPolicy(config.registers, config.register, config.halt)
    problem = examples.pack(config, examples.first_rows(config))
    workspace = kernel.workspace(problem, config.registers)
    return np.array([7, 0], dtype=np.uint64), policy, (workspace, problem, config.returns)


def sampled(count, config=CONFIG):
    stream, policy, rest = setting(config)
    found = kernel.batch(count, config.registers)
    kernel.sample(stream, policy.cumulative(), *rest, found)
    return policy, found


def annealed(count, temperature, config=CONFIG, **settings):
    """Return every program that is reached, and the changes that raised the return at each."""
    stream, policy, rest = setting(config)
    current, programs, changes = kernel.batch(1, config.registers), [], []
    args = policy.cumulative(), NeighbourSettings(0.3, temperature, **settings), *rest, current
    for _ in range(count):
        improvements = np.zeros_like(current.tables)
        made, improved = kernel.anneal(stream, *args, improvements)
        programs.append((current.tables[0].copy(), current.returns[0]))
        changes.append(improvements[:improved])
        if not made:
            break
    return programs, changes


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


def test_cold_annealing_never_falls_and_tells_what_raised_the_return():
    programs, changes = annealed(3000, temperature=1e-9)
    returns = np.array([value for _, value in programs])
    assert (np.diff(returns) >= 0).all()
    assert returns[-1] == 1.0  # Access has short programs
    for ((before, worse), (after, better)), improvements in zip(
        pairwise(programs), changes[1:], strict=True
    ):
        assert len(improvements) == (better > worse)
        for improvement in improvements:
            np.testing.assert_array_equal(improvement, np.where(after == before, UNUSED, after))


def test_hot_annealing_falls_too():
    returns = [value for _, value in annealed(200, temperature=1.0)[0]]
    assert (np.diff(returns) < 0).any()


def test_annealing_draws_little_anew():
    programs, _ = annealed(300, temperature=1.0)
    differing = [
        ((new != old) & (new != UNUSED) & (old != UNUSED)).sum()
        for (old, _), (new, _) in pairwise(programs)
    ]
    assert 0.3 < np.mean(differing) < 3


NEIGHBOURS = [
    {},
    {"change_unvisited": 0.0},
    {"tied": 0.5, "join": 0.05, "change_unvisited": 0.1},
    {"tied": 1.0, "join": 0.5, "change_unvisited": 0.5},
]


@pytest.mark.parametrize("settings", NEIGHBOURS)
@pytest.mark.parametrize("registers", [3, 4, 6])
def test_annealing_knows_what_its_current_program_earns(registers, settings):
    """After many changes, kept and undone, it earns what the same program earns on its own."""
    config = Config(
        "NRAMDeduplicate-v0", registers=registers, length=(1, 4), steps=(2, 2),
        reward="progress", exact=0.2, prefix=0.8,
    )  # fmt: skip
    _, policy, rest = setting(config)
    kept = set()
    for seed in range(10):
        for temperature in (0.001, 0.02, 0.5):
            stream = np.array([seed, 0], dtype=np.uint64)
            current, improvements = kernel.batch(1, registers), kernel.batch(200, registers).tables
            neighbours = NeighbourSettings(0.3, temperature, **settings)
            args = policy.cumulative(), neighbours, *rest, current
            kernel.anneal(stream, *args, improvements)
            table, value, right = current.tables[0].copy(), current.returns[0], current.right[0]
            assert kernel.anneal(stream, *args, improvements[:0]) == (0, 0)
            assert (value, right) == (current.returns[0], current.right[0])
            np.testing.assert_array_equal(table, current.tables[0])
            kept.add(table.tobytes())
    assert len(kept) > 20


HOT = {"temperature": 1.0, "config": Config(**{**vars(CONFIG), "registers": 3})}


def circuits(table):
    """The different circuits of the patterns that pairs visit."""
    return np.unique(table[table[:, -1] != UNUSED], axis=0)


def test_circuits_that_are_tied_begin_as_one_and_stay_one():
    apart, tied = annealed(300, **HOT)[0], annealed(300, **HOT, tied=1.0)[0]
    assert max(len(circuits(table)) for table, _ in apart) > 4
    assert {len(circuits(table)) for table, _ in tied} == {1}
    assert len(np.unique([table.max(axis=0) for table, _ in tied], axis=0)) > 100  # they change


def test_a_change_that_is_undone_stays_in_patterns_that_no_pair_visits():
    """Where pairs visit, the circuits are those kept; tied, the others become variants of them."""
    stream, policy, (workspace, *rest) = setting(HOT["config"])
    current, improvements = kernel.batch(1, 3), kernel.batch(100, 3).tables
    settings = NeighbourSettings(0.3, 1e-9, tied=1.0, change_unvisited=0.0)
    kernel.anneal(stream, policy.cumulative(), settings, workspace, *rest, current, improvements)
    visited = current.tables[0, :, -1] != UNUSED
    np.testing.assert_array_equal(workspace.program.table[visited], current.tables[0][visited])
    assert 0 < visited.sum() < len(visited)
    assert len(np.unique(workspace.program.table, axis=0)) > len(circuits(current.tables[0]))


def test_a_pattern_that_joins_another_one_has_its_circuit():
    """Patterns that pairs visit before and after a change have circuits that were there before."""
    programs = [table for table, _ in annealed(300, **HOT, join=1.0, change_unvisited=0.0)[0]]
    for old, new in pairwise(programs):
        both = (old[:, -1] != UNUSED) & (new[:, -1] != UNUSED)
        known = {row.tobytes() for row in old}
        assert all(row.tobytes() in known for row in new[both])
    assert any((old != new).any() for old, new in pairwise(programs))


@pytest.mark.parametrize("chance", [0.0, 0.1, 1.0])
def test_circuits_that_no_pair_visits_change_as_often_as_they_should(chance):
    """A change that is kept leaves each as it is with probability 1 - chance."""
    stayed = []
    for seed in range(200):
        stream, policy, (workspace, *rest) = setting(HOT["config"])
        stream[0], tables = seed, []
        for changes in (0, 1):  # the first program is the same
            current, own = kernel.batch(1, 3), stream.copy()
            settings = NeighbourSettings(0.3, 1e9, change_unvisited=chance)
            args = policy.cumulative(), settings, workspace, *rest, current
            kernel.anneal(own, *args, kernel.batch(changes, 3).tables)
            tables.append((workspace.kept.table.copy(), current.tables[0, :, -1] == UNUSED))
        (first, before), (last, after) = tables
        stayed.extend((first == last).all(axis=1)[before & after])
    assert np.mean(stayed) == pytest.approx(1 - chance, abs=0.03)


def test_a_machine_may_have_six_registers():
    _, found = sampled(100, Config(**{**vars(CONFIG), "registers": 6}))
    assert (found.tables[:, :, -1] != UNUSED).any(axis=1).all()


def test_what_a_program_does_not_use_is_no_part_of_it():
    _, found = sampled(1000)
    assert (found.tables == UNUSED).mean() > 0.5
    assert ((found.tables[:, :, -1] == UNUSED) == (found.tables[:, :, WIRES] == UNUSED)).all()
