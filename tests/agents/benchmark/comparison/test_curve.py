"""Learning curves: budgets are kept by every entrant, and what is interrupted goes on."""

import gc
import hashlib
import os
import time
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from neuralprog_agents import registry
from neuralprog_agents.agent import Outcome
from neuralprog_agents.benchmark.comparison import curve, scores
from neuralprog_agents.benchmark.comparison.cells import Cell, configure
from neuralprog_agents.benchmark.comparison.curve import Curve, StoppedError, schedule
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS
from neuralprog_agents.benchmark.comparison.measure import measure
from neuralprog_agents.training import clock

HARD = {"tape": "NRAMMerge-v0", "program": "NPIAddition-v0", "table": "NPTextMatch-v0"}
"""Tasks that nobody solves at once."""
ONLY = {
    "alphanpi": "NPIBubbleSort-v0",
    "imitation": "NPTextMatch-v0",
    "library-learning": "NRAMReversedAddition-v0",
}
BUDGET = 1.0
_TICKS = 3 / os.sysconf("SC_CLK_TCK")
"""The error of two clocks."""


def digest(tensors):
    parts = [name.encode() + np.asarray(tensors[name]).tobytes() for name in sorted(tensors)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


class Clocked:
    """A learner whose whole states are written down with the processor time of its own calls."""

    def __init__(self, build):
        self.seen, self.spent = [], 0.0
        with self._charged():
            self._learner = build()
        self._note()

    def __getattr__(self, name):
        return getattr(self._learner, name)

    def advance(self, pulse):
        with self._charged():
            self._learner.advance(pulse)
        self._note()

    @contextmanager
    def _charged(self):
        begun = cpu()
        try:
            yield
        finally:
            self.spent += cpu() - begun

    def _note(self):
        begun = cpu()
        self.seen.append((self.spent, digest(self._learner.outcome().tensors)))
        clock.exclude(cpu() - begun)  # this is the test's work, not the agent's


def cpu():
    """The processor time of this process, but for compiling and for the test's own work."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system - clock._excluded


@pytest.fixture
def no_old_garbage():
    """Keep the objects of earlier tests out of collections of garbage, which are charged.

    A collection took 0.3 CPU-seconds once a fifth of all tests had run.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.learning
@pytest.mark.usefixtures("no_old_garbage")
@pytest.mark.parametrize("name", [each.name for each in ENTRANTS if each.agent])
def test_every_entrant_keeps_its_budget(name, tmp_path, monkeypatch):
    """Judged weights were whole within the time; an independent clock says so too."""
    [who] = [each for each in ENTRANTS if each.name == name]
    env = ONLY.get(name, HARD[who.families[0]])
    cell = configure(Cell(name, env, seed=0), BUDGET)
    module, judged, restarts = registry.find(who.agent), [], []

    def learner(config, index):
        restarts.append(Clocked(lambda: module.learner(config, index)))
        return restarts[-1]

    clocked = SimpleNamespace(__name__=module.__name__, learner=learner)
    monkeypatch.setattr(registry, "find", lambda _: clocked)
    monkeypatch.setattr(scores, "policy", lambda agent, learned: judged.append(learned))
    monkeypatch.setattr(curve, "_warm", set())
    own = Curve(cell, tmp_path)
    own.train(lambda: False)
    restarts = restarts[1:]  # the first loaded the code
    most = max(1.02 * BUDGET, BUDGET + 0.5)
    assert sum(each.spent for each in restarts) <= most
    assert own.spent <= most
    assert own.progress.points[-1]["seconds"] == BUDGET
    of = [(p["restart"], p["reached"], p["samples"]) for p in own.progress.points]
    assert len(judged) == len(set(of))  # the same weights are judged once
    learned_of = dict(zip(dict.fromkeys(of), judged, strict=True))
    for point, weights in zip(own.progress.points, of, strict=True):
        learned = learned_of[weights]
        assert point["reached"] <= point["seconds"] <= BUDGET
        whole = [seconds for seconds, found in restarts[point["restart"]].seen
                 if found == digest(learned.tensors)]  # fmt: skip
        before = point["seconds"] - point["reached"] + learned.metrics["cpu_seconds"]
        assert min(whole) <= before + _TICKS


def test_the_schedule_is_dense_early_and_ends_at_the_budget():
    assert schedule(60.0) == (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
    assert schedule(4.0) == (0.5, 1.0, 2.0, 4.0)
    assert schedule(850.0)[-4:] == (600.0, 700.0, 800.0, 850.0)
    assert {10.0, 60.0, 600.0} <= set(schedule(600.0))


class Spending:
    """A learner whose chunks cost a quarter of a CPU-second each."""

    def __init__(self, learner, spend):
        self._learner, self._spend = learner, spend

    def __getattr__(self, name):
        return getattr(self._learner, name)

    def advance(self, pulse):
        self._learner.advance(pulse)
        self._spend(0.25)


def test_stopped_and_gone_on_with_it_has_one_curve(tmp_path, monkeypatch, spend):
    seq2seq = registry.find("seq2seq")
    build = seq2seq.learner
    monkeypatch.setattr(seq2seq, "learner", lambda *args: Spending(build(*args), spend))
    cell, answers = configure(Cell("lstm", "NRAMMerge-v0", seed=0), 1.5), iter([False] * 4)
    assert measure(cell, tmp_path, lambda: next(answers, True)) is None
    longer = replace(cell, seconds=2.5)
    record = measure(longer, tmp_path)
    assert [point["seconds"] for point in record["curve"]] == [0.5, 1.0, 2.0, 2.5]
    samples = [point["samples"] for point in record["curve"]]
    assert samples == sorted(samples)
    assert record["cpu_seconds"] == 2.5
    again = Curve(longer, tmp_path / longer.key)
    assert list(again.progress.points) == record["curve"]
    assert digest(again.best.tensors) != digest({})


class Fixed:
    """A learner whose restarts cost a quarter of a CPU-second; restart i learns the number i."""

    finished = False

    def __init__(self, spend, index):
        self.spend, self.index = spend, index

    def advance(self, pulse):
        self.spend(0.25)
        self.finished = True

    def status(self):
        return {"step": int(self.finished), "samples": 10.0 * self.finished}

    def state(self):
        return {}, {}

    def outcome(self):
        return Outcome(True, {}, {"index": np.array([self.index])})


@pytest.fixture
def fixed_curve(tmp_path, monkeypatch, spend):
    """Trains for one CPU-second with restarts of given success rates."""

    def trained(validation, test, name="lstm", learner=Fixed):
        rates = {"validation": validation, "test": test}
        cell = configure(Cell(name, "NRAMCopy-v0", seed=0), 1.0)
        module = SimpleNamespace(__name__="fixed", learner=lambda _, index: learner(spend, index))
        monkeypatch.setattr(registry, "find", lambda _: module)
        monkeypatch.setattr(scores, "policy", lambda agent, own: int(own.tensors["index"][0]))
        monkeypatch.setattr(scores, "success", lambda i, env, length, split: rates[split][i])
        made = Curve(cell, tmp_path)
        made.train(lambda: False)
        return made

    return trained


def test_the_best_on_validation_is_scored_and_a_success_of_its_own_word_does_not_count(fixed_curve):
    made = fixed_curve([0.5, 0.9, 0.7, 0.7], [0.4, 0.3, 1.0, 1.0])
    assert made.solved is None
    points = {each["seconds"]: each["success"] for each in made.progress.points}
    assert points == {0.25: 0.4, 0.5: 0.3, 0.75: 0.3, 1.0: 0.3}
    assert made.best.tensors["index"] == [1]


def test_solved_on_both_splits_it_ends(fixed_curve):
    made = fixed_curve([1.0, 0.9, 1.0], [0.9, 1.0, 1.0])
    assert made.progress.index == 2
    assert made.solved == made.progress.points[-1]["seconds"] == 0.75


class Persistent(Fixed):
    """Takes itself for right after each chunk, and learns the next number if it is not."""

    def go_on(self):
        self.index, self.finished = self.index + 1, False


def test_what_takes_itself_for_right_goes_on_until_it_is(fixed_curve):
    made = fixed_curve([0.5, 1.0, 0.99], [0.4, 0.9, 1.0], learner=Persistent)
    points = [(p["seconds"], p["restart"], p["success"]) for p in made.progress.points]
    assert points == [(0.25, 0, 0.4), (0.5, 0, 0.9), (0.75, 0, 0.9), (1.0, 0, 0.9)]
    assert made.progress.index == 0


def test_a_solved_training_that_is_reopened_has_its_cost(fixed_curve):
    made = fixed_curve([0.5, 1.0], [0.4, 1.0], learner=Persistent)
    again = Curve(made.configured, made.folder)
    again.train(lambda: False)
    assert again.solved == again.spent == made.spent == 0.5


def test_a_point_has_no_success_of_later_weights(fixed_curve):
    made = fixed_curve([0.1, 0.9, 0.2, 0.2, 0.2], [0.1, 0.8, 0.3, 0.3, 0.3])
    own = Curve(made.configured, made.folder)
    worse = Outcome(False, {"cpu_seconds": 0.4, "samples": 1.0}, {"index": np.array([2])})
    own._judge(0.4, worse)
    assert [point["success"] for point in own.progress.points] == [0.1, 0.1]


class Slow(Fixed):
    """Its first chunk lasts longer than the schedule waits."""

    def advance(self, pulse):
        self.spend(0.75 if self.index == 0 else 0.25)
        self.finished = True


def test_the_same_weights_are_judged_once(fixed_curve, monkeypatch):
    judged, judge = [], Curve._rates
    monkeypatch.setattr(Curve, "_rates", lambda *own: judged.append(own) or judge(*own))
    made = fixed_curve([0.5, 0.9], [0.4, 0.8], learner=Slow)
    points = [(p["seconds"], p["reached"], p["success"]) for p in made.progress.points]
    assert points == [(0.5, 0.0, 0.4), (0.75, 0.75, 0.4), (1.0, 0.75, 0.8)]
    assert len(judged) == 3


class Exhausted(Persistent):
    """Takes itself for right at no round time, and can't go on."""

    def advance(self, pulse):
        self.spend(0.25037)
        self.finished = True

    def go_on(self):
        pass


def test_a_moment_has_one_point(fixed_curve):
    made = fixed_curve([0.5] * 4, [0.4] * 4, learner=Exhausted)
    points = [(p["seconds"], p["restart"]) for p in made.progress.points]
    assert points[:3] == [(0.25, 0), (0.5, 1), (0.501, 1)]


@pytest.mark.parametrize(("name", "samples"), [("lstm", [10, 10, 10]), ("ppo", [10, 20, 30])])
def test_samples_that_restarts_share_count_once(name, samples, fixed_curve):
    made = fixed_curve([0.1] * 4, [0.1] * 4, name)
    points = {each["seconds"]: each["samples"] for each in made.progress.points}
    assert [points[seconds] for seconds in (0.25, 0.5, 0.75)] == samples


def test_weights_that_are_not_finite_have_learned_nothing(tmp_path):
    outcome = Outcome(False, {}, {"w": np.array([np.nan])}, {})
    assert scores.policy("lstm", outcome) is None
    assert scores.success(None, "NRAMCopy-v0", 5, "test") == 0.0
    assert scores.scores(None, "NRAMCopy-v0", 5)["success_rates"]["100"] == 0.0


def test_an_interrupt_is_no_end(tmp_path):
    own = Curve(configure(Cell("lstm", "NRAMMerge-v0", seed=0), 5.0), tmp_path)
    with pytest.raises(StoppedError):
        own.train(lambda: True)
    assert curve.Progress().points == own.progress.points == ()
