"""Whole actions as single numbers: every action has a row, and the row does the same."""

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

from neuralprog_agents.agents.rl.actions import distinct_actions, rows_of
from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.imitate import demonstrations
from neuralprog_agents.agents.rl.setup import setup_of, table_of
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.registry import make_task

SMALL = ["NRAMCopy-v0", "NRAMSort-v0", "NPIBubbleSort-v0", "NPIHanoi-v0", "NPSingleColumn-v0"]


@pytest.mark.parametrize("env", SMALL)
def test_every_distinct_action_has_its_own_row(env):
    machine = make_task(env).machine
    table = distinct_actions(machine)
    assert rows_of(machine, table, table).tolist() == list(range(len(table)))


@pytest.mark.parametrize("env", ["NRAMCopy-v0", "NRAMSort-v0", "NPTableQA-v0"])
def test_the_row_of_an_action_does_what_the_action_does(env):
    task = make_task(env, length=4)
    machine, rng = task.machine, np.random.default_rng(0)
    table = distinct_actions(machine)
    n = 500
    state = machine.initial(pairs(task, n, length=4, seed=1))
    other = state
    for _ in range(4):
        actions = np.stack([rng.integers(k, size=n) for k in machine.actions], axis=1)
        rows = rows_of(machine, actions, table)
        state, other = machine.step(state, actions), machine.step(other, table[rows])
        ours, theirs = machine.observe(state), machine.observe(other)
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours if name != "program")


def test_unused_integers_of_a_tables_action_make_no_difference():
    assert len(distinct_actions(make_task("NPSingleColumn-v0").machine)) == 12
    assert len(distinct_actions(make_task("NPTableQA-v0").machine)) == 26


def test_an_action_that_there_is_not_is_refused():
    machine = make_task("NPIHanoi-v0").machine
    table = distinct_actions(machine)
    action = np.array([[k - 1 for k in machine.actions]])
    with pytest.raises(ValueError, match="not an action of this machine"):
        rows_of(machine, action, table)


@pytest.mark.parametrize("env", ["NPIAddition-v0", "NPIMax-v0", "NPSingleColumn-v0"])
def test_flat_demonstrations_are_the_experts_actions(env):
    flat, plain = (setup_of(Config(env=env, algorithm="BC", flat=f)) for f in (True, False))
    rows, actions = (demonstrations(setup, 20, 0)[1] for setup in (flat, plain))
    assert rows.shape == actions.shape[:1]
    assert np.array_equal(table_of(flat)[rows], actions)
