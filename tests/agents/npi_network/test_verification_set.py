"""The verification set of recursive addition: closed, complete, and what its check finds."""

import numpy as np
import pytest

from neuralprog_agents.agents.npi import train
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.agents.npi.data import task_of
from neuralprog_agents.npi_network import proof, verification_set
from neuralprog_agents.npi_network.frames import take
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.frames import batch_frames, frames

CONFIG = Config(env="NPIAddition", hidden=16, state=16)


@pytest.fixture(scope="module")
def cases():
    return verification_set.verification_set(task_of(CONFIG, 1))


def rows(batch):
    """Return each frame as bytes, its length cut to what it has."""
    parts = zip(batch.program, batch.arguments, batch.view, batch.target, batch.mask, strict=True)
    return {
        (int(p), a.tobytes(), view[mask].tobytes(), target[mask].tobytes())
        for p, a, view, target, mask in parts
    }


def test_it_holds_every_frame_of_sums_far_longer_than_its_pads(cases):
    task = task_of(CONFIG, 200)
    drawn = batch_frames(frames(task, draw(task, 7, np.arange(12), (1, 200))))
    assert len(drawn.program) > 1000
    assert rows(drawn) <= rows(cases)


def test_it_has_as_many_frames_as_counted_by_hand(cases):
    """ADD: (200·121 + 2·20·11 + 1 columns with neighbours) and the end; LSHIFT: as many; ADD1:
    one each column, 200 + 2·20 + 1; CARRY: those over 9, 45 + 55 + 2."""
    library = task_of(CONFIG, 1).machine.library
    counted = {
        name: int((cases.program == number).sum())
        for number, name in enumerate(library.names)
        if (cases.program == number).any()
    }
    assert counted == {"CARRY": 102, "LSHIFT": 24641, "ADD1": 241, "ADD": 24642}


def test_a_wrong_decision_in_any_frame_is_found(cases):
    model = train.initial(train.sizes_of(CONFIG), 0)
    few = take(cases, np.arange(0, len(cases.program), 5000))
    few.target[:] = train_targets(model, few)
    assert not proof.failing(model, few).any()
    few.target[3, 0, 3] ^= 1
    assert proof.failing(model, few).tolist() == [row == 3 for row in range(len(few.program))]


def train_targets(model, batch):
    from neuralprog_agents.npi_network.model import decide

    return decide(proof.forward(model, batch)).numpy() * batch.mask[..., None]


def test_a_proof_says_what_was_checked(cases):
    model = train.initial(train.sizes_of(CONFIG), 0)
    found = proof.prove(model, task_of(CONFIG, 1), trained_on=True)
    assert found.cases == len(cases.program)
    assert not found.holds
    assert found.trained_on
    assert found.failing == int(proof.failing(model, cases).sum())
    shuffled = take(cases, np.random.default_rng(0).permutation(len(cases.program)))
    assert found.details["set_sha256"] == verification_set.digest(shuffled)
    fewer = take(cases, np.arange(1, len(cases.program)))
    assert found.details["set_sha256"] != verification_set.digest(fewer)


def test_there_is_no_set_for_loops():
    with pytest.raises(ValueError, match="no verification set"):
        verification_set.verification_set(task_of(Config(env="NPIAddition", recursive=False), 1))
