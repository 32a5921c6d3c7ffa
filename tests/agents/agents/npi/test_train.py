"""One restart: it learns from traces, its network adds and is proven, it resumes bit for bit."""

import json
from dataclasses import asdict, replace

import pytest

from neuralprog_agents.agents.npi import agent, train
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.checkpoint import CheckpointError

SHORT = Config(env="NPIAddition", length=(1, 2), traces=4)
HANOI = Config(env="NPIHanoi", length=(1, 4), traces=1, budget=1000)
LONG = replace(SHORT, budget=3 * train.CHUNK, batch=16, hidden=16, state=16)


def run(config, index, folder, report=lambda _: None, stop=lambda: False):
    folder.mkdir(exist_ok=True)
    return agent.restart(config, index, folder, report, stop)


class KilledError(Exception):
    pass


PUBLISHED = replace(HANOI, layers=2, hidden=256, learning_rate=1e-3)
"""The paper's core: two LSTM layers of 256 units."""


@pytest.mark.learning
@pytest.mark.parametrize("config", [HANOI, PUBLISHED], ids=["ours", "published"])
def test_a_restart_learns_the_towers_of_hanoi_from_traces(tmp_path, config):
    """From one to four disks, and moves eight."""
    outcome = run(config, 0, tmp_path / "r")
    assert outcome.success
    assert outcome.metrics["failing"] == 0
    policy = policy_of("npi", outcome.tensors, json.loads(json.dumps(outcome.card)))
    scores = evaluate(policy, "NPIHanoi", (4, 8), 2, split="train")
    assert [score.success_rate for score in scores] == [1.0, 1.0]


def test_a_killed_restart_goes_on_bit_for_bit(tmp_path, monkeypatch):
    undisturbed = run(LONG, 3, tmp_path / "whole")
    monkeypatch.setattr(train, "_SAVED_SECONDS", 0.0)
    for _ in range(2):
        seen = []

        def report(metrics, seen=seen):
            seen.append(metrics)
            if len(seen) == 2:
                raise KilledError

        with pytest.raises(KilledError):
            run(LONG, 3, tmp_path / "killed", report)
    resumed = run(LONG, 3, tmp_path / "killed")
    assert resumed.metrics == undisturbed.metrics
    for name, array in undisturbed.tensors.items():
        assert resumed.tensors[name].tobytes() == array.tobytes(), name


def test_stopped_before_its_first_step_a_restart_resumes_too(tmp_path):
    undisturbed = run(LONG, 3, tmp_path / "whole")
    assert run(LONG, 3, tmp_path / "stopped", stop=lambda: True).metrics["step"] == 0
    resumed = run(LONG, 3, tmp_path / "stopped")
    assert resumed.metrics == undisturbed.metrics
    for name, array in undisturbed.tensors.items():
        assert resumed.tensors[name].tobytes() == array.tobytes(), name


def test_a_checkpoint_of_another_restart_is_refused(tmp_path):
    answers = iter([False, True])
    run(LONG, 0, tmp_path / "r", stop=lambda: next(answers))
    with pytest.raises(CheckpointError, match="belongs to another restart"):
        run(LONG, 1, tmp_path / "r")
    more = replace(LONG, restarts=1000)
    assert run(more, 0, tmp_path / "r").metrics["step"] == LONG.budget


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length": (0, 3)}, "length must be"),
        ({"learning_rate": 0.0}, "learning_rate must be"),
        ({"boost": 1.0}, "boost must be"),
        ({"batch": 0}, "batch must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SHORT, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"env": "NRAMCopy"}, "supports program tasks only"),
        ({"env": "NPIBubbleSort", "prove": True}, "no verification set"),
        ({"recursive": False, "prove": True}, "no verification set"),
        ({"observation": "colours"}, "observation"),
    ],
)
def test_what_cannot_be_trained_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        agent.check(replace(SHORT, **change))


def test_weights_of_other_sizes_are_refused():
    card = {"env": "NPIAddition", "settings": {}, "sizes": asdict(train.sizes_of(SHORT))}
    model = train.initial(train.sizes_of(LONG), 0)
    with pytest.raises(ValueError, match="do not fit"):
        policy_of("npi", train.weights(model), card)
