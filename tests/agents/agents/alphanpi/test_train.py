"""One restart: it learns from specifications alone, and acts in the environment."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from neuralprog_agents.agents.alphanpi import agent
from neuralprog_agents.agents.alphanpi.config import Config
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.loop import restart

ROOT = Path(__file__).parents[4]

HANOI = settings.parse("alphanpi", ROOT / "configs" / "alphanpi" / "hanoi.yaml")
SHORT = replace(HANOI, simulations=10, episodes=2, updates=4, batch=16, checks=4, budget=4)


@pytest.mark.learning
def test_a_restart_learns_the_towers_of_hanoi_from_what_they_must_achieve(tmp_path):
    """From one to five disks, and its network alone moves seven."""
    outcome = restart(agent, HANOI, 0, tmp_path)
    assert outcome.success
    policy = policy_of("alphanpi", outcome.tensors, json.loads(json.dumps(outcome.card)))
    scores = evaluate(policy, "NPIHanoi", (3, 7), 4)
    assert [score.success_rate for score in scores] == [1.0, 1.0]


def test_weights_of_other_sizes_are_refused(tmp_path):
    outcome = restart(agent, SHORT, 0, tmp_path)
    card = outcome.card | {"sizes": outcome.card["sizes"] | {"hidden": 65}}
    with pytest.raises(ValueError, match="do not fit"):
        policy_of("alphanpi", outcome.tensors, card)


def test_an_environment_without_specifications_is_refused():
    with pytest.raises(ValueError, match="no specifications"):
        agent.check(Config("NPIQuickSort"))


@pytest.mark.parametrize(
    ("name", "value"), [("noise", 1.0), ("call_steps", (0, 0)), ("length", (3, 2)), ("batch", 0)]
)
def test_a_setting_out_of_its_range_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Config("NPIHanoi", **{name: value})
