"""One restart: it learns from traces, and its network moves disks."""

import json
from dataclasses import asdict, replace

import pytest

from neuralprog_agents.agents.npi import agent, train
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.loop import restart

SHORT = Config(env="NPIAddition", length=(1, 2), traces=4)
HANOI = Config(env="NPIHanoi", length=(1, 4), traces=1, budget=1000)
LONG = replace(SHORT, batch=16, hidden=16, state=16)


PUBLISHED = replace(HANOI, layers=2, hidden=256, learning_rate=1e-3)
"""The paper's core: two LSTM layers of 256 units."""


@pytest.mark.learning
@pytest.mark.parametrize("config", [HANOI, PUBLISHED], ids=["ours", "published"])
def test_a_restart_learns_the_towers_of_hanoi_from_traces(tmp_path, config):
    """From one to four disks, and moves eight."""
    outcome = restart(agent, config, 0, tmp_path)
    assert outcome.success
    assert outcome.metrics["failing"] == 0
    policy = policy_of("npi", outcome.tensors, json.loads(json.dumps(outcome.card)))
    scores = evaluate(policy, "NPIHanoi", (4, 8), 2, split="train")
    assert [score.success_rate for score in scores] == [1.0, 1.0]


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
