"""The memo table: it plays as lock-step inference does, deeper than Python, in little memory."""

import sys

import numpy as np
import pytest

from neuralprog_agents.agents.npi import policy, train
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.evaluation.agents import open_agent
from neuralprog_agents.evaluation.evaluate import Setting, play, play_alone
from neuralprog_agents.npi_network.memo import Memo
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv
from neuralprog_envs.registry import make_task
from tests.agents.npi_network.test_stack import adder

ENV = "NPIAddition-v0"


@pytest.mark.parametrize("seed", range(3))
def test_it_plays_as_lock_step_inference_does(seed):
    """Random networks call at random, so this meets illegal calls and full stacks too."""
    config = Config(env=ENV, hidden=16, state=16)
    model = train.initial(train.sizes_of(config), seed)
    agent = policy.NPIPolicy(model, [policy.LearnedTask(ENV, {"recursive": True})])
    settings = {"length": 4, "max_steps": 40, "split": "all", **agent.settings(4)}
    env = TaskVectorEnv(ENV, 12, **settings)
    alone = play_alone(agent, Setting(env.task, (4, 4), "sparse", 1.0, "all", 40), 12, seed=5)
    np.testing.assert_array_equal(alone, play(agent, env, 5))


def test_a_trained_network_gets_what_it_gets_in_the_environment():
    agent = open_agent("npi-addition").policy
    env = TaskVectorEnv(ENV, 8, length=12, split="test", **agent.settings(12))
    alone = play_alone(agent, env.setting, 8, seed=0)
    np.testing.assert_array_equal(alone, play(agent, env, 0))
    assert alone[0].all()


class Counting:
    """Recursive addition as a core, which counts what it is asked."""

    def __init__(self, library):
        self.core, self.asked = adder(library.names, library.actions), 0

    def __call__(self, program, arguments, view, state):
        self.asked += len(program)
        return self.core(program, arguments, view, state)


def test_the_core_is_asked_once_for_each_history():
    task = make_task(ENV, length=20, recursive=True)
    core = Counting(task.machine.library)
    memo = Memo(core, 1)
    instances = draw(task, 0, np.arange(10), (1, 20))
    first = memo.play(task, instances, [10_000] * 10)
    asked = core.asked
    assert asked == memo.histories < sum(run.episode.steps for run in first)
    again = memo.play(task, instances, [10_000] * 10, keep=True)
    assert core.asked == asked
    assert [len(run.actions) for run in again] == [run.episode.steps for run in first]


def test_a_full_table_is_forgotten_and_nothing_else_changes():
    task = make_task(ENV, length=20, recursive=True)
    memo = Memo(adder(task.machine.library.names, task.machine.library.actions), 1, room=30)
    instances = draw(task, 0, np.arange(10), (1, 20))
    runs = memo.play(task, instances, [10_000] * 10)
    states = [run.episode.state() for run in runs]
    assert memo.histories <= 30 + 10
    for row, state in enumerate(states):
        assert task.score(state, batch.take(instances, slice(row, row + 1)))[0] == 1.0


def test_a_recursion_of_100000_calls_does_not_touch_pythons_limit():
    n = 100_000
    task = make_task(ENV, length=n, recursive=True)
    memo = Memo(adder(task.machine.library.names, task.machine.library.actions), 1)
    (run,) = memo.play(task, task.pose_input("9" * n + " 1"), [20 * n])
    assert sys.getrecursionlimit() < n
    assert task.definition.read(run.episode.state()) == "1" + "0" * n
