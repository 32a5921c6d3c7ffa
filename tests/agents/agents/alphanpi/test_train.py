"""One restart: it learns from specifications alone, acts in the environment, resumes exactly."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from neuralprog_agents.agents.alphanpi import agent
from neuralprog_agents.agents.alphanpi.config import Config
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.checkpoint import CheckpointError

ROOT = Path(__file__).parents[4]

HANOI = settings.parse("alphanpi", ROOT / "configs" / "alphanpi" / "hanoi.yaml")
SHORT = replace(HANOI, simulations=10, episodes=2, updates=4, batch=16, checks=4, budget=4)


def run(config, index, folder, report=lambda _: None, stop=lambda: False):
    folder.mkdir(exist_ok=True)
    return agent.restart(config, index, folder, report, stop)


class KilledError(Exception):
    pass


@pytest.mark.learning
def test_a_restart_learns_the_towers_of_hanoi_from_what_they_must_achieve(tmp_path):
    """From one to five disks, and its network alone moves seven."""
    outcome = run(HANOI, 0, tmp_path / "r")
    assert outcome.success
    policy = policy_of("alphanpi", outcome.tensors, json.loads(json.dumps(outcome.card)))
    scores = evaluate(policy, "NPIHanoi", (3, 7), 4)
    assert [score.success_rate for score in scores] == [1.0, 1.0]


def test_a_killed_restart_goes_on_bit_for_bit(tmp_path):
    undisturbed = run(SHORT, 3, tmp_path / "whole")
    for _ in range(2):
        seen = []

        def report(metrics, seen=seen):
            seen.append(metrics)
            if len(seen) == 2:
                raise KilledError

        with pytest.raises(KilledError):
            run(SHORT, 3, tmp_path / "killed", report)
    resumed = run(SHORT, 3, tmp_path / "killed")
    assert resumed.metrics == undisturbed.metrics
    for name, array in undisturbed.tensors.items():
        assert resumed.tensors[name].tobytes() == array.tobytes(), name


def test_a_checkpoint_of_another_restart_is_refused(tmp_path):
    answers = iter([False, True])
    run(SHORT, 0, tmp_path / "r", stop=lambda: next(answers))
    with pytest.raises(CheckpointError, match="belongs to another restart"):
        run(SHORT, 1, tmp_path / "r")


def test_weights_of_other_sizes_are_refused(tmp_path):
    outcome = run(SHORT, 0, tmp_path / "r")
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
