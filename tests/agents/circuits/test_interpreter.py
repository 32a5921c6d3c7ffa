"""The compiled interpreter is the NumPy machine in circuit mode; the score is its definition."""

import numpy as np
import pytest

from neuralprog_agents.circuits import pairs, program, tables
from neuralprog_agents.circuits.anneal import Cooling, anneal, begin, right_pairs
from neuralprog_agents.circuits.interpreter import FULL, Weights
from neuralprog_agents.circuits.proposals import Moves
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import REGISTRY, make_task
from neuralprog_envs.tape.circuit import occurring
from neuralprog_envs.tape.state import TapeInstances

TASKS = sorted(row.id for row in REGISTRY.values() if row.family == "tape")
B = 128
MOVES = Moves(0.4, 0.3, 0.05, 0.5, 0.0, 0.0)


def random_table(task, rng, finishing=0.1):
    """A table of uniform wires; few of its patterns finish."""
    table = rng.integers(
        0, task.machine.actions, (2**task.machine.registers, len(task.machine.actions))
    )
    table[:, -1] = rng.random(len(table)) < finishing
    return table


def pose(env_id, R, seed, spare=0):
    """Instances of one environment, a random table, and where the table leads."""
    rng = np.random.default_rng((seed, R))
    lengths = REGISTRY[env_id].defaults["length"]
    least = make_task(env_id, length=lengths).machine.memory_size
    task = make_task(
        env_id, length=lengths, registers=R, action="circuit", observation="flags",
        memory_size=least + spare,
    )  # fmt: skip
    instances = draw(task, seed, np.arange(B), lengths)
    limits = rng.integers(1, 20, B)
    table = random_table(task, rng)
    return task, instances, limits, table, tables.run(task.machine, table, instances, limits)


def searching(table):
    return begin(table, np.zeros(2, np.uint64))


@pytest.mark.parametrize("env_id", TASKS)
@pytest.mark.parametrize("R", [1, 2, 3, 5])
def test_every_final_cell_is_that_of_the_numpy_machine(env_id, R):
    for seed in range(4):
        task, instances, limits, table, final = pose(env_id, R, seed, spare=seed)
        memory = np.full(B, task.machine.memory_size)
        everywhere = np.ones_like(instances.mask)
        claimed = final.tape.copy()
        lied_to = np.random.default_rng(seed).random(B) < 0.3
        claimed[lied_to, seed] = (claimed[lied_to, seed] + 1) % task.machine.memory_size
        posed = TapeInstances(instances.tape, claimed, everywhere, instances.length)
        problem = pairs.problem(posed, memory, limits, 3.0)
        weights = Weights(0.5, 0.0, 0.5, 0.0, 0.0, False)
        found, visited = right_pairs(searching(table), problem, weights, table)
        np.testing.assert_array_equal(found, ~lied_to)
        if (limits == limits.max()).all():
            seen = occurring(task.machine, table, instances, int(limits.max()))
            assert set(visited) == set(seen)


@pytest.mark.parametrize("R", [1, 3, 4])
def test_it_visits_the_patterns_that_the_numpy_machine_visits(R):
    task, instances, _, table, _ = pose("NRAMSort-v0", R, seed=5)
    limits = np.full(B, 9)
    problem = pairs.problem(instances, np.full(B, task.machine.memory_size), limits, 1.0)
    weights = Weights(1.0, 0.0, 0.0, 0.0, 0.0, False)
    _, visited = right_pairs(searching(table), problem, weights, table)
    assert set(visited) == set(occurring(task.machine, table, instances, 9))


def slow_score(task, table, instances, limits, weights, changed):
    """The score by its definition, one example at a time."""
    scores, histories, answers = np.zeros(B), [], []
    for i in range(B):
        one = TapeInstances(*(part[i : i + 1] for part in vars(instances).values()))
        mask, answer = one.mask[0], one.answer[0]
        state, history, read = task.machine.initial(one), [], False
        for _ in range(limits[i]):
            if state.halted[0]:
                break
            pattern = int(tables.patterns(state.registers == 0)[0])
            history.append(pattern)
            circuit = table[pattern]
            values = [*state.registers[0]]
            live = program.live_modules(circuit, task.machine.registers, program.OWNER)
            if live & 1:
                address = values[circuit[0]]
                read |= state.tape[0, address] == answer[mask][0]
            state = task.machine.step(state, circuit[None])
        share = np.where(mask & (answer != one.tape[0]), changed, 1.0) * mask
        right = (state.tape[0] == answer) & mask
        exact = right.sum() == mask.sum() and (state.halted[0] or not weights.halting)
        known = read or right.sum() == mask.sum() or answer[mask][0] in state.registers[0]
        scores[i] = (
            weights.cells * (share * right).sum() / share.sum()
            + weights.prefix * (share * (np.cumsum(mask & ~right) == 0)).sum() / share.sum()
            + weights.exact * exact
            + weights.hint * known
        )
        histories.append(history)
        answers.append(answer[mask][0])
    for i in range(B):
        same = histories[i] == histories[i ^ 1]
        scores[i] += weights.contrast * (same == (answers[i] == answers[i ^ 1]))
    return scores.mean()


@pytest.mark.parametrize("halting", [False, True])
@pytest.mark.parametrize("env_id", ["NRAMAccess-v0", "NRAMListK-v0", "NRAMWalkBST-v0"])
def test_the_score_is_its_definition(env_id, halting):
    task, instances, limits, table, _ = pose(env_id, 3, seed=3)
    limits = np.minimum(limits, 5)  # short histories cannot collide
    weights = Weights(0.2, 0.1, 0.4, 0.2, 0.1, halting)
    problem = pairs.problem(instances, np.full(B, task.machine.memory_size), limits, 3.0)
    found, made = anneal(searching(table), problem, weights, MOVES, Cooling(0.01, 0.01, 0, 1), 0)
    slow = slow_score(task, table, instances, limits, weights, 3.0)
    assert made == 0
    assert found[0] == pytest.approx(slow, abs=1e-9)


@pytest.mark.parametrize("env_id", ["NRAMCopy-v0", "NRAMListK-v0", "NRAMSort-v0"])
@pytest.mark.parametrize("halting", [False, True])
def test_running_only_what_differs_finds_the_same_scores(env_id, halting):
    task, instances, limits, table, _ = pose(env_id, 3, seed=1)
    weights = Weights(0.2, 0.1, 0.4, 0.2, 0.1, halting)
    problem = pairs.problem(instances, np.full(B, task.machine.memory_size), limits, 3.0)
    moves, cooling = Moves(0.4, 0.3, 0.05, 0.5, 0.1, 0.1, 0.2, 0.1), Cooling(0.05, 0.05, 0, 1)
    search = searching(table)
    for count in range(1, 200):
        found, _ = anneal(search, problem, weights, moves, cooling, count)
        anew, _ = anneal(search, problem, weights, moves, cooling, 0)
        assert found == anew


def test_weights_of_cells_add_up_and_favour_what_must_change():
    task = make_task("NRAMSort-v0", length=5)
    instances = draw(task, 0, np.arange(500), (2, 5))
    points = pairs.weights(instances, changed=3.0)
    assert (points.sum(axis=1) == FULL).all()
    assert (points[~instances.mask] == 0).all()
    changes = instances.mask & (instances.tape != instances.answer)
    stays = instances.mask & ~changes
    both = changes.any(axis=1) & stays.any(axis=1)
    ratio = (
        np.where(changes, points, 0).max(axis=1)[both]
        / np.where(stays, points, 0).max(axis=1)[both]
    )
    assert (abs(ratio - 3.0) < 0.4).all()
