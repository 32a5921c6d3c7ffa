"""What users of Stable-Baselines3 and rl-zoo3 are shown runs."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from gymnasium.wrappers import FilterObservation
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.env_util import make_vec_env

import neuralprog_envs  # noqa: F401
from neuralprog_agents.agents.rl.algorithms import options_of
from neuralprog_agents.benchmark.comparison.entrants import entrant
from neuralprog_agents.benchmark.comparison.records import solved_within, success_at
from neuralprog_agents.training.loop import contained_randomness

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "agents/neuralprog_agents/agents/rl/README.md").read_text()


def block(kind):
    return re.search(rf"^```{kind}\n(.*?)^```", TEXT, re.M | re.S)[1]


def test_the_example_runs():
    names = {}
    with contained_randomness():
        exec(block("python").replace("8192", "4096"), names)
        action, _ = names["model"].predict(names["env"].reset(), deterministic=True)
    assert names["model"].num_timesteps == 4096
    assert names["env"].action_space.contains(np.asarray(action[0]))


def test_the_table_of_results_agrees_with_the_record():
    """A number is the time to solve a task; per cent are the success after 60 seconds.

    Each cell has those of seeds 0, 1 and 2.
    """
    log = map(json.loads, (ROOT / "results/compare.jsonl").read_text().splitlines())
    runs = {(r["entrant"], r["env"], r["seed"]): r for r in log if r["length"] is None}
    table = re.search(r"^\| task \|.*?\n\n", TEXT.partition("## Results")[2], re.M | re.S)[0]
    head, _, *rows = [line.strip("| ") for line in table.strip().splitlines()]
    names = [name.lower() for name in head.split(" | ")[1:6]]
    listed = {f"{row.split(' | ')[0]}-v0" for row in rows}
    assert {env for (name, env, _), r in runs.items() if name in names and r["solved"]} <= listed
    for task, *cells in (row.split(" | ") for row in rows):
        for name, cell in zip(names, cells[:5], strict=True):
            of_seeds = (runs[name, f"{task}-v0", seed] for seed in range(3))
            assert cell == ", ".join(map(_within_a_minute, of_seeds))


def _within_a_minute(record):
    if solved_within(record, 60):
        return f"{record['solved']:.0f}"
    return f"{100 * success_at(record, 60):.0f} %"


ZOO = {"ppo": PPO, "a2c": A2C}
ENTRIES = [
    (name, env_id)
    for name in ZOO
    for env_id in yaml.safe_load((ROOT / f"examples/rl_zoo3/{name}.yml").read_text())
]


@pytest.mark.parametrize(("name", "env_id"), ENTRIES)
def test_settings_in_the_form_of_the_zoo_are_those_of_the_configs(name, env_id):
    settings = yaml.safe_load((ROOT / f"examples/rl_zoo3/{name}.yml").read_text())[env_id]
    config = entrant(name).config(env_id)
    [wrapper] = settings["env_wrapper"]
    assert tuple(wrapper["gymnasium.wrappers.FilterObservation"]["filter_keys"]) == config.fields
    assert settings["env_kwargs"] == {**config.settings, "reward": config.reward}
    assert settings["n_envs"] == config.envs
    assert settings["n_timesteps"] == config.budget
    assert settings["gamma"] == config.gamma
    options = options_of(config)
    assert settings["learning_rate"] == f"lin_{options['learning_rate']:.0e}".replace("e-0", "e-")
    for key in {"n_steps", "batch_size", "n_epochs", "ent_coef"} & set(options):
        assert settings[key] == options[key]


@pytest.mark.parametrize("name", ZOO)
def test_settings_in_the_form_of_the_zoo_make_a_learner(name):
    env_id, settings = next(
        iter(yaml.safe_load((ROOT / f"examples/rl_zoo3/{name}.yml").read_text()).items())
    )
    [wrapper] = settings.pop("env_wrapper")
    env = make_vec_env(
        env_id, 32, env_kwargs=settings.pop("env_kwargs"), wrapper_class=FilterObservation,
        wrapper_kwargs=wrapper["gymnasium.wrappers.FilterObservation"],
    )  # fmt: skip
    ours = {"policy", "gamma", "n_steps", "batch_size", "n_epochs", "ent_coef"}
    with contained_randomness():
        ZOO[name](env=env, device="cpu", **{k: settings[k] for k in ours & set(settings)})
