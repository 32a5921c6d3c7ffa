"""One restart: it learns, and its policy acts in the environment."""

import json
from dataclasses import replace

import numpy as np
import pytest

from neuralprog_agents.agents.neural_programmer import agent, data
from neuralprog_agents.agents.neural_programmer.config import Config, Stage
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.loop import restart

SHORT = Config(
    "NPSingleColumn",
    length=(3, 6),
    examples=1000,
    batch=8,
    hidden=8,
    budget=200,
    noise=1e-6,
)
SMALL = Config("NPSingleColumn", length=(5, 20), examples=20_000, validation_interval=50)


def test_minibatches_are_those_of_the_epochs_wherever_they_are_cut():
    config = replace(SHORT, examples=50)
    whole = data.rows_of_steps(config, 0, 0, 18)
    parts = [data.rows_of_steps(config, 0, step, 2) for step in range(0, 18, 2)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    epochs = whole.reshape(3, 48)
    assert len(set(whole.tolist())) <= 50
    assert all(len(set(epoch.tolist())) == 48 for epoch in epochs)
    assert epochs[0].tolist() != epochs[1].tolist()


def test_settings_out_of_range_are_refused():
    for change, message in (
        ({"columns": (3, 1)}, "columns must be"),
        ({"batch": 2000}, "batch must be at most"),
        ({"pointer": True, "attention": False}, "pointer needs attention"),
        ({"noise": -1.0}, "noise must be at least"),
        ({"hidden": 0}, "hidden must be at least 1"),
        ({"stages": ()}, "stages must be at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(SHORT, **change)


def test_stages_out_of_range_are_refused():
    for change, message in (
        ({"steps": 0}, "steps must be at least 1"),
        ({"imitation": 5}, "imitation must be at most steps"),
        ({"imitation": 2, "mixture": True}, "imitation needs mixture: false"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(Stage(4), **change)


def test_what_cannot_be_trained_is_refused_before_anything_is_written():
    for env in ("NRAMCopy", "NPWikiTableQuestions"):
        with pytest.raises(ValueError, match="synthetic table tasks"):
            agent.check(replace(SHORT, env=env))
    with pytest.raises(ValueError, match="columns must be 1 to 1"):
        agent.check(replace(SHORT, columns=(1, 3)))
    with pytest.raises(ValueError, match="learner: programs needs steps: 4, got 5"):
        agent.check(replace(SHORT, steps=5))
    agent.check(replace(SHORT, steps=5, learner="gradient"))
    with pytest.raises(ValueError, match="expected theta"):
        policy_of("neural_programmer", {}, card())


@pytest.mark.parametrize("more", [{}, {"attention": False}, {"bidirectional": True}])
def test_a_card_with_a_pointer_and_without_attention_is_refused(more):
    with pytest.raises(ValueError, match="shape: pointer needs attention: true"):
        policy_of("neural_programmer", {}, card(pointer=True, **more))


def card(**shape):
    sizes = {"words": 5, "hidden": 4, "steps": 4}
    return {"env": "NPTableQA", "shape": sizes | shape, "columns": 1, "value_range": 1.0}


@pytest.mark.learning
def test_the_gradient_of_the_soft_machine_teaches_some_of_it(tmp_path):
    config = replace(
        SMALL, learner="gradient", attention=False, batch=150, learning_rate=2e-3, budget=1000
    )
    seen = []
    outcome = restart(agent, config, 0, tmp_path, seen.append)
    assert outcome.success == (outcome.metrics["accuracy"] >= config.success_rate)
    assert seen[0]["accuracy"] < 0.45
    assert outcome.metrics["accuracy"] > 0.6, outcome.metrics


@pytest.mark.learning
def test_programs_found_from_answers_alone_teach_all_of_it_far_beyond_what_was_seen(tmp_path):
    outcome = restart(agent, replace(SMALL, budget=600), 0, tmp_path)
    assert outcome.success, outcome.metrics
    policy = policy_of("neural_programmer", outcome.tensors, json.loads(json.dumps(outcome.card)))
    assert policy.settings(120)["value_range"] == 200.0
    scores = list(evaluate(policy, "NPSingleColumn-v0", (5, 120), 400))
    assert [score.success_rate for score in scores] == [1.0, 1.0]
