"""The adapter is what Stable-Baselines3 makes of the single environments, only faster."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecNormalize

from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv
from neuralprog_envs.core import batch
from neuralprog_envs.interfaces.dataset import pairs

CASES = [
    ("NRAMCopy-v0", {"reward": "shaped", "length": (1, 3)}),
    ("NRAMIncrement-v0", {"action": "circuit", "observation": "flags"}),
    ("NPIBubbleSort-v0", {"length": (2, 3), "max_steps": 11}),
    ("NPSingleColumn-v0", {"length": 5, "reward": "shaped", "discount": 0.9}),
]
cases = pytest.mark.parametrize(("env_id", "settings"), CASES, ids=[case[0] for case in CASES])


def assert_same(left, right):
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            assert_same(left[key], right[key])
    else:
        np.testing.assert_array_equal(left, right)


def singles(env_id, n, settings):
    return DummyVecEnv([lambda: Monitor(gym.make(env_id, **settings).unwrapped)] * n)


@cases
def test_it_equals_dummy_vec_env_of_singles(env_id, settings):
    n, ended = 5, 0
    ours, theirs = ProgramVecEnv(env_id, n, **settings), singles(env_id, n, settings)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.seed(11) == theirs.seed(11)
    assert_same(ours.reset(), theirs.reset())
    ours.action_space.seed(2)
    for _ in range(120):
        np.testing.assert_array_equal(get_action_masks(ours), get_action_masks(theirs))
        actions = np.stack([ours.action_space.sample() for _ in range(n)])
        mine, other = ours.step(actions), theirs.step(actions)
        assert_same(mine[0], other[0])
        np.testing.assert_allclose(mine[1], other[1], rtol=1e-6)
        assert mine[1].dtype == other[1].dtype == np.float32
        np.testing.assert_array_equal(mine[2], other[2])
        for slot in np.flatnonzero(mine[2]):
            info, single = mine[3][slot], other[3][slot]
            assert_same(info["terminal_observation"], single["terminal_observation"])
            assert info["TimeLimit.truncated"] == single["TimeLimit.truncated"]
            assert info["is_success"] == single["success"]
            assert info["episode"]["l"] == single["episode"]["l"]
            assert info["episode"]["r"] == pytest.approx(single["episode"]["r"], abs=1e-5)
            ended += 1
        assert [bool(info) for info in mine[3]] == mine[2].tolist()
    assert ended > 5


def test_it_wears_their_wrappers():
    env = VecNormalize(VecMonitor(ProgramVecEnv("NRAMAccess-v0", 3)))
    env.seed(0)
    env.reset()
    for _ in range(30):
        observation, *_ = env.step(np.stack([env.action_space.sample() for _ in range(3)]))
    assert observation["registers"].shape == (3, 2)


def test_its_methods_take_indices():
    env = ProgramVecEnv("NPIBubbleSort-v0", 4, length=3)
    env.seed(0)
    env.reset()
    assert is_masking_supported(env)
    masks = env.action_masks()
    np.testing.assert_array_equal(env.env_method("action_masks", indices=[2]), masks[[2]])
    np.testing.assert_array_equal(env.env_method("action_masks", indices=3), masks[[3]])
    assert env.get_attr("render_mode") == [None] * 4
    assert env.get_attr("num_envs", indices=[0, 1]) == [4, 4]
    assert env.env_is_wrapped(Monitor) == [False] * 4
    assert not env.has_attr("no_such_thing")
    env.set_attr("render_mode", "rgb_array")
    assert env.get_images()[0].ndim == 3
    with pytest.raises(ValueError, match="all environments share"):
        env.set_attr("render_mode", None, indices=[1])


def test_options_choose_the_length_of_the_next_episodes_once():
    env = ProgramVecEnv("NRAMCopy-v0", 2, length=(1, 5))
    env.set_options({"length": 4})
    assert env.reset()["tape"][:, 0].tolist() == [5, 5]
    env.set_options([{"length": 4}, {}])
    with pytest.raises(ValueError, match="must have the same"):
        env.reset()


def test_flat_actions_do_what_their_numbers_say():
    flat = ProgramVecEnv("NRAMCopy-v0", 3, flat=True)
    whole = ProgramVecEnv("NRAMCopy-v0", 3)
    constants, unary, binary, write, halt = 3 * 4, 3 * 4 * 4, 7 * 4**3, 4**3, 1
    assert flat.action_space.n == constants + unary + binary + write + halt
    for env in (flat, whole):
        env.seed(5)
        env.reset()
    random = np.random.default_rng(0)
    for _ in range(40):
        number = random.integers(flat.action_space.n, size=3)
        assert_same(flat.step(number)[0], whole.step(flat.table[number])[0])


def test_every_action_does_what_a_flat_one_does():
    env = ProgramVecEnv("NRAMAccess-v0", 1, flat=True, length=4)
    task = env.envs.task
    every = np.array(list(np.ndindex(*env.choices)))
    posed = pairs(task, 1, length=4)

    def results(actions):
        state = task.machine.initial(batch.take(posed, np.zeros(len(actions), dtype=int)))
        state = replace(state, registers=state.registers + np.array([3, 2], dtype=np.int32))
        after = task.machine.step(state, actions)
        rows = np.column_stack([after.tape, after.registers, after.halted])
        return {tuple(row) for row in rows.tolist()}

    assert len(env.table) < len(every)
    assert results(env.table) == results(every)


def test_flat_masks_are_exactly_what_changes_the_state():
    env = ProgramVecEnv("NPIBubbleSort-v0", 6, flat=True, length=3)
    machine = env.envs.task.machine
    assert len(env.table) == len(machine.library.words)
    env.seed(1)
    env.reset()
    random = np.random.default_rng(2)
    for _ in range(30):
        masks = env.action_masks()
        state = env.envs._state
        for slot in range(6):
            for number, action in enumerate(env.table):
                row = batch.take(state, slice(slot, slot + 1))
                known = machine.action_mask(row)[0][action[0]]
                assert masks[slot, number] == known
        env.step(np.array([random.choice(np.flatnonzero(mask)) for mask in masks]))


def test_only_chosen_fields_are_shown():
    env = ProgramVecEnv("NPIBubbleSort-v0", 2, length=3, fields=["program", "view"], max_steps=2)
    assert list(env.reset()) == ["program", "view"]
    alone = ProgramVecEnv("NPIBubbleSort-v0", 2, length=3, fields=["view"], max_steps=1)
    observation = alone.reset()
    assert observation.shape == (2, 7)
    infos = alone.step(np.ones((2, 4), dtype=int))[3]
    assert infos[0]["terminal_observation"].shape == (7,)
    with pytest.raises(ValueError, match="has no 'pad'"):
        ProgramVecEnv("NPIBubbleSort-v0", 2, fields=["pad"])


def test_without_bootstrap_the_step_limit_is_an_end():
    env = ProgramVecEnv("NRAMCopy-v0", 1, max_steps=1, bootstrap=False)
    env.reset()
    _, _, done, infos = env.step(np.zeros((1, 4), dtype=int))
    assert done[0]
    assert not infos[0]["TimeLimit.truncated"]
