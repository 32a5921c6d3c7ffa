"""Other libraries take every environment; each test is skipped where its library is missing.

``make interop`` installs the libraries into an environment of its own and runs this.
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import DtypeObservation, FlattenObservation

from neuralprog_agents.cli import main
from neuralprog_envs import REGISTRY

IDS = sorted(REGISTRY)
VECTOR = {"vectorization_mode": "vector_entry_point", "autoreset_mode": AutoresetMode.SAME_STEP}

pytestmark = pytest.mark.filterwarnings("ignore")  # of these libraries, about their own affairs


@pytest.mark.parametrize("env_id", IDS)
def test_torchrl(env_id):
    envs = pytest.importorskip("torchrl.envs")
    envs.check_env_specs(envs.GymEnv(env_id), seed=0)
    rollout = envs.GymWrapper(gym.make_vec(env_id, 2, **VECTOR)).rollout(
        5, break_when_any_done=False
    )
    assert rollout.batch_size == (2, 5)


@pytest.mark.parametrize("env_id", IDS)
def test_skrl(env_id):
    torch = pytest.importorskip("torch")
    wrappers = pytest.importorskip("skrl.envs.wrappers.torch")
    single, vector = gym.make(env_id), gym.make_vec(env_id, 2, **VECTOR)
    for made, n in ((single, 1), (vector, 2)):
        env = wrappers.wrap_env(made, verbose=False)
        env.reset()
        observations, rewards, *_ = env.step(torch.zeros((n, *single.action_space.shape)).int())
        assert len(observations) == len(rewards) == n


@pytest.mark.parametrize("env_id", IDS)
def test_minari(env_id, tmp_path, monkeypatch):
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    env = minari.DataCollector(gym.make(env_id, max_steps=4), record_infos=True)
    env.action_space.seed(0)
    lengths = []
    for seed in range(2):
        env.reset(seed=seed)
        steps, ended = 0, False
        while not ended:
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            steps, ended = steps + 1, terminated or truncated
        lengths.append(steps)
    data = env.create_dataset(f"neuralprog/{env_id.lower()}", algorithm_name="random")
    assert [len(data[i].actions) for i in range(2)] == lengths
    assert [len(data[i].infos["success"]) for i in range(2)] == [steps + 1 for steps in lengths]


@pytest.mark.parametrize("env_id", IDS)
def test_flat_real_observations(env_id):
    """What RLlib takes: see the guide; RLlib itself is too large to install for a test."""
    env = DtypeObservation(FlattenObservation(gym.make(env_id)), np.float32)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert observation.dtype == np.float32
    assert observation.ndim == 1


def test_the_experts_runs_become_a_dataset_by_one_command(tmp_path, monkeypatch, capsys):
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    words = ["demonstrations", "--env", "NRAMSort", "--episodes", "3", "--lengths", "2", "4"]
    assert main([*words, "--seed", "5"]) == 0
    assert 'load_dataset("neuralprog/NRAMSort/expert-v0")' in capsys.readouterr().out
    data = minari.load_dataset("neuralprog/NRAMSort/expert-v0")
    env = gym.make("NRAMSort-v0", length=(2, 4))
    for i in range(3):
        observation, _ = env.reset(seed=5 + i)
        assert (data[i].observations["tape"][0] == observation["tape"]).all()
        assert data[i].rewards.sum() == 1.0
        assert data[i].infos["success"].tolist()[-2:] == [False, True]
    assert main([*words]) == 2
    assert "already exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--episodes", "0"], ["--output", "no id"], ["--lengths", "9", "2"]]
)
def test_what_makes_no_dataset_gets_one_line(words, tmp_path, monkeypatch, capsys):
    pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    assert main(["demonstrations", "--env", "NRAMSort", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
