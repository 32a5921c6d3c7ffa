"""What is compiled equals what is in NumPy, in all environments."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from neuralprog_envs import REGISTRY
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task
from tests.envs.test_contract import IDS, VARIANTS, assert_same

compiled = pytest.importorskip("neuralprog_envs.compiled")


@pytest.mark.parametrize("number", range(len(IDS)), ids=IDS.__getitem__)
def test_compiled_steps_equal_those_in_numpy(number):
    """Each environment takes one of its family's variants in turn, and one of two modes."""
    env_id = IDS[number]
    forms = [settings for name, settings in VARIANTS if name == env_id]
    settings, mode = forms[number % len(forms)], list(AutoresetMode)[number // 5 % 2]
    limit = {"tape": 9, "program": 25, "table": 3}[REGISTRY[env_id].family]
    env, other = (
        gym.make_vec(
            env_id,
            16,
            vectorization_mode="vector_entry_point",
            autoreset_mode=mode,
            max_steps=limit,
            **settings,
        )
        for _ in range(2)
    )
    env.action_space.seed(1)
    assert_same_results(env.reset(seed=2), other.reset(seed=2))
    for _ in range(60):
        action = env.action_space.sample()
        if REGISTRY[env_id].family == "program":  # few actions by chance are any of its calls
            action = np.array(env.np_random.choice(list(env.task.library.words), 16))
        if settings.get("action") == "circuit":
            action[:, -1] = env.np_random.random(16) < 0.08
        expected = env.step(action)
        compiled.use()
        try:
            found = other.step(action)
        finally:
            compiled.use(False)
        assert_same_results(expected, found)
    assert_same(env.snapshot(), other.snapshot())


@pytest.mark.parametrize("env_id", IDS)
def test_compiled_instances_equal_those_in_numpy(env_id):
    task = make_task(env_id)
    lengths = min(REGISTRY[env_id].defaults["length"][0] + 2, task.lengths[1])
    for count in (1, 40):
        expected = draw(task, 5, np.arange(count), (lengths, lengths), "all")
        compiled.use()
        try:
            found = draw(task, 5, np.arange(count), (lengths, lengths), "all")
        finally:
            compiled.use(False)
        assert_same(vars(expected), vars(found))


@pytest.mark.parametrize("wrong", [-1, 4, 2**62, -(2**62)])
@pytest.mark.parametrize("used", [False, True])
def test_actions_out_of_range_are_refused(wrong, used):
    env = gym.make_vec("NRAMCopy-v0", 3, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    action = np.zeros((3, 4), dtype=np.int64)
    action[1, 2] = wrong
    compiled.use(used)
    try:
        with pytest.raises(ValueError, match=f"slot 1: b = {wrong}, must be 0..3"):
            env.step(action)
    finally:
        compiled.use(False)


def assert_same_results(one, other):
    for left, right in zip(one, other, strict=True):
        assert_same(left, right)


def test_importing_it_changes_nothing():
    assert all(loop.used is loop.numpy for loop, _ in compiled.TWINS)


def test_nothing_is_compiled_unless_it_is_asked_for():
    code = (
        "import sys, gymnasium as gym, neuralprog_envs\n"
        "env = gym.make_vec('NRAMCopy-v0', 2, vectorization_mode='vector_entry_point')\n"
        "env.reset(seed=0); env.step(env.action_space.sample())\n"
        "assert not {'numba', 'neuralprog_envs.compiled'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
