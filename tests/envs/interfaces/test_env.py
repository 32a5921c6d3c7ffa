"""What observation options show, what rewards pay, and lengths that a curriculum sets."""

from __future__ import annotations

import itertools

import gymnasium as gym
import numpy as np
import pytest

from neuralprog_envs import REGISTRY
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.registry import make_task

VECTOR = {"vectorization_mode": "vector_entry_point"}
PROGRAMS = [id_ for id_, row in REGISTRY.items() if row.family == "program"]


def random_steps(env_id, steps=40, **settings):
    """Yield the environment and its observation after each of some random steps."""
    env = gym.make(env_id, **settings).unwrapped
    observation, _ = env.reset(seed=1)
    env.action_space.seed(1)
    for _ in range(steps):
        yield env, observation
        observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            observation, _ = env.reset()


@pytest.mark.parametrize("action", ["instruction", "circuit"])
def test_tapes_show_what_the_registers_point_to(action):
    seen = random_steps("NRAMPermutation-v0", observation="pointers", action=action)
    orders = set()
    for _, shown in seen:
        registers, tape = shown["registers"].tolist(), shown["tape"].tolist()
        cells = [tape[r] for r in registers]
        assert shown["pointed"].tolist() == cells
        pairs = itertools.combinations([0, *registers, *cells], 2)
        assert shown["order"].tolist() == [(a >= b) + (a > b) for a, b in pairs]
        orders |= set(shown["order"].tolist())
    assert orders == {0, 1, 2}


@pytest.mark.parametrize("env_id", ["NPIQuickSort-v0", "NPIHanoi-v0", "NPIAddition-v0"])
def test_programs_show_how_pointers_and_their_cells_compare(env_id):
    orders = set()
    for env, shown in random_steps(env_id, observation="pointers"):
        state, world = env._episode.state(), env.task.machine.world
        pointers = state.pointers[0].tolist()
        cells = [
            value
            if pointer.row is None
            else int(state.pad[0, pointer.row, min(max(value, 0), world.columns - 1)])
            for pointer, value in zip(world.pointers, pointers, strict=True)
        ]
        for name, values in (("pointer_order", pointers), ("cell_order", cells)):
            expected = [(a >= b) + (a > b) for a, b in itertools.combinations(values, 2)]
            assert shown[name].tolist() == expected
            orders |= set(expected)
    assert orders == {0, 1, 2}


@pytest.mark.parametrize("env_id", ["NPIMax-v0", "NRAMSwap-v0"])
def test_the_last_actions_are_shown(env_id):
    env = gym.make(env_id, length=3, last_actions=2)
    observation, _ = env.reset(seed=0)
    assert not observation["last_actions"].any()
    done = []
    for action in demonstration(env.unwrapped.task, env.unwrapped.instance):
        observation, *_ = env.step(np.array(action))
        done = [[number + 1 for number in action], *done][:2]
        padded = [*done, *[[0] * 4] * (2 - len(done))]
        assert observation["last_actions"].tolist() == padded
    again, _ = env.reset()
    assert not again["last_actions"].any()


@pytest.mark.parametrize("env_id", ["NPTableQA-v0", "NPWikiTableQuestions-v0"])
def test_tables_show_what_each_action_would_select(env_id):
    some = set()
    for env, shown in random_steps(env_id, 6, observation="effects"):
        machine, state = env.task.machine, env._episode.state()
        every = list(np.ndindex(*machine.actions))
        for action in every[:: max(1, len(every) // 60)]:
            after = machine.step(state, np.array([action]))
            rows = int(after.selected.sum() + after.printed.sum())
            assert shown["effects"][action] == rows, action
            some.add(rows > 0)
    assert some == {False, True}


@pytest.mark.parametrize(
    ("env_id", "settings"),
    [
        ("NRAMCopy", {"observation": "pointer"}),
        ("NRAMCopy", {"observation": ["pointers"]}),
        ("NPIMax", {"observation": "effects"}),
        ("NPIMax", {"last_actions": -1}),
        ("NRAMCopy", {"last_actions": -1}),
        ("NPIMax", {"last_actions": 1.5}),
        ("NPTableQA", {"observation": "pointers"}),
        ("NPTableQA", {"observation": None}),
    ],
)
def test_wrong_options_are_refused_in_one_line(env_id, settings):
    name = next(iter(settings))
    with pytest.raises(ValueError, match=f"{name}(:| must be)") as caught:
        make_task(env_id, **settings)
    assert len(str(caught.value).splitlines()) == 1


def returned_at_once(env_id, **settings):
    """Return the episode's rewards when the program returns at once, and whether it was right."""
    env = gym.make(env_id, **settings)
    for seed in range(5):
        env.reset(seed=seed)
        _, reward, terminated, _, info = env.step(np.zeros(4, dtype=int))
        assert terminated
        yield reward, info["success"]


@pytest.mark.parametrize("env_id", PROGRAMS)
def test_returning_with_a_wrong_answer_is_not_paid(env_id):
    longest = REGISTRY[env_id].defaults["length"][1]
    paid = list(returned_at_once(env_id, reward="progress", length=longest))
    assert not any(success for _, success in paid)
    assert [reward for reward, _ in paid] == [0.0] * 5


@pytest.mark.parametrize("env_id", [*PROGRAMS, "NRAMSort-v0", "NPSingleColumn-v0"])
def test_shaping_adds_what_no_policy_can_change(env_id):
    """The discounted shaped return is the discounted success minus the first state's potential."""
    discount = 0.9
    env = gym.make(env_id, reward="shaped", discount=discount, max_steps=60).unwrapped
    right = 0
    for seed in range(8):
        env.reset(seed=seed)
        task, instance = env.task, env.instance
        first = task.score(task.machine.initial(instance), instance)[0]
        expert = iter(demonstration(task, instance) if seed % 2 else ())
        env.action_space.seed(seed)
        total, factor, ended = 0.0, 1.0, False
        while not ended:
            action = next(expert, None) or tuple(env.action_space.sample())
            _, reward, terminated, truncated, info = env.step(np.array(action))
            total, factor, ended = (
                total + factor * reward,
                factor * discount,
                terminated or truncated,
            )
        assert total == pytest.approx(factor / discount * info["success"] - first)
        right += info["success"]
    assert right or env_id in ("NPICanonicalize-v0", "NPIAddition-v0", "NPITopologicalSort-v0")


@pytest.mark.parametrize("env_id", ["NRAMCopy-v0", "NPIMax-v0", "NPSingleColumn-v0"])
def test_a_curriculum_sets_the_lengths_of_the_episodes_to_come(env_id):
    low, high = REGISTRY[env_id].defaults["length"]
    settings = {"length": (low, high), "max_steps": 2}
    vector = gym.make_vec(env_id, 3, **VECTOR, autoreset_mode="SameStep", **settings).unwrapped
    singles = [gym.make(env_id, **settings).unwrapped for _ in range(3)]
    for env in (vector, *singles):
        env.lengths = low
        assert env.lengths == (low, low)
    vector.reset(seed=5)
    drawn = [
        [env.reset(seed=5 + i) and int(env.instance.length[0])] for i, env in enumerate(singles)
    ]
    vector.action_space.seed(0)
    for step in range(12):
        if step == 3:
            for env in (vector, *singles):
                env.lengths = (low, low + 1)
        action = vector.action_space.sample()
        ended = np.logical_or(*vector.step(action)[2:4])
        for env, row, over, lengths in zip(singles, action, ended, drawn, strict=True):
            env.step(row)
            if over:
                env.reset()
            lengths.append(int(env.instance.length[0]))
        assert vector._episodes.instances.length.tolist() == [lengths[-1] for lengths in drawn]
    assert {n for lengths in drawn for n in lengths[:3]} == {low}
    assert {n for lengths in drawn for n in lengths} == {low, low + 1}
    for env in (vector, singles[0]):
        with pytest.raises(ValueError, match="impossible here"):
            env.lengths = high + 1
        assert env.lengths == (low, low + 1)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_observations_without_copies_are_equal_and_share_what_stays(mode):
    env, other = (
        gym.make_vec("NPTableQA-v0", 4, **VECTOR, autoreset_mode=mode, length=(3, 5), copy=copy)
        for copy in (True, False)
    )
    seen = [env.reset(seed=3)[0], other.reset(seed=3)[0]]
    env.action_space.seed(0)
    shared = []
    for _ in range(12):
        actions = env.action_space.sample()
        before, seen = seen, [each.step(actions)[0] for each in (env, other)]
        for name in seen[0]:
            np.testing.assert_array_equal(seen[0][name], seen[1][name])
            assert not np.shares_memory(before[0][name], seen[0][name])
        assert not np.shares_memory(before[1]["program"], seen[1]["program"])
        shared.append(np.shares_memory(before[1]["numbers"], seen[1]["numbers"]))
    period = 5 if mode == "NextStep" else 4
    assert shared == [step % period != 0 for step in range(1, 13)]


def test_lengths_can_be_set_after_a_reset_that_failed(monkeypatch):
    env = gym.make_vec("NRAMCopy-v0", 2, **VECTOR).unwrapped
    with monkeypatch.context() as patch:
        patch.setattr("neuralprog_envs.core.instances._MAX_ATTEMPTS", 0)
        with pytest.raises(ValueError, match="too few exist"):
            env.reset(seed=0)
    env.lengths = 2
    env.reset(seed=0)
    assert set(env._episodes.instances.length) == {2}
