"""What every registered environment must hold; a new row of the registry is covered at once."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from neuralprog_envs import REGISTRY
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.interfaces.replay import demonstration

IDS = sorted(REGISTRY)
TAPE_IDS = [id_ for id_ in IDS if REGISTRY[id_].family == "tape"]
VARIANTS = [
    (id_, settings)
    for id_ in IDS
    for settings in (
        [{"reward": "sparse"}, {"reward": "shaped"}, {"reward": "progress"}]
        if REGISTRY[id_].family != "tape"
        else [
            {"action": action, "observation": observation, "reward": reward}
            for action, observation, reward in (
                ("instruction", "full", "sparse"),
                ("instruction", "flags", "shaped"),
                ("circuit", "flags", "sparse"),
                ("circuit", "full", "shaped"),
            )
        ]
    )
]
variants = pytest.mark.parametrize(
    ("env_id", "settings"),
    VARIANTS,
    ids=lambda v: v if isinstance(v, str) else "-".join(v.values()),
)


def leaves(observation):
    return list(observation.values()) if isinstance(observation, dict) else [observation]


def assert_same(left, right):
    """Assert that two nested results are equal in values and in dtypes."""
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            assert_same(left[key], right[key])
        return
    left, right = np.asarray(left), np.asarray(right)
    assert left.dtype == right.dtype
    if left.dtype == object:
        for one, other in zip(left, right, strict=True):
            assert (one is None) == (other is None)
            if one is not None:
                assert_same(one, other)
        return
    np.testing.assert_array_equal(left, right)


def test_the_registry_has_every_promised_id():
    promised = """
        NRAMAccess NRAMIncrement NRAMCopy NRAMReverse NRAMSwap NRAMPermutation NRAMListK
        NRAMListSearch NRAMMerge NRAMWalkBST NRAMSort NRAMDuplicatedInput NRAMRepeatCopy
        NRAMReversedAddition
        NPIAddition NPIBubbleSort NPIQuickSort NPITopologicalSort NPIHanoi NPIMax NPICanonicalize
        NPSingleColumn NPTableQA NPTableQASynonyms NPTextMatch NPWikiTableQuestions
    """
    assert {f"{name}-v0" for name in promised.split()} <= set(IDS)


@variants
def test_gymnasium_checks_it_without_a_warning(env_id, settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(env_id, **settings).unwrapped)


@variants
def test_stable_baselines_checks_it(env_id, settings):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(gym.make(env_id, **settings), warn=False)


@variants
def test_equal_seeds_give_equal_episodes(env_id, settings):
    runs = []
    for _ in range(2):
        env = gym.make(env_id, **settings)
        env.action_space.seed(7)
        steps = [env.reset(seed=11)]
        for _ in range(60):
            steps.append(env.step(env.action_space.sample()))
            if steps[-1][2] or steps[-1][3]:
                steps.append(env.reset())
        runs.append(steps)
    for one, other in zip(*runs, strict=True):
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)


@variants
def test_observations_are_in_their_space_and_never_shared(env_id, settings):
    env = gym.make(env_id, **settings)
    env.action_space.seed(0)
    observation, _ = env.reset(seed=0)
    for _ in range(50):
        assert env.observation_space.contains(observation)
        kept = copy.deepcopy(observation)
        after, _, terminated, truncated, info = env.step(env.action_space.sample())
        assert_same(observation, kept)
        assert not any(
            np.shares_memory(a, b) for a, b in zip(leaves(observation), leaves(after), strict=True)
        )
        assert info["action_mask"].shape == (env.action_space.nvec.sum(),)
        np.testing.assert_array_equal(info["action_mask"], env.unwrapped.action_masks())
        observation = env.reset()[0] if terminated or truncated else after
        assert ("success" in info) == (terminated or truncated)


@pytest.mark.parametrize("env_id", IDS)
def test_unseeded_resets_differ(env_id):
    env, other = gym.make(env_id), gym.make(env_id)
    drawn = [[leaves(e.reset()[0]) for _ in range(20)] for e in (env, other)]
    same = all(
        np.array_equal(a, b)
        for one, two in zip(*drawn, strict=True)
        for a, b in zip(one, two, strict=True)
    )
    assert not same


@pytest.mark.parametrize("env_id", IDS)
def test_specs_and_environments_survive_serialisation(env_id):
    env = gym.make(env_id)
    assert EnvSpec.from_json(json.loads(json.dumps(env.spec.to_json()))) == env.spec
    env.reset(seed=5)
    env.action_space.seed(5)
    twin = pickle.loads(pickle.dumps(env))
    action = env.action_space.sample()
    for left, right in zip(env.step(action), twin.step(action), strict=True):
        assert_same(left, right)
    for left, right in zip(env.reset(), twin.reset(), strict=True):
        assert_same(left, right)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@variants
def test_the_vector_environment_equals_singles(env_id, settings, mode):
    # A table machine always halts at step 4: no one limit shows both endings.
    limits = (9, 3) if REGISTRY[env_id].family == "table" else (9,)
    endings = [compare_with_singles(env_id, settings, mode, limit) for limit in limits]
    terminations, truncations = np.sum(endings, axis=0)
    assert terminations > 10
    assert truncations > 10


def compare_with_singles(env_id, settings, mode, limit):
    """Assert that a vector environment equals singles; return how many episodes ended how."""
    n, steps = 5, 260
    settings = {**settings, "max_steps": limit, "discount": 0.9}
    vector = gym.make_vec(
        env_id, n, vectorization_mode="vector_entry_point", autoreset_mode=mode, **settings
    )
    singles = SyncVectorEnv([lambda: gym.make(env_id, **settings)] * n, autoreset_mode=mode)
    for left, right in zip(vector.reset(seed=3), singles.reset(seed=3), strict=True):
        assert_same(left, right)
    vector.action_space.seed(1)
    terminations = truncations = 0
    for _ in range(steps):
        action = vector.action_space.sample()
        if settings.get("action") == "circuit":
            action[:, -1] = vector.np_random.random(n) < 0.08
        results = vector.step(action), singles.step(action)
        for left, right in zip(*results, strict=True):
            assert_same(left, right)
        terminations += results[0][2].sum()
        truncations += results[0][3].sum()
    return terminations, truncations


@pytest.mark.parametrize("env_id", TAPE_IDS)
def test_long_vector_runs_equal_singles(env_id):
    """Thousands of steps, past the end of every block of instances drawn ahead."""
    vector = gym.make_vec(env_id, 2, vectorization_mode="vector_entry_point", max_steps=3)
    singles = SyncVectorEnv([lambda: gym.make(env_id, max_steps=3)] * 2)
    vector.reset(seed=8)
    singles.reset(seed=8)
    vector.action_space.seed(2)
    for _ in range(2500):
        action = vector.action_space.sample()
        for left, right in zip(vector.step(action)[:4], singles.step(action)[:4], strict=True):
            assert_same(left, right)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("env_id", IDS)
def test_a_restored_vector_environment_goes_on_as_the_one_that_was_saved(env_id, mode):
    def make():
        options = {"reward": "shaped", "max_steps": 9, "autoreset_mode": mode}
        return gym.make_vec(env_id, 3, vectorization_mode="vector_entry_point", **options)

    def walk(env, actions):
        return [env.step(action) for action in actions]

    env, other = make(), make()
    env.action_space.seed(4)
    actions = [env.action_space.sample() for _ in range(38)]
    env.reset(seed=6)
    walk(env, actions[:19])
    snapshot = env.unwrapped.snapshot()
    kept = copy.deepcopy(snapshot)
    expected = walk(env, actions[19:])
    other.unwrapped.restore(snapshot)
    for left, right in zip(expected, walk(other, actions[19:]), strict=True):
        assert_same(dict(enumerate(left[:4])), dict(enumerate(right[:4])))
    assert_same(snapshot, kept)


@pytest.mark.parametrize("vectorization_mode", ["sync", "vector_entry_point"])
@pytest.mark.parametrize("env_id", IDS)
def test_make_vec_works_in_both_modes(env_id, vectorization_mode):
    env = gym.make_vec(env_id, num_envs=3, vectorization_mode=vectorization_mode)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
    assert env.observation_space.contains(observation)
    assert reward.shape == terminated.shape == truncated.shape == (3,)


@pytest.mark.parametrize("env_id", IDS)
def test_episodes_are_addressed_instances(env_id):
    env = gym.make(env_id)
    task, (low, high) = env.unwrapped.task, env.unwrapped.setting.lengths
    data = pairs(task, 12, length=(low, high), seed=21)
    for row in range(12):
        env.reset(seed=21) if row == 0 else env.reset()
        assert_same(vars(env.unwrapped.instance), vars(batch.take(data, slice(row, row + 1))))


@pytest.mark.parametrize("env_id", IDS)
def test_splits_are_disjoint_whatever_the_seed(env_id):
    length = max(REGISTRY[env_id].defaults["length"][1], 6)
    task = gym.make(env_id, length=length).unwrapped.task
    content = {
        split: {
            mark
            for seed in (0, 1)
            for mark in task.fingerprint(
                draw(task, seed, np.arange(300), (length, length), split)
            ).tolist()
        }
        for split in ("train", "validation", "test")
    }
    assert len(content["train"]) > 50
    assert not content["train"] & content["test"]
    assert not content["train"] & content["validation"]
    assert not content["validation"] & content["test"]


@pytest.mark.parametrize("reward", ["sparse", "shaped", "progress"])
@pytest.mark.parametrize("env_id", IDS)
def test_the_expert_reaches_the_highest_return_and_chance_does_not(env_id, reward):
    env = gym.make(env_id, reward=reward)
    task = env.unwrapped.task
    for _ in range(10):
        env.reset(seed=4) if _ == 0 else env.reset()
        instance = env.unwrapped.instance
        start = task.score(task.machine.initial(instance), instance)[0]
        best = 1.0 if reward == "sparse" else 1.0 - start
        total = 0.0
        for action in demonstration(task, instance):
            _, gain, terminated, truncated, info = env.step(np.array(action))
            total += gain
        assert terminated
        assert not truncated
        assert info["success"]
        assert total == pytest.approx(best)


@pytest.mark.parametrize("env_id", IDS)
def test_progress_pays_for_what_is_right_at_the_end(env_id):
    env = gym.make(env_id, reward="progress", max_steps=12)
    task = env.unwrapped.task
    for episode in range(5):
        env.reset(seed=episode)
        instance = env.unwrapped.instance
        env.action_space.seed(episode)
        start = task.score(task.machine.initial(instance), instance)[0]
        total, ended = 0.0, False
        while not ended:
            _, gain, terminated, truncated, _ = env.step(env.action_space.sample())
            total, ended = total + gain, terminated or truncated
        end = task.score(env.unwrapped._episode.state(), instance)[0]
        assert total == pytest.approx(end - start)


@pytest.mark.parametrize("env_id", IDS)
def test_a_random_policy_fails(env_id):
    longest = REGISTRY[env_id].defaults["length"][1]
    env = gym.make_vec(env_id, 64, vectorization_mode="vector_entry_point", length=longest)
    env.reset(seed=0)
    env.action_space.seed(0)
    verdicts = []
    limit = int(env.unwrapped.setting.limits(np.array([longest]))[0])
    for _ in range(max(300, 4 * limit)):
        info = env.step(env.action_space.sample())[4]
        verdicts += list(info["success"][info["_success"]]) if "success" in info else []
    assert len(verdicts) > 200
    assert np.mean(verdicts) < 0.2


@pytest.mark.parametrize("env_id", IDS)
def test_it_renders(env_id):
    for mode in ("ansi", "rgb_array"):
        env = gym.make(env_id, render_mode=mode)
        env.reset(seed=0)
        frame = env.render()
        env.step(env.action_space.sample())
        after = env.render()
        if mode == "ansi":
            assert isinstance(frame, str)
            assert len(frame) > 20
        else:
            assert frame.dtype == np.uint8
            assert frame.ndim == 3
            assert frame.shape[2] == 3
            assert frame.std() > 1
            assert after.shape == frame.shape
        assert type(after) is type(frame)


@pytest.mark.parametrize("env_id", IDS)
def test_human_rendering_prints(env_id, capsys):
    env = gym.make(env_id, render_mode="human")
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert len(capsys.readouterr().out) > 40


@pytest.mark.parametrize("env_id", IDS)
def test_the_difficulty_of_one_episode_can_be_chosen(env_id):
    longest = REGISTRY[env_id].defaults["length"][1]
    for env in (
        gym.make(env_id).unwrapped,
        gym.make_vec(env_id, 4, vectorization_mode="vector_entry_point").unwrapped,
    ):
        env.reset(seed=0, options={"length": longest})
        instances = getattr(env, "instance", None) or env._instances
        assert set(instances.length) == {longest}
        with pytest.raises(ValueError, match="impossible"):
            env.reset(options={"length": longest + 1000})
        with pytest.raises(ValueError, match="unknown reset option"):
            env.reset(options={"lenght": 2})


@pytest.mark.parametrize("env_id", IDS)
def test_actions_out_of_range_are_refused_by_name(env_id):
    env = gym.make(env_id, disable_env_checker=True)
    vector = gym.make_vec(env_id, 2, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    vector.reset(seed=0)
    for position, choices in enumerate(env.action_space.nvec):
        for bad in (-1, choices):
            action = np.zeros(len(env.action_space.nvec), dtype=np.int64)
            action[position] = bad
            with pytest.raises(ValueError, match="out of range"):
                env.step(action)
            with pytest.raises(ValueError, match="out of range in slot 1"):
                vector.step(np.stack([action * 0, action]))
    with pytest.raises(ValueError, match="an action here is"):
        env.step(np.zeros(1, dtype=np.int64))
    with pytest.raises(ValueError, match="actions must be integers"):
        vector.step(np.zeros((2, 1), dtype=np.int64))


def test_the_environments_need_neither_torch_nor_matplotlib():
    program = """
import sys
for name in ("torch", "matplotlib", "numba", "stable_baselines3", "pygame", "neuralprog_agents"):
    sys.modules[name] = None
import gymnasium as gym
import neuralprog_envs
for id_ in neuralprog_envs.REGISTRY:
    env = gym.make(id_, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(env.action_space.sample())
    env.render()
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
