"""One restart: bodies from specifications alone, that act in the environment and are proven."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from neuralprog_agents.agent import Player
from neuralprog_agents.agents.synthesis import agent
from neuralprog_agents.agents.synthesis.bodies import CALL, KIND, WHAT
from neuralprog_agents.agents.synthesis.config import Config
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.loop import restart
from neuralprog_agents.training.schema import structured
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task

ROOT = Path(__file__).parents[4]


def config_of(task):
    return settings.parse("synthesis", ROOT / "configs" / "synthesis" / f"{task}.yaml")


SORT = replace(config_of("bubblesort"), beyond=4)
HANOI = replace(config_of("hanoi"), beyond=4)


def loaded(outcome):
    return policy_of("synthesis", outcome.tensors, json.loads(json.dumps(outcome.card)))


@pytest.mark.learning
@pytest.mark.parametrize(("task", "lengths"), [("max", (10, 40)), ("hanoi", (4, 8))])
def test_a_restart_finds_programs_that_are_right_at_every_length(task, lengths, tmp_path):
    outcome = restart(agent, config_of(task), 0, tmp_path)
    assert outcome.success
    policy = loaded(outcome)
    scores = evaluate(policy, policy.env_id, lengths, 5)
    assert [score.success_rate for score in scores] == [1.0, 1.0]


@pytest.mark.learning
def test_a_restart_finds_how_to_add(tmp_path):
    config = replace(config_of("addition"), counterexamples_per_round=200)
    policy = loaded(restart(agent, config, 1, tmp_path))
    scores = evaluate(policy, policy.env_id, (10, 100), 20)
    assert [score.success_rate for score in scores] == [1.0, 1.0]


@pytest.fixture(scope="module")
def sort(tmp_path_factory):
    return restart(agent, SORT, 0, tmp_path_factory.mktemp("sort"))


def test_whole_episodes_are_played_as_acted(sort):
    policy = loaded(sort)
    assert isinstance(policy, Player)
    task = make_task("NPIBubbleSort", length=5, **policy.settings(5))
    instances = draw(task, 3, np.arange(4), (5, 5))
    played = policy.play(task, instances, [1000] * 4, keep=True)
    policy.start(4)
    state, done = task.machine.initial(instances), [[] for _ in range(4)]
    while not state.halted.all():
        actions = policy.act(task.machine.observe(state), None)
        for row in np.flatnonzero(~state.halted):
            done[row].append(tuple(actions[row].tolist()))
        state = task.machine.step(state, actions)
    assert [run.actions for run in played] == done
    assert (task.score(state, instances) == 1).all()


def test_what_is_proven_stands_when_checked_with_real_calls(sort):
    (proof,) = loaded(sort).prove()
    assert proof.holds
    agent.check_certificate(sort.tensors, structured(agent.Card, sort.card), asdict(proof))


def test_neither_proof_nor_check_passes_a_body_that_was_changed(tmp_path):
    """Every call replaced by another one, in turn."""
    found = restart(agent, HANOI, 0, tmp_path)
    record = asdict(loaded(found).prove()[0])
    nodes = found.tensors["nodes"]
    calls = np.flatnonzero(nodes[:, KIND] == CALL)
    assert len(calls) == 8
    for row in calls:
        changed = nodes.copy()
        changed[row, WHAT] = changed[row, WHAT] % 4 + 1
        tensors = {**found.tensors, "nodes": changed}
        assert not policy_of("synthesis", tensors, found.card).prove()[0].holds
        with pytest.raises(ValueError, match="cases fail"):
            agent.check_certificate(tensors, structured(agent.Card, found.card), record)


def test_a_certificate_of_other_cases_does_not_stand(sort):
    record = asdict(loaded(sort).prove()[0])
    with pytest.raises(ValueError, match="cases"):
        agent.check_certificate(
            sort.tensors, structured(agent.Card, sort.card), {**record, "cases": 1}
        )


def test_one_that_is_stopped_gives_what_it_has(tmp_path):
    seen = []
    outcome = restart(agent, SORT, 0, tmp_path, seen.append, lambda: len(seen) == 2)
    assert not outcome.success
    assert outcome.metrics["bodies"] == 2
    policy = loaded(outcome)
    assert next(evaluate(policy, policy.env_id, (3,), 4)).success_rate == 0


def test_calls_that_were_tried_in_vain_are_counted():
    learner = agent.learner(replace(SORT, budget=50), 0)
    while not learner.finished:
        learner.advance(lambda: None)
    assert not learner.outcome().success
    assert learner.status()["samples"] >= 50


def test_an_environment_without_specifications_is_refused():
    with pytest.raises(ValueError, match="no specifications"):
        agent.check(Config("NPIQuickSort"))


@pytest.mark.parametrize(
    ("name", "value"), [("looks", -1), ("length", (3, 2)), ("beyond", 3), ("examples", 0)]
)
def test_a_setting_out_of_its_range_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Config("NPIHanoi", **{name: value})
