"""The one evaluation: it plays what the single environment plays, in turns of any size."""

import json
from dataclasses import asdict, replace

import gymnasium as gym
import numpy as np
import pytest

from neuralprog_agents.agent import Privileged
from neuralprog_agents.evaluation import evaluate as module
from neuralprog_agents.evaluation.agents import AgentError, open_agent
from neuralprog_agents.evaluation.answers import is_right, right_answers
from neuralprog_agents.evaluation.apply import apply
from neuralprog_agents.evaluation.evaluate import check, evaluate
from neuralprog_agents.evaluation.inputs import parse_numbers, prepare
from neuralprog_agents.evaluation.reference import ExpertPolicy, RandomPolicy
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.replay import demonstration, replay
from neuralprog_envs.interfaces.setting import configure
from neuralprog_envs.interfaces.trace import layers_at

ENV = "NRAMCopy-v0"


class Reader:
    """Copies with the registers in view; half of its episodes it gives up at once."""

    env_id = ENV

    def settings(self, length):
        return {"registers": 5, "memory_size": 2 * length + 3, "max_steps": 40 * length}

    def start(self, n):
        self.policy = RandomPolicy(ENV, 3)
        self.policy._choices = (15, 5, 5, 5)
        self.steps = 0

    def act(self, observation, action_mask):
        assert observation["registers"].shape == (len(action_mask), 5)
        self.steps += 1
        choice = self.steps + observation["tape"].sum(axis=1)
        actions = np.stack([choice % 15, choice % 5, choice % 3, choice % 2], axis=1)
        return actions.astype(np.int64)


def test_the_expert_is_always_right_and_random_never():
    (score,) = evaluate(ExpertPolicy(ENV), ENV, [6], 50, name="expert")
    assert (score.success_rate, score.mean_return, score.mean_steps) == (1.0, 1.0, 34.0)
    assert (score.agent, score.env, score.length, score.episodes) == ("expert", ENV, 6, 50)
    (score,) = evaluate(RandomPolicy(ENV), ENV, [6], 50)
    assert score.success_rate == 0.0


def test_the_references_may_look_and_agents_may_not():
    assert isinstance(ExpertPolicy(ENV), Privileged)
    assert not isinstance(Reader(), Privileged)


@pytest.mark.parametrize("policy", [Reader(), ExpertPolicy(ENV)])
def test_episode_i_is_the_single_environment_with_seed_plus_i(policy):
    (score,) = evaluate(policy, ENV, [5], 12, seed=7)
    found = np.array([play_alone(policy, 5, 7 + i) for i in range(12)])
    assert score.success_rate == found[:, 0].mean()
    assert score.mean_return == found[:, 1].mean()
    assert score.mean_steps == found[:, 2].mean()


def play_alone(policy, length, seed):
    env = gym.make(ENV, length=length, split="test", **policy.settings(length)).unwrapped
    observation, info = env.reset(seed=seed)
    if isinstance(policy, Privileged):
        policy.prepare(env.task, env.instance)
    policy.start(1)
    total, steps, ended = 0.0, 0, False
    while not ended:
        batch = {name: array[None] for name, array in observation.items()}
        action = policy.act(batch, info["action_mask"][None])[0]
        observation, reward, terminated, truncated, info = env.step(action)
        total, steps, ended = total + reward, steps + 1, terminated or truncated
    return info["success"], total, steps


def test_turns_change_nothing(monkeypatch):
    (whole,) = evaluate(Reader(), ENV, [8], 20, seed=1)
    monkeypatch.setattr(module, "MEMORY_BUDGET", 20_000)
    (parts,) = evaluate(Reader(), ENV, [8], 20, seed=1)
    settings = {"length": 8, "split": "test", **Reader().settings(8)}
    assert len(list(module._play_all(Reader(), ENV, settings, 20, 1))) > 1
    assert replace(whole, seconds=0) == replace(parts, seconds=0)


def test_the_record_has_the_names_of_the_contract():
    (score,) = evaluate(ExpertPolicy(ENV), ENV, [4], 3, name="expert")
    record = json.loads(json.dumps(asdict(score)))
    assert list(record) == [
        "agent",
        "env",
        "length",
        "episodes",
        "seed",
        "success_rate",
        "mean_return",
        "mean_steps",
        "seconds",
    ]


def test_what_cannot_be_played_is_refused_before_it_begins():
    policy = ExpertPolicy(ENV)
    wrong = [
        (ENV, [0], 5, "length 0 is impossible"),
        (ENV, [4], 0, "episodes must be at least 1"),
        (ENV, [1], 5, "too few instances"),
        ("NRAMCpoy-v0", [4], 5, "did you mean NRAMCopy-v0"),
    ]
    for env, lengths, episodes, message in wrong:
        with pytest.raises(ValueError, match=message):
            check(policy, env, lengths, episodes)


def test_a_reference_needs_an_environment():
    assert open_agent("expert", "NRAMCopy").env_id == ENV
    assert open_agent("expert", "NRAMCopy").test_lengths == (5, 10, 50)
    with pytest.raises(ValueError, match="needs an environment"):
        open_agent("random")


def test_lengths_are_those_of_the_environment_where_it_acts():
    own = open_agent("npi-max-frozen")
    of_its_base = open_agent("npi-max-frozen", "NPICanonicalize")
    base = open_agent("npi-multitask", "NPICanonicalize")
    assert own.test_lengths != of_its_base.test_lengths == base.test_lengths == (4, 8)
    elsewhere = open_agent("search-sort", "NRAMSortZeros")
    assert elsewhere.test_lengths == open_agent("search-sort").test_lengths


def test_several_agents_decide_together_where_their_kind_can():
    both = open_agent("np-wikitables,np-wikitables")
    assert len(both.policy.models) == 2
    assert both.env_id == "NPWikiTableQuestions-v0"
    alone = open_agent("np-wikitables")
    scores = [next(evaluate(a.policy, a.env_id, (12,), 10)).success_rate for a in (alone, both)]
    assert scores[0] == scores[1]
    with pytest.raises(AgentError, match=r"a comma joins agents of one kind .* search can't"):
        open_agent("search-copy,search-sort")
    with pytest.raises(AgentError, match=r"npi and search can't"):
        open_agent("search-copy,npi-hanoi")


def test_an_input_gets_the_memory_that_it_needs():
    policy = ExpertPolicy(ENV)
    for values in ([3, 1, 2], [40], [7] * 30):
        done = apply(policy, prepare(policy, ENV, values), values)
        assert done.success
        assert done.answer == done.expected == values
    env = prepare(Reader(), ENV, [1, 2, 3, 4])
    assert env.task.machine.memory_size == 11
    assert prepare(policy, ENV, [1, 2], memory_size=20).task.machine.memory_size == 20


def test_the_trace_has_a_state_before_every_action_and_one_after():
    policy = ExpertPolicy(ENV)
    done = apply(policy, prepare(policy, ENV, [3, 1]), [3, 1])
    trace = done.trace
    states = list(layers_at(trace))
    assert len(states) == 5 * 2 + 4 + 1
    assert states[0]["tape"] == [3, 3, 1, 0, 0]
    assert states[-1]["tape"] == [3, 3, 1, 3, 1]
    assert "READ" in trace["texts"][trace["steps"]["words"][0]]
    assert done.text().endswith("success")


def test_bad_inputs_are_refused():
    policy = ExpertPolicy(ENV)
    with pytest.raises(ValueError, match="memory_size"):
        prepare(policy, ENV, [1, 2, 3, 4], memory_size=5)
    with pytest.raises(ValueError, match=r"value 9 is not in 0\.\.8"):
        prepare(policy, ENV, [1, 2, 3, 9], memory_size=9)
    for text in ("3 one 2", "007 7 3", "+7 3", "1_000", "-0", "٣ 1", "7.0", "9" * 5000):
        with pytest.raises(ValueError, match="whole numbers"):
            parse_numbers(text)
    assert parse_numbers("3, 1,2 -5 0") == [3, 1, 2, -5, 0]


class Sayer:
    """Says the right answer to every second instance, and one item too few to the others."""

    env_id = ENV

    def settings(self, length):
        return {}

    def answer(self, task, instances):
        right = right_answers(task, instances)
        return [each if i % 2 == 0 else each[:-1] for i, each in enumerate(right)]


def test_an_agent_that_answers_is_judged_on_the_same_instances():
    (score,) = evaluate(Sayer(), ENV, [5], 40)
    assert (score.success_rate, score.mean_return, score.mean_steps) == (0.5, 0.5, 0.0)


@pytest.mark.parametrize(
    ("env", "length"), [(ENV, 6), ("NPIQuickSort-v0", 5), ("NPSingleColumn-v0", 30)]
)
def test_the_right_answer_is_what_the_expert_leaves(env, length):
    task = configure(env, length=length).task
    instances = draw(task, 0, range(20), (length, length))
    for row, expected in enumerate(right_answers(task, instances)):
        one = batch.take(instances, slice(row, row + 1))
        *_, last = replay(task.machine, one, demonstration(task, one))
        assert is_right(task.answers(last.state, one)[0], expected)


@pytest.mark.parametrize(
    ("given", "expected", "right"),
    [
        ([3, 1], [3, 1], True),
        ([3, 1], [1, 3], False),
        ([3], [3, 1], False),
        (["12.50"], ["12.5"], True),
        (["12.51"], ["12.5"], False),
        (["gold"], ["gold"], True),
        (["gold"], ["silver"], False),
        ([""], ["12.5"], False),
    ],
)
def test_answers_are_right_item_by_item(given, expected, right):
    assert is_right(given, expected) is right


def test_what_was_said_is_shown_without_a_trace():
    env = prepare(Sayer(), ENV, [3, 1, 2])
    done = apply(Sayer(), env, [3, 1, 2])
    assert done.answer == [3, 1, 2]
    assert done.success
    assert "does not act" in done.text()
    assert done.trace == {"answer": [3, 1, 2], "expected": [3, 1, 2], "success": True}
