"""What every registered environment must hold; a new row of the registry is covered at once."""

from __future__ import annotations

import copy
import json
import pickle
import re
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
from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.registry import make_task
from tests.envs.tape.references import INPUTS

IDS = sorted(REGISTRY)
TAPE_IDS = [id_ for id_ in IDS if REGISTRY[id_].family == "tape"]
VECTOR = {"vectorization_mode": "vector_entry_point"}
VARIANTS = [
    (id_, settings)
    for id_ in IDS
    for settings in (
        {
            "tape": [
                {"action": action, "observation": shown, "reward": reward, "last_actions": k}
                for action, shown, reward, k in (
                    ("instruction", "full", "sparse", 0),
                    ("instruction", "flags", "shaped", 3),
                    ("instruction", "pointers", "progress", 2),
                    ("circuit", "flags", "sparse", 0),
                    ("circuit", "pointers", "shaped", 1),
                )
            ],
            "program": [
                {"reward": "sparse"},
                {"reward": "shaped", "observation": "pointers"},
                {"reward": "progress", "last_actions": 3},
            ],
            "table": [
                {"reward": "sparse"},
                {"reward": "shaped", "observation": "effects"},
                {"reward": "progress"},
            ],
        }[REGISTRY[id_].family]
    )
]
variants = pytest.mark.parametrize(
    ("env_id", "settings"),
    VARIANTS,
    ids=lambda v: v if isinstance(v, str) else "-".join(map(str, v.values())),
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
    # What says where they differ takes ten times as long as this, even if they do not: a third of
    # the time of all comparisons with single environments.
    if not np.array_equal(left, right):
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
        assert info.keys() == {"action_mask", "success"}
        assert terminated or truncated or not info["success"]


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
    length = REGISTRY[env_id].defaults["length"][1]
    env = gym.make(env_id, length=length)
    vector = gym.make_vec(env_id, 2, **VECTOR, length=length)
    for kept in (env, vector):
        kept.action_space.seed(5)
        twin = pickle.loads(pickle.dumps(kept))
        assert_same_steps([kept.reset(seed=5)], [twin.reset(seed=5)])
        for moment in range(4):
            twin = pickle.loads(pickle.dumps(kept))
            action = kept.action_space.sample()
            assert_same_steps([kept.step(action)], [twin.step(action)])
            assert_same_steps([kept.reset()], [twin.reset()])
            use(kept.unwrapped, moment)


def use(env, moment):
    """Let an environment keep what it may keep: what experts, answers and pictures need."""
    task = env.task
    instances = getattr(env, "instance", None) or batch.take(env._episodes.instances, slice(0, 1))
    actions = demonstration(task, instances)
    state = task.machine.initial(instances)
    if moment == 1:
        task.answers(state, instances)
        display_of(task.machine).drawing(task, Moment(state, instances))
    env.step(np.array([actions[0]] * getattr(env, "num_envs", 1)).reshape(env.action_space.shape))


def assert_same_steps(one, other):
    """Assert that two lists of what steps return are equal."""
    for left, right in zip(one, other, strict=True):
        for a, b in zip(left, right, strict=True):
            assert_same(a, b)


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
    singles = SyncVectorEnv(
        [lambda: gym.make(env_id, **settings)] * n, copy=False, autoreset_mode=mode
    )
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
    singles = SyncVectorEnv([lambda: gym.make(env_id, max_steps=3)] * 2, copy=False)
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
    length = max(REGISTRY[env_id].defaults["length"][1], 6, make_task(env_id).split_from)
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
        _, _, terminated, truncated, info = env.step(env.action_space.sample())
        verdicts += info["success"][terminated | truncated].tolist()
    assert len(verdicts) > 200
    by_chance = "function" in REGISTRY[env_id].tags  # their one number is often 0 or 1
    assert np.mean(verdicts) < (0.5 if by_chance else 0.2)


@pytest.mark.parametrize("env_id", IDS)
def test_it_renders(env_id):
    for mode in ("ansi", "rgb_array"):
        env = gym.make(env_id, render_mode=mode, render_size=160)
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
        instances = getattr(env, "instance", None) or env._episodes.instances
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


def doors(env_id, limit, **settings):
    """Yield environments of one step limit, each made in another way."""
    spec = copy.deepcopy(gym.spec(env_id))
    spec.max_episode_steps = limit
    named = {"max_episode_steps": limit, **settings}
    yield gym.make(env_id, max_steps=limit, **settings)
    yield gym.make(env_id, **named)
    yield gym.make(gym.make(env_id, **named).spec)
    yield gym.make(spec, **settings)
    yield gym.make(env_id, max_steps=limit + 2, **named)
    yield gym.make(env_id, max_steps=limit, **{**named, "max_episode_steps": limit + 2})
    for mode in ({"vectorization_mode": "sync"}, VECTOR):
        yield gym.make_vec(env_id, 1, **mode, **named)
        yield gym.make_vec(spec, 1, **mode, **settings)


def played(env, actions):
    """Return reward, end and success of each step up to the first end."""
    env.reset(seed=3)
    steps = []
    for action in actions:
        shaped = np.reshape(action, env.action_space.shape)
        _, reward, terminated, truncated, info = env.step(shaped)
        steps.append(
            [float(np.ravel(x)[0]) for x in (reward, terminated | truncated, info["success"])]
        )
        if terminated or truncated:
            return steps
    raise AssertionError("the episode goes on")


@pytest.mark.parametrize("env_id", IDS)
def test_all_doors_agree_on_the_step_limit(env_id):
    env = gym.make(env_id)
    env.reset(seed=3)
    expert = demonstration(env.unwrapped.task, env.unwrapped.instance)
    idle = [expert[0]] * 200
    for limit, actions in ((len(expert), expert), (len(expert) - 1, expert), (100, idle)):
        first, *others = [played(env, actions) for env in doors(env_id, limit, reward="shaped")]
        assert others == [first] * len(others)
        assert len(first) <= limit
        assert limit == 100 or len(first) == limit
        assert limit < len(expert) or first[-1][-1] or actions is idle
    if REGISTRY[env_id].family == "tape":
        assert len(first) == 100


def test_gym_makes_no_limit_of_minus_one_and_refuses_what_is_none():
    assert gym.make("NRAMCopy-v0", max_episode_steps=-1).unwrapped.setting.max_steps is None
    assert gym.make_vec("NRAMCopy-v0", max_episode_steps=-1).unwrapped.setting.max_steps is None
    for limit in (0, 1.5, "9", True, float("nan"), 2**63):
        for name in ("max_steps", "max_episode_steps"):
            refused(f"{name} must be", gym.make, "NRAMCopy-v0", **{name: limit})
            refused(f"{name} must be", gym.make_vec, "NRAMCopy-v0", **{name: limit})


@pytest.mark.parametrize("family", ["NRAMSort-v0", "NPIHanoi-v0", "NPTableQA-v0"])
def test_asynchronous_environments_know_their_limit(family):
    env = gym.make_vec(family, 1, vectorization_mode="async", max_episode_steps=3)
    try:
        alone = gym.make(family, max_steps=3)
        alone.reset(seed=3)
        actions = [demonstration(alone.unwrapped.task, alone.unwrapped.instance)[0]] * 3
        assert played(env, actions) == played(alone, actions)
    finally:
        env.close()


@pytest.mark.parametrize("env_id", IDS)
def test_masks_are_as_gymnasium_samples_with_them(env_id):
    env, vector = gym.make(env_id), gym.make_vec(env_id, 2, **VECTOR)
    for made in (env, vector):
        _, info = made.reset(seed=1)
        made.action_space.seed(1)
        for _ in range(4):
            masks = made.unwrapped.masks()
            action = made.action_space.sample(mask=masks)
            rows = masks if made is vector else (masks,)
            flat = np.reshape(info["action_mask"], (len(rows), -1))
            np.testing.assert_array_equal([np.concatenate(row) for row in rows], flat)
            for numbers, row in zip(np.reshape(action, (len(rows), -1)), rows, strict=True):
                assert all(mask[n] for mask, n in zip(row, numbers, strict=True) if mask.any())
            info = made.step(action)[4]
    meanings = env.unwrapped.get_action_meanings()
    assert [len(names) for names in meanings.values()] == env.action_space.nvec.tolist()
    assert tuple(meanings) == env.unwrapped.task.machine.action_names


def test_ids_are_listed_by_family():
    listed = gym.pprint_registry(
        {id_: gym.spec(id_) for id_ in IDS}, num_cols=99, disable_print=True
    )
    groups = dict(re.findall(r"===== (\w+) =====\n(.*)", listed))
    assert groups.keys() == {"tape", "program", "table"}
    for id_ in IDS:
        assert id_ in groups[REGISTRY[id_].family].split()


def refused(message, call, *arguments, **settings):
    """Assert that a call raises a ValueError of one line that says so."""
    with pytest.raises(ValueError, match=message or None) as caught:
        call(*arguments, **settings)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400


HUGE = 10**5000
"""More digits than Python prints."""

WRONG_ACTIONS = (
    3,
    2.5,
    None,
    "1 2",
    [],
    [None],
    {},
    [[0], [0]],
    ["0"],
    [True],
    [float("nan")],
    [HUGE],
)


@pytest.mark.parametrize("env_id", IDS)
def test_actions_of_another_form_are_refused_in_one_line(env_id):
    env, vector = gym.make(env_id).unwrapped, gym.make_vec(env_id, 2, **VECTOR)
    env.reset(seed=0)
    vector.reset(seed=0)
    size = len(env.action_space.nvec)
    for wrong in (*WRONG_ACTIONS, [0.5] * size, np.full(size, 0.5), np.zeros((size, 1), int)):
        refused("an action here is|they must be", env.step, wrong)
        refused("actions must be integers", vector.step, wrong)
        refused("actions must be integers", vector.step, [wrong, wrong])
    for right in ([0] * size, (0,) * size, np.zeros(size, np.int8), np.zeros(size, np.float32)):
        env.reset(seed=0)
        vector.reset(seed=0)
        after, both = env.step(right), vector.step([right, right])
        assert [after[1:4]] == [tuple(x[0] for x in both[1:4])]


WRONG_INPUTS = (None, 2.5, True, [None], [2.5, 1.2], [[[]]], {"a": 1}, b"12", object(), [-(2**70)])


@pytest.mark.parametrize("env_id", IDS)
def test_inputs_of_another_form_are_refused_in_one_line(env_id):
    env = gym.make(env_id).unwrapped
    for wrong in WRONG_INPUTS:
        if env_id not in ITEMS or wrong not in ([2.5, 1.2], [-(2**70)]):
            refused("", env.reset, options={"input": wrong})
    if env_id in INPUTS:
        env.reset(seed=0)
        instance = env.instance
        typed = INPUTS[env_id](instance.tape[0].tolist(), int(instance.length[0]))
        for form in (list, tuple, np.array, np.float64):
            env.reset(options={"input": form(typed)})
            assert_same(vars(env.instance), vars(instance))
        refused("as in", env.reset, options={"input": " ".join(map(str, typed))})
        refused("as in", env.reset, options={"input": np.array(typed) + 0.5})


ITEMS = ("NPIBubbleSort-v0", "NPIQuickSort-v0", "NPIMax-v0")
"""These order whatever can be compared."""

WRONG_SETTINGS = [
    *(
        ({"length": length}, "length must be|the least comes first")
        for length in (1.5, "3", True, (1, 2, 3), (5, 2), (1, 2.5), [None, 3], "25", {}, 2**63,
                       10**9, (2, 10**9), -1, float("nan"), range(1, 9, 2))
    ),
    *(
        ({"discount": discount}, "discount must be")
        for discount in (0, 2, "1", None, float("nan"), True, 10**400)
    ),
    ({"reward": "dense"}, "reward: 'dense' is not among 'sparse', 'shaped', 'progress'"),
    ({"reward": ["sparse"]}, "reward: "),
    ({"split": "tset"}, "split: 'tset' is not among 'train'"),
    ({"split": ["test"]}, "split: "),
    ({"render_mode": "ascii"}, "render_mode: 'ascii' is not among None, 'ansi'"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "message"), WRONG_SETTINGS, ids=str)
def test_settings_are_checked_at_every_door(settings, message):
    for env_id in ("NRAMCopy-v0", "NPIAddition-v0", "NPTableQA-v0"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Gymnasium's own, of render modes
            refused(message, gym.make, env_id, **settings)
        refused(message, gym.make_vec, env_id, 2, **VECTOR, **settings)


@pytest.mark.parametrize(
    ("env_id", "name", "least", "most"),
    [
        ("NRAMCopy", "memory_size", 3, 2**24),
        ("NRAMCopy", "registers", 1, 2**10),
        ("NRAMCopy", "repetitions", 1, 2**6),
        ("NPIHanoi", "max_depth", 1, 2**22),
        ("NPTableQA", "steps", 1, 1000),
        ("NPTableQA", "columns", 0, 10**6),
    ],
)
def test_sizes_have_bounds(env_id, name, least, most):
    for wrong in (least - 1, most + 1, 2**63, 10**5000, 1.5, "3", True, float("nan"), [3]):
        refused(f"{name} must be", make_task, env_id, **{name: wrong})


@pytest.mark.parametrize(
    ("env_id", "sizes"),
    [
        ("NRAMCopy-v0", {"memory_size": 90, "registers": 2, "repetitions": 1, "length": 4}),
        ("NPIHanoi-v0", {"max_depth": 90, "length": 4}),
        ("NPTableQA-v0", {"steps": 5, "columns": 3, "length": 40}),
        ("NPWikiTableQuestions-v0", {"cell_words": 3, "pivots": 2, "word_cutoff": 1, "columns": 6}),
    ],
)
def test_sizes_are_whole_numbers_of_any_type(env_id, sizes):
    first, *others = [
        gym.make(env_id, **{name: form(size) for name, size in sizes.items()})
        for form in (int, float, np.int8, np.array)
    ]
    for env in others:
        assert env.observation_space == first.observation_space
        assert_same_steps([env.reset(seed=1)], [first.reset(seed=1)])
        assert_same_steps(
            [env.step(env.action_space.nvec * 0)], [first.step(env.action_space.nvec * 0)]
        )


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("operations", 3), ("operations", [3]), ("operations", b"2015"), ("vocabulary", 3),
        ("vocabulary", "which"), ("vocabulary", [1, 2]), ("data", 3), ("data", "~nobody/x"),
        ("questions", 3), ("questions", "~nobody/x"), ("word_cutoff", 1.5), ("word_cutoff", "x"),
        ("word_cutoff", 0), ("cell_words", "3"), ("cell_words", -1),
    ],
)  # fmt: skip
def test_settings_of_tables_are_checked(name, wrong):
    refused("", make_task, "NPWikiTableQuestions", **{name: wrong})


def test_more_memory_than_there_can_be_is_refused_at_once():
    for env_id, length in (
        ("NPITopologicalSort", 10**5),
        ("NPIHanoi", 10**7),
        ("NPTableQA", (30, 10**9)),
        ("NPWikiTableQuestions", 10**6),
        ("NRAMWalkBST", 10**7),
    ):
        refused("at most|too long", gym.make, env_id + "-v0", length=length)
    refused("num_envs must be at most", gym.make_vec, "NRAMCopy-v0", 10**12, **VECTOR)


@pytest.mark.parametrize("wrong", [-1, 1.5, "3", True, [1], {}, float("nan")])
def test_seeds_are_whole_numbers(wrong):
    env, vector = gym.make("NRAMCopy-v0"), gym.make_vec("NRAMCopy-v0", 2, **VECTOR)
    refused("seed must be", env.reset, seed=wrong)
    refused("seed must be|1 seeds for 2", vector.reset, seed=wrong)
    refused("seed must be", vector.reset, seed=[2, wrong])


@pytest.mark.parametrize("env_id", ["NRAMCopy-v0", "NPIMax-v0", "NPSingleColumn-v0"])
def test_some_slots_may_be_seeded_and_others_go_on(env_id):
    vector = gym.make_vec(env_id, 3, **VECTOR)
    singles = SyncVectorEnv([lambda: gym.make(env_id)] * 3)
    numbers = ([1, None, 2**70], (None, np.int64(5), 0), np.array([3, 1, 2]), range(3))
    for seed in (4, None, np.array(3), *numbers):
        seeds = seed if seed is None else int(seed) if np.ndim(seed) == 0 else list(seed)
        if isinstance(seeds, list):
            seeds = [None if s is None else int(s) for s in seeds]
        assert_same_steps([vector.reset(seed=seed)], [singles.reset(seed=seeds)])
    fresh = gym.make_vec(env_id, 2, **VECTOR)
    known, _ = fresh.reset(seed=[7, None])
    again, _ = gym.make(env_id).reset(seed=7)
    for one, other in zip(leaves(known), leaves(again), strict=True):
        np.testing.assert_array_equal(one[0], other)


WRONG_OPTIONS = (
    [], "length", {"lenght": 2}, {1: 2}, {"length": 2.5}, {"length": None}, {"length": (1, 2)},
    {"length": 10**9},
)  # fmt: skip


@pytest.mark.parametrize("options", WRONG_OPTIONS, ids=str)
def test_options_are_checked(options):
    for env in (gym.make("NRAMCopy-v0").unwrapped, gym.make_vec("NRAMCopy-v0", 2, **VECTOR)):
        refused("option|length must", env.reset, seed=1, options=options)


def test_a_vector_environment_has_what_gymnasiums_have():
    for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
        for name in (mode, mode.value):
            env = gym.make_vec("NRAMCopy-v0", 2, **VECTOR, autoreset_mode=name)
            assert env.autoreset_mode is env.metadata["autoreset_mode"] is mode
    for wrong in (AutoresetMode.DISABLED, "never", None):
        refused(
            "autoreset_mode: ",
            gym.make_vec,
            "NRAMCopy-v0",
            2,
            **VECTOR,
            autoreset_mode=wrong,
        )
    for call in (env.unwrapped.action_masks, env.unwrapped.masks, env.unwrapped.snapshot):
        with pytest.raises(gym.error.ResetNeeded):
            call()


def test_an_unknown_setting_is_told_in_words_that_other_libraries_look_for():
    words = "no setting 'frameskip': unexpected keyword argument 'frameskip'"
    for make in (gym.make, gym.make_vec):
        with pytest.raises(TypeError, match=words):
            make("NRAMCopy-v0", frameskip=1)
    for env_id, name in (
        ("NRAMCopy", "algorithm"),
        ("NPIMax", "definition"),
        ("NPTableQA", "rows"),
    ):
        with pytest.raises(TypeError, match=f"no setting '{name}'"):
            make_task(env_id, **{name: 1})


@variants
def test_spaces_are_boxes_and_integers_that_every_library_knows(env_id, settings):
    space = gym.make(env_id, **settings).observation_space
    assert all(isinstance(part, gym.spaces.Box) for part in leaves(getattr(space, "spaces", space)))


ALONE = """
import sys

class OnlyThese:
    ALLOWED = {"gymnasium", "numpy", "neuralprog_envs", "cloudpickle", "typing_extensions",
               "farama_notifications", *sys.stdlib_module_names}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.ALLOWED and not name.startswith("_"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, OnlyThese())
import gymnasium as gym
import neuralprog_envs

for id_ in neuralprog_envs.REGISTRY:
    env = gym.make(id_, render_mode="ansi")
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert id_ in env.render()
    env = gym.make(id_, render_mode="rgb_array")
    env.reset(seed=0)
    try:
        env.render()
    except gym.error.DependencyNotInstalled as error:
        assert str(error) == 'Pillow is not installed, run `pip install "neuralprog[render]"`'
    else:
        raise AssertionError(id_)
"""


def test_the_environments_need_gymnasium_and_numpy_alone_and_pictures_pillow():
    """These two and what Gymnasium itself requires."""
    subprocess.run([sys.executable, "-W", "error", "-c", ALONE], check=True)


def test_pillow_is_loaded_when_something_is_painted():
    program = """
import sys
import gymnasium as gym
import neuralprog_envs

for id_ in ("NRAMSort-v0", "NPICanonicalize-v0", "NPTableQA-v0"):
    env = gym.make(id_, render_mode="human")
    env.reset(seed=0)
assert "PIL" not in sys.modules
env = gym.make("NRAMSort-v0", render_mode="rgb_array")
env.reset(seed=0)
assert env.render().shape[2] == 3 and "PIL" in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, stdout=-3)
