"""What the README shows to users of Stable-Baselines3 runs."""

import re
from pathlib import Path

import numpy as np
import yaml
from stable_baselines3 import PPO

from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv
from neuralprog_agents.training.loop import contained_randomness

TEXT = (Path(__file__).parents[4] / "agents/neuralprog_agents/agents/rl/README.md").read_text()


def block(kind):
    return re.search(rf"^```{kind}\n(.*?)^```", TEXT, re.M | re.S)[1]


def test_the_example_runs():
    names = {}
    with contained_randomness():
        exec(block("python").replace("8192", "4096"), names)
        action, _ = names["model"].predict(names["env"].reset(), deterministic=True)
    assert names["model"].num_timesteps == 4096
    assert names["env"].action_space.contains(np.asarray(action[0]))


def test_settings_in_the_form_of_the_zoo_make_a_learner():
    [(env_id, settings)] = yaml.safe_load(block("yaml")).items()
    env = ProgramVecEnv(env_id, settings.pop("n_envs"), **settings.pop("env_kwargs"))
    settings.pop("n_timesteps")
    with contained_randomness():
        assert PPO(settings.pop("policy"), env, device="cpu", **settings).n_steps == 64
