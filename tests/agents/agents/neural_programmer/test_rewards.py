"""Reinforcement learning of programs: texts, the memory of successes, tries, and a restart."""

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.neural_programmer import agent, data, model, rewards
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.rewards import RewardObjective
from neuralprog_agents.agents.neural_programmer.successes import Successes, texts_of
from neuralprog_agents.agents.neural_programmer.tensors import questions_of
from neuralprog_agents.agents.neural_programmer.train import ProgrammerLearner, shape_of
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task

CONFIG = Config("NPTableQA-v0", columns=(2, 4), length=(5, 9), examples=200, batch=64, hidden=8,
                learner="rewards", tries=16)  # fmt: skip


@pytest.fixture(scope="module")
def posed():
    task = data.task_of(CONFIG)
    return task, data.examples(CONFIG, 0, task, np.arange(64))


def test_questions_that_differ_in_columns_alone_have_one_text(posed):
    _, instances = posed
    texts = texts_of(instances)
    by_text, by_words = {}, set()
    for b in range(64):
        words = tuple(instances.question[b])
        by_text.setdefault(texts.keys[b].tobytes(), set()).add(words)
        by_words.add(words)
        named = [word for word in words if word and word in instances.names[b]]
        assert texts.named[b] == len(set(named))
        order = [instances.names[b, c, 0] for c in texts.columns[b][: texts.named[b]]]
        assert order == list(dict.fromkeys(named))
    assert len(by_text) < len(by_words)


def test_an_experts_program_is_one_program_in_the_terms_of_a_text(posed):
    task, instances = posed
    texts, owner = texts_of(instances), np.arange(64)
    programs = instances.program.astype(np.int64)
    kept = texts.on_texts(programs, owner)
    again = texts.on_tables(kept, owner)
    assert data.are_right(task, instances, programs).all()
    assert data.are_right(task, instances, again).all()
    found = {}
    for key, program in zip(texts.keys, kept, strict=True):
        found.setdefault(key.tobytes(), set()).add(program.tobytes())
    assert {len(each) for each in found.values()} == {1}


def test_a_program_that_is_always_right_comes_before_one_that_is_right_by_luck():
    memory, key = Successes(4, 2), np.array([3, -1], dtype=np.int32)
    always, lucky, never = np.arange(18, dtype=np.int8).reshape(3, 2, 3)
    random = np.random.default_rng(0)
    for i in range(40):
        memory.count(key, np.stack([lucky, always, never]), np.array([i % 2 == 0, True, False]))
    assert len(memory.programs()) == 2  # what was never right is not remembered
    drawn = [memory.draw(key, random, 1)[0] for _ in range(100)]
    assert all((program == always).all() for program in drawn)
    assert len(memory.draw(np.array([3, 4], dtype=np.int32), random, 1)) == 0


def test_programs_that_were_never_wrong_are_sure_after_so_many_hits():
    memory, key = Successes(8, 1), np.array([3], dtype=np.int32)
    programs = np.arange(9, dtype=np.int8).reshape(3, 1, 3)
    memory.count(key, programs, np.array([True, True, True]))
    for turn in range(18):
        memory.count(key, programs, np.array([True, turn != 4, True]))
    assert len(memory.sure(key)) == 0
    memory.count(key, programs[:2], np.array([True, True]))
    assert memory.sure(key).tolist() == programs[:1].tolist()


def test_of_several_that_are_sure_the_likeliest_is_imitated(posed):
    task, instances = posed
    shape = shape_of(CONFIG, task)
    objective = RewardObjective(CONFIG, 0, task, shape)
    asked = rewards._Asked(instances, questions_of(instances), texts_of(instances))
    drop, keep = np.zeros((2, 1, shape.steps, 3), dtype=np.int8)
    keep[:, :, 0] = OPERATIONS.index("count")
    both = np.concatenate([drop, keep])
    for key in np.unique(asked.texts.keys, axis=0):
        for _ in range(20):
            objective.successes.count(key, both, np.array([True, True]))
    p = model.unflatten(model.initial_theta(shape, 0), shape)
    cost = objective._memory_cost(p, asked, np.random.default_rng(0))
    every = np.arange(len(instances.length))
    programs = [asked.texts.on_tables(one.repeat(len(every), 0), every) for one in (drop, keep)]
    logs = [objective._logs(p, asked, every, each) for each in programs]
    torch.testing.assert_close(cost, -torch.maximum(*logs).mean())


def test_questions_that_differ_in_entries_alone_have_one_text():
    task = make_task("NPTextMatch-v0", columns=(2, 2))
    instances = draw(task, 0, range(400), (5, 12), "train")
    texts = texts_of(instances)
    asks = instances.template == np.bincount(instances.template).argmax()
    assert len(np.unique(instances.question[asks], axis=0)) > 5 * len(
        np.unique(texts.keys[asks], axis=0)
    )


def test_the_rarest_success_makes_room_and_the_state_holds_all():
    memory, key = Successes(2, 1), np.array([3], dtype=np.int32)
    programs = np.arange(9, dtype=np.int8).reshape(3, 1, 3)
    memory.count(key, programs[:2], np.array([True, True]))
    memory.count(key, programs[:2], np.array([True, False]))
    memory.count(key, programs[2:], np.array([True]))
    kept = {tuple(program[0]) for program in memory.programs().tolist()}
    assert kept == {(0, 1, 2), (6, 7, 8)}
    other = Successes(2, 1)
    other.restore(memory.state())
    for name, tensor in memory.state().items():
        assert torch.equal(tensor, other.state()[name])


def test_programs_are_sampled_by_their_probability(posed):
    task, instances = posed
    shape = shape_of(CONFIG, task)
    p = model.unflatten(model.initial_theta(shape, 0), shape)
    questions, owner = questions_of(instances), torch.zeros(20_000, dtype=torch.int64)
    generator = torch.Generator().manual_seed(0)
    found = rewards.sample(p, shape, questions, owner, generator)
    kinds, counts = found[:, :1].unique(dim=0, return_counts=True)
    kinds, counts = kinds[counts > 100], counts[counts > 100]
    firsts = torch.cat([kinds, kinds.new_zeros(len(kinds), 0, 3)], dim=1)
    single = type(shape)(**{**vars(shape), "steps": 1})
    logs = model.log_probability(p, single, questions, firsts, owner[: len(kinds)])
    expected = 20_000 * torch.exp(logs)
    torch.testing.assert_close(counts.float(), expected, rtol=0.35, atol=0.0)


def test_what_is_counted_as_right_is_right(posed):
    task, instances = posed
    objective = RewardObjective(CONFIG, 0, task, shape_of(CONFIG, task))
    questions, texts = questions_of(instances), texts_of(instances)
    asked = rewards._Asked(instances, questions, texts)
    objective._try(asked, instances.program.astype(np.int64), np.random.default_rng(0))
    for b, key in enumerate(texts.keys):
        drawn = objective.successes.draw(key, np.random.default_rng(1), 32)
        experts = texts.on_texts(instances.program[b : b + 1].astype(np.int64), np.array([b]))
        assert any((program == experts[0]).all() for program in drawn)


@pytest.mark.learning
def test_it_learns_questions_without_seeing_an_answer():
    config = Config(
        "NPSingleColumn-v0", length=(5, 12), hidden=32, learner="rewards", validation_interval=50,
        budget=200, batch=50, tries=16, examples=20_000, success_rate=0.8,
    )  # fmt: skip
    learner = ProgrammerLearner(config, 0)
    while not learner.finished:
        learner.advance(lambda: None)
    assert learner.success


def test_its_supervision_is_told():
    assert "rewards" in agent.supervision(CONFIG)
    assert agent.supervision(Config("NPTableQA-v0")) == "answers"
