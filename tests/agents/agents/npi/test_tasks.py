"""One network for several tasks: its parts, pictures and policies; programs on a frozen one."""

import json
from dataclasses import asdict, replace
from math import ceil

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.npi import agent, data, policy, train
from neuralprog_agents.agents.npi.config import Config, TaskConfig
from neuralprog_agents.cli import main
from neuralprog_agents.evaluation.agents import (
    AgentError,
    open_agent,
    policy_of,
    pretrained,
    weights_of,
)
from neuralprog_agents.evaluation.evaluate import evaluate, play, play_alone
from neuralprog_agents.npi_network import proof, recheck
from neuralprog_agents.npi_network.model import decide
from neuralprog_agents.npi_network.pictures import SIDE, distinct_pictures, shrink
from neuralprog_agents.npi_network.sizes import Sizes, lay_out
from neuralprog_agents.npi_network.trainer import CHUNK
from neuralprog_agents.training.checkpoint import CheckpointError
from neuralprog_agents.training.loop import restart
from neuralprog_agents.training.schema import structured
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv
from neuralprog_envs.program.frames import batch_frames, frames
from neuralprog_envs.registry import make_task

SORT = TaskConfig(env="NPIBubbleSort", observation="order", length=(1, 4), traces=16)
CARS = TaskConfig(env="NPICanonicalize", recursive=False, length=(1, 2), traces=3)
HANOI = Config(env="NPIHanoi", length=(1, 4), traces=1, also=(SORT,))
SMALL = Config(env="NPIHanoi", length=(1, 3), traces=1, also=(SORT, CARS), hidden=16, state=16)
MAX = Config(
    env="NPIMax", base="npi-bubblesort", observation="order", length=(1, 3), traces=4, batch=16,
    budget=3 * CHUNK,
)  # fmt: skip


def machine(env, **settings):
    return make_task(env, length=3, **settings).machine


def test_programs_of_one_pad_are_shared_and_others_are_not():
    sort = machine("NPIBubbleSort", observation="order", recursive=True)
    largest = machine("NPIMax", observation="order", recursive=True)
    loops = machine("NPIMax", observation="order", recursive=False)
    hanoi = machine("NPIHanoi", recursive=True)
    one, two, three, four = lay_out([hanoi, sort, largest, loops])
    assert one.programs == tuple(range(len(one.programs)))
    assert (one.first, two.first) == (0, sum(one.values))
    assert three.first == two.first
    n = len(two.programs)
    assert three.programs[:n] == two.programs
    assert three.programs[n:] == (two.programs[-1] + 1, two.programs[-1] + 2)
    assert not set(four.programs) & {*one.programs, *two.programs, *three.programs}
    assert four.first == two.end


def test_pictures_shrink_to_the_means_of_their_blocks():
    pictures = np.random.default_rng(0).integers(256, size=(2, 128, 128, 3)).astype(np.uint8)
    small = shrink(pictures)
    assert small.shape == (2, 3, SIDE, SIDE)
    block = pictures[1, 8:12, 20:24, 2].astype(float)
    assert small[1, 2, 2, 5] == np.rint(block.mean())


def test_each_picture_is_drawn_once():
    task = make_task("NPICanonicalize", length=2)
    batch = batch_frames(frames(task, draw(task, 0, np.arange(4), (2, 2))))
    pictures, number = distinct_pictures(task.machine, batch.hidden)
    assert len(pictures) == len(np.unique(batch.hidden.reshape(-1, 3), axis=0))
    shown = pictures[number[1, 0]]
    np.testing.assert_array_equal(shown, shrink(task.machine.pictures(batch.hidden[1, :1]))[0])


def test_wide_frames_are_the_experts_on_pads_that_it_does_not_meet_itself():
    narrow, wide = (data.draw_frames(replace(SORT, traces=64, wide=w), 7) for w in (False, True))
    met, more = (
        {_content(batch, i) for i in range(len(batch.program))} for batch in (narrow, wide)
    )
    assert met < more
    largest = replace(SORT, env="NPIMax", traces=64)
    library = data.task_of(largest, 4).machine.library
    theirs = data.draw_frames(largest, 3)
    shifts = np.flatnonzero(theirs.program == library.names.index("RSHIFT"))
    needed = {_content(theirs, i) for i in shifts}
    assert not needed <= met
    assert needed <= more


def _content(batch, i):
    steps = batch.mask[i]
    return batch.program[i], batch.view[i][steps].tobytes(), batch.target[i][steps].tobytes()


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("key", range(2))
def test_it_plays_from_memory_as_in_lock_step(number, key):
    """Random networks choose other tasks' programs and arguments, too: these do nothing."""
    policies = _policy(train.initial(train.sizes_of(SMALL), key))
    own = policies.acting_in(policies.env_ids[number])
    settings = {"length": 2, "max_steps": 25, "split": "all", **own.settings(2)}
    env = TaskVectorEnv(own.env_id, 6, **settings)
    np.testing.assert_array_equal(play_alone(own, env.setting, 6, seed=5), play(own, env, 5))


def _policy(model, config=SMALL):
    tasks = [policy.LearnedTask(task.env, data.settings_of(task)) for task in config.tasks]
    return policy.NPIPolicy(model, tasks)


def test_gradients_reach_every_parameter():
    trainer = train.NPILearner(SMALL, 0).trainer
    for part in trainer.sets:
        part.draw(lambda: None)
    rows = [np.arange(len(part.frames.program)) for part in trainer.sets]
    costs = [one.cost(trainer.model, r) for one, r in zip(trainer.sets, rows, strict=True)]
    torch.stack(costs).sum().backward()
    for name, parameter in trainer.model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


class Counter:
    """A pulse that counts its calls since it was last asked."""

    calls = 0

    def __call__(self):
        self.calls += 1

    def taken(self):
        calls, self.calls = self.calls, 0
        return calls


def test_it_looks_at_the_clock_while_it_draws_and_while_it_checks(monkeypatch):
    monkeypatch.setattr(proof, "_PICTURES_AT_ONCE", 4)
    monkeypatch.setattr(proof, "_AT_ONCE", 7)
    pulse, learner = Counter(), train.NPILearner(SMALL, 0)
    task, model = data.task_of(CARS, CARS.length[1]), learner.model
    found = data.draw_frames(CARS, 0, pulse=pulse)
    F = len(found.program)
    assert pulse.taken() >= F
    pictures, _ = distinct_pictures(task.machine, found.hidden, pulse)
    assert pulse.taken() == len(pictures)
    learner.advance(lambda: None)
    plain, shown = learner.trainer.sets[1:]
    for part, looks in ((plain, 0), (shown, ceil(len(shown.examples.pictures) / 4))):
        part.check(model, pulse)
        assert pulse.taken() == looks + ceil(len(part.frames.program) / 7)


def test_a_chunk_looks_at_the_clock_while_it_draws():
    pulse, trainer = Counter(), train.NPILearner(SMALL, 0).trainer
    trainer.advance(pulse)
    pictures = len(trainer.sets[2].examples.pictures)
    assert pulse.taken() > trainer.frames()["frames"] + pictures
    trainer.advance(pulse)
    assert pulse.taken() < trainer.frames()["frames"]  # drawn once


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": np.zeros(3)},
        {"priority_of_added": np.ones(3)},
        {"added": np.array([10**6]), "priority_of_added": np.ones(1)},
    ],
)
def test_priorities_of_other_frames_are_refused_in_one_line(wrong):
    one, other = (train.NPILearner(SMALL, 0).trainer.sets[0] for _ in range(2))
    one.draw(lambda: None)
    arrays, counts = one.state()
    other.restore(arrays | wrong, counts)
    with pytest.raises(CheckpointError, match="does not fit the frames of its task"):
        other.draw(lambda: None)
    other.restore(arrays, counts)
    other.draw(lambda: None)
    np.testing.assert_array_equal(other.priority, one.priority)


def test_checked_in_pieces_the_same_frames_fail(monkeypatch):
    learner = train.NPILearner(SMALL, 0)
    learner.advance(lambda: None)
    for part in learner.trainer.sets:
        own = learner.model, part.frames, part.domain, part.examples.pictures
        whole = proof.failing(*own)
        with monkeypatch.context() as patch:
            patch.setattr(proof, "_PICTURES_AT_ONCE", 3)
            patch.setattr(proof, "_AT_ONCE", 7)
            assert proof.failing(*own).tolist() == whole.tolist()
    assert 0 < whole.sum() < len(whole)  # of the task with pictures


def test_the_checker_counts_the_errors_that_the_network_itself_finds():
    model = train.initial(train.sizes_of(HANOI), 3)
    for domain, task in enumerate(HANOI.tasks):
        cases = data.draw_frames(task, 0)
        said = decide(proof.forward(model, cases, domain)).numpy()
        half = np.arange(len(cases.program)) % 2 == 0
        cases.target[half] = (said * cases.mask[..., None])[half]
        failing = proof.failing(model, cases, domain)
        sizes = structured(Sizes, json.loads(json.dumps(asdict(model.sizes))))
        wrong = recheck.count_wrong(train.weights(model), sizes, cases, slice(None), domain)
        assert not failing[half].any()
        assert wrong == failing.sum() > 0


@pytest.mark.learning
def test_one_core_learns_two_tasks(tmp_path):
    outcome = restart(agent, HANOI, 0, tmp_path)
    assert outcome.success
    both = policy_of("npi", outcome.tensors, json.loads(json.dumps(outcome.card)))
    assert both.env_ids == ("NPIHanoi-v0", "NPIBubbleSort-v0")
    for env_id, lengths, split in (
        ("NPIHanoi-v0", (8,), "train"),
        ("NPIBubbleSort-v0", (9,), "test"),
    ):
        (score,) = evaluate(both.acting_in(env_id), env_id, lengths, 10, split=split)
        assert score.success_rate == 1.0


def test_on_a_frozen_base_only_new_rows_change(tmp_path):
    outcome = restart(agent, MAX, 0, tmp_path)
    _is_on_base(outcome.tensors, weights_of(open_agent(MAX.base)), new=2)
    assert outcome.metrics["parameters"] == 2 * (32 + 16)


def _is_on_base(tensors, base, new):
    assert tensors.keys() == base.keys()
    for name, array in base.items():
        assert tensors[name][: len(array)].tobytes() == array.tobytes(), name
        added = new if name in ("program_memory", "key_memory") else 0
        assert len(tensors[name]) == len(array) + added


def test_the_shipped_network_of_several_tasks_is_certified_in_each_that_has_a_set():
    path = pretrained()["npi-multitask"] / "certificate.json"
    proven = {record["env"]: record["cases"] for record in json.loads(path.read_text())}
    assert proven == {
        "NPIAddition-v0": 49_626, "NPIBubbleSort-v0": 61, "NPIQuickSort-v0": 30,
        "NPITopologicalSort-v0": 62, "NPIHanoi-v0": 9,
    }  # fmt: skip


def test_the_shipped_program_on_a_frozen_network_left_everything_old_as_it_was():
    """Its certificate covers the old tasks' whole sets, with the new keys present."""
    agent, base = open_agent("npi-max-frozen"), open_agent("npi-multitask")
    assert agent.card["model"]["base"]["weights_sha256"] == base.card["weights_sha256"]
    _is_on_base(weights_of(agent), weights_of(base), new=2)
    certificates = [pretrained()[each.name] / "certificate.json" for each in (agent, base)]
    new, old = (
        {(r["env"], r["cases"], r["details"]["set_sha256"]) for r in json.loads(path.read_text())}
        for path in certificates
    )
    assert old < new
    assert {(env, cases) for env, cases, _ in new - old} == {("NPIMax-v0", 77)}


def test_one_task_of_several_is_proven_and_rechecked(tmp_path):
    path = tmp_path / "certificate.json"
    words = ["--agent", "npi-multitask", "--certificate", str(path)]
    assert main(["prove", *words, "--env", "NPIHanoi"]) == 0
    assert [record["env"] for record in json.loads(path.read_text())] == ["NPIHanoi-v0"]
    assert main(["recheck", *words]) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": "npi-nothing"}, "unknown agent"),
        ({"base": "search-copy"}, "must be a trained npi"),
        ({"base": "npi-max"}, "has learned NPIMax already"),
        ({"base": "npi-hanoi"}, "no encoder for the pad of NPIMax"),
    ],
)
def test_a_base_that_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        agent.check(replace(MAX, **change))


def test_a_task_is_learned_once():
    with pytest.raises(ValueError, match="once"):
        Config(env="NPIHanoi", also=(TaskConfig(env="NPIHanoi"),))


def test_an_agent_of_one_task_acts_nowhere_else():
    with pytest.raises(AgentError, match="npi-hanoi has learned NPIHanoi-v0, and not NPIMax-v0"):
        open_agent("npi-hanoi", "NPIMax")
