"""The likelihood, the beam, a restart on the sample: it learns, answers, is judged."""

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.neural_programmer_2017 import agent, data, decode, traces, train
from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.agents.neural_programmer_2017.model import Programmer, Shape
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.release import answer_release
from neuralprog_agents.training.loop import restart
from neuralprog_envs.core import batch

SMALL = Config(
    questions="sample",
    validation_questions="sample",
    word_cutoff=1,
    hidden=16,
    embedding=12,
    epochs=2,
    dropout=0.1,
    beam=3,
    success_rate=0.0,
)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    config = replace(SMALL, batch=8, epochs=8, learning_rate=0.01)
    return restart(agent, config, 0, tmp_path_factory.mktemp("learned"))


@pytest.fixture(scope="module")
def posed():
    release = data.source_of(SMALL, "sample", ()).release
    words = data.vocabulary_of(release, 1).words[2:]
    source = data.source_of(SMALL, "sample", words)
    shape = Shape(len(words) + 2, source.machine.operations, 16, 12, 4)
    torch.manual_seed(1)
    return source, Programmer(shape).eval()


def test_shared_beginnings_change_no_probability(posed):
    source, model = posed
    examples = [e for e in data.examples(source) if e is not None][:6]
    programs = [e.programs for e in examples]
    logs = train.log_probabilities(model, examples, programs)
    together = train.loss(logs, programs)
    costs = []
    for example in examples:
        logs = [
            model.log_probability(
                example.features, example.programs.take(np.array([row])), torch.tensor([0])
            )
            for row in range(min(len(example.programs), 50))
        ]
        costs.append(-torch.logsumexp(torch.cat(logs), 0))
        some = [example.programs.take(np.arange(min(len(example.programs), 50)))]
        few = train.loss(train.log_probabilities(model, [example], some), some)
        torch.testing.assert_close(few, costs[-1])
    assert torch.isfinite(together)


def test_the_programs_of_highest_score_are_always_among_those_that_are_learned_from():
    scores = np.array([-9.0, -1.0, -7.0, -2.0, -8.0, -3.0], dtype=np.float32)
    drawn = [train._some(scores, 4, np.random.default_rng(seed)) for seed in range(20)]
    assert all({1, 3} <= set(each) and len(set(each)) == 4 for each in drawn)
    assert {place for each in drawn for place in each} == set(range(6))
    assert train._some(scores[:3], 4, np.random.default_rng(0)).tolist() == [0, 1, 2]


def test_the_beam_finds_the_likeliest_programs_and_what_it_says_of_them_is_so(posed):
    source, model = posed
    numbers = [3, 7, 50]
    fitting = source.fitted(numbers)
    observation = fitting.machine.observe(fitting.machine.initial(fitting.posed(numbers)))
    machine, state = fitting.machine, decode.state_of(observation, fitting.machine)
    found = decode.candidates([model], fitting.machine, observation, 40)
    features = decode.features_of(observation, fitting.machine.operations)
    for row, each in enumerate(found):
        assert each
        for candidate in each[:20]:
            start = batch.take(state, np.array([row]))
            trace = traces.traced(machine, start, [candidate.program])
            with torch.no_grad():
                logs = model.log_probability(features.take(row), trace, torch.tensor([0]))
            assert float(logs[0]) == pytest.approx(candidate.log_probability, abs=1e-4)
        likeliest = max(each, key=lambda c: c.log_probability).log_probability
        narrow = decode.candidates([model], fitting.machine, observation, 5)[row]
        assert max(c.log_probability for c in narrow) <= likeliest + 1e-6


@pytest.mark.parametrize("part", ["links", "traits", "selection"])
def test_what_the_networks_do_without_changes_nothing(posed, part):
    source, _ = posed
    found = [e for e in islice(data.examples(source), 12) if e is not None][:4]
    blank = [_blanked(example, part) for example in found]
    shape = Shape(len(source.machine.vocabulary), source.machine.operations, 16, 12, 4)
    for without, same in (((), False), ((part,), True)):
        torch.manual_seed(1)
        model = Programmer(replace(shape, without=without)).eval()
        logs, blind = (
            train.log_probabilities(model, each, [e.programs for e in each]).detach()
            for each in (found, blank)
        )
        assert torch.equal(logs, blind) == same


def _blanked(example, part):
    """Return an example of which one part is all zeros; "links" keep which words are mentioned."""
    features, programs = example.features, example.programs
    if part == "links":
        features = replace(features, links=features.links & 2)
    elif part == "traits":
        features = replace(features, traits=np.zeros_like(features.traits))
    else:
        none = {name: np.zeros_like(getattr(programs, name)) for name in ("sizes", "cells")}
        programs = replace(programs, **none)
    return data.Example(features, programs)


def test_an_operation_that_is_left_out_is_neither_searched_nor_chosen(posed):
    source, model = posed
    shape = replace(model.shape, without=("first", "like"))
    out = [source.machine.operations.index(name) for name in shape.without]
    numbers = [3, 7, 50]
    fitting = source.fitted(numbers)
    observation = fitting.machine.observe(fitting.machine.initial(fitting.posed(numbers)))

    def chosen(shape):
        torch.manual_seed(1)
        model = Programmer(shape).eval()
        found = decode.candidates([model], fitting.machine, observation, 40)
        return {int(o) for each in found for c in each for o in c.program[:, 0]}

    assert set(out) <= chosen(model.shape)
    assert not set(out) & chosen(shape)
    for example in islice(data.examples(source, shape.without), 20):
        assert example is None or not np.isin(example.programs.actions[:, :, 0], out).any()


def test_killed_again_before_its_programs_are_searched_anew_it_keeps_their_scores():
    first, second, third = (train.WikiLearner(SMALL, 0) for _ in range(3))
    while not first.progress.steps:
        first.advance(lambda: None)
    second.restore(*first.state())
    third.restore(*second.state())
    (tensors, _), (kept, _) = first.state(), third.state()
    assert kept.keys() == tensors.keys()
    assert all(np.array_equal(kept[name], tensors[name]) for name in tensors)


def test_answers_of_several_programs_add_up():
    one = decode.Candidate(np.array([[0, 0, 0]]), np.log(0.4), ("number", 1.0))
    two = decode.Candidate(np.array([[1, 0, 0]]), np.log(0.3), ("number", 2.0))
    also = decode.Candidate(np.array([[2, 0, 0]]), np.log(0.2), ("number", 2.0))
    assert decode.best([one, two, also]) is two.program
    assert decode.best([one, two, also], sums=False) is one.program
    assert decode.best([]) is None


@pytest.mark.learning
def test_it_learns_the_sample_and_its_answers_are_officially_judged(learned, tmp_path):
    untrained = restart(agent, replace(SMALL, epochs=1, learning_rate=1e-9), 0, tmp_path)
    assert learned.metrics["accuracy"] > max(0.4, 2 * untrained.metrics["accuracy"])
    policy = policy_of(
        "neural_programmer_2017", learned.tensors, json.loads(json.dumps(learned.card))
    )
    done = answer_release(policy, "NPWikiTableQuestions-v0", None, "sample")
    assert done.accuracy == pytest.approx(learned.metrics["accuracy"], abs=0.03)
    record = done.record("np", "NPWikiTableQuestions-v0", "sample")
    assert record["episodes"] == len(done.answers) == 145
    assert record["correct"] == sum(done.right)


def test_weights_that_do_not_fit_are_refused(learned):
    card = json.loads(json.dumps(learned.card))
    with pytest.raises(ValueError, match="do not fit the network"):
        policy_of("neural_programmer_2017", {}, card)
    card["shape"]["hidden"] = 32
    with pytest.raises(ValueError, match="do not fit the network"):
        policy_of("neural_programmer_2017", learned.tensors, card)


def test_what_cannot_be_trained_is_refused():
    for change, message in (
        ({"env": "NPTableQA"}, "supports NPWikiTableQuestions only"),
        ({"operations": "2017"}, "a set with 'like'"),
        ({"without": ("gap", "print")}, "got 'print'"),
        ({"without": ("difference",)}, "each one of above, and, average, .*; got 'difference'"),
    ):
        with pytest.raises(ValueError, match=message):
            agent.check(replace(SMALL, **change))
    for change in ({"hidden": 7}, {"beam": 0}, {"dropout": 1.0}):
        with pytest.raises(ValueError, match="must be"):
            replace(SMALL, **change)
