"""Distillation: a network that acts as the found bodies do, proven in every frame of theirs."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from neuralprog_agents.agents.synthesis import agent
from neuralprog_agents.agents.synthesis.bodies import task_of
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.npi_network.verification_set import verification_set
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.loop import restart
from neuralprog_agents.training.schema import structured
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.frames import batch_frames, frames

ROOT = Path(__file__).parents[4]


def config_of(task):
    return settings.parse("synthesis", ROOT / "configs" / "synthesis" / f"{task}-npi.yaml")


HANOI = replace(config_of("hanoi"), beyond=4)


def loaded(outcome):
    return policy_of("synthesis", outcome.tensors, json.loads(json.dumps(outcome.card)))


@pytest.fixture(scope="module")
def hanoi(tmp_path_factory):
    return restart(agent, HANOI, 0, tmp_path_factory.mktemp("hanoi"))


@pytest.mark.learning
def test_a_network_learns_what_was_found_and_acts_at_every_length(hanoi):
    assert hanoi.success
    scores = evaluate(loaded(hanoi), "NPIHanoi", (4, 8), 4)
    assert [score.success_rate for score in scores] == [1.0, 1.0]


@pytest.mark.learning
def test_bodies_and_network_are_both_proven_and_checked(hanoi):
    proofs = loaded(hanoi).prove()
    assert [proof.method for proof in proofs] == ["every input up to a size", "verification set"]
    for proof in proofs:
        assert proof.holds
        agent.check_certificate(hanoi.tensors, structured(agent.Card, hanoi.card), asdict(proof))


@pytest.mark.learning
def test_a_network_that_decides_otherwise_is_not_proven(hanoi):
    record = asdict(loaded(hanoi).prove()[1])
    turned = {**hanoi.tensors, "end.bias": hanoi.tensors["end.bias"] + 100}
    assert not policy_of("synthesis", turned, hanoi.card).prove()[1].holds
    with pytest.raises(ValueError, match="cases fail"):
        agent.check_certificate(turned, structured(agent.Card, hanoi.card), record)


@pytest.mark.learning
def test_a_network_of_other_sizes_is_refused(hanoi):
    card = {**hanoi.card, "sizes": {**hanoi.card["sizes"], "hidden": 65}}
    with pytest.raises(ValueError, match="do not fit"):
        policy_of("synthesis", hanoi.tensors, card)


@pytest.mark.parametrize(("task", "length"), [("bubblesort", 9), ("hanoi", 9)])
def test_the_verification_set_holds_every_frame_of_the_bodies_longer_runs(task, length, tmp_path):
    config = replace(config_of(task), distil=False)
    policy = loaded(restart(agent, config, 1, tmp_path))
    made = task_of(config.env, length, policy.bodies)
    met = batch_frames(frames(made, draw(made, 5, np.arange(6), (length, length), "all")))
    known = set(contents(verification_set(task_of(config.env, 1, policy.bodies))))
    assert set(contents(met)) <= known
    assert len(known) < 100


def contents(batch):
    for row in range(len(batch.program)):
        steps = batch.mask[row]
        parts = batch.view[row, steps], batch.target[row, steps]
        yield int(batch.program[row]), *(part.tobytes() for part in parts)
